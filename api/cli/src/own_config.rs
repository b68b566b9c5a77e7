//! Whether a file holds nothing but a config of one cluster, as Drover writes it: such a file is made
//! anew each day, and any other may be somebody's only copy.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// What a config opens. Two that are equal in it differ in role and time only.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Opens {
    Talos { cluster: String, authority: String },
    Kubernetes { cluster: String, authority: String },
}

#[derive(Deserialize)]
struct Talosconfig {
    contexts: BTreeMap<String, TalosContext>,
}

#[derive(Deserialize)]
struct TalosContext {
    ca: String,
}

#[derive(Deserialize)]
struct Kubeconfig {
    clusters: Vec<NamedCluster>,
    users: Vec<IgnoredAny>,
    contexts: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
struct NamedCluster {
    name: String,
    cluster: KubeCluster,
}

#[derive(Deserialize)]
struct KubeCluster {
    #[serde(rename = "certificate-authority-data")]
    authority: String,
}

/// Whether what a file holds is nothing, or a config of just the cluster that `new` opens: of the
/// same name and authority. A cluster that was made anew under its name has another authority.
pub(crate) fn is_replaced_by(held: &str, new: &str) -> bool {
    if held.trim().is_empty() {
        return true;
    }
    opens(new).is_some_and(|new| opens(held) == Some(new))
}

/// What a config opens; none if it opens several clusters, or is no config.
fn opens(text: &str) -> Option<Opens> {
    serde_saphyr::from_str(text)
        .ok()
        .and_then(of_kubeconfig)
        .or_else(|| serde_saphyr::from_str(text).ok().and_then(of_talosconfig))
}

fn of_kubeconfig(config: Kubeconfig) -> Option<Opens> {
    let [cluster] = <[NamedCluster; 1]>::try_from(config.clusters).ok()?;
    let is_one = config.users.len() == 1 && config.contexts.len() == 1;
    is_one.then_some(Opens::Kubernetes {
        cluster: cluster.name,
        authority: cluster.cluster.authority,
    })
}

fn of_talosconfig(config: Talosconfig) -> Option<Opens> {
    let mut contexts = config.contexts.into_iter();
    match (contexts.next(), contexts.next()) {
        (Some((cluster, TalosContext { ca: authority })), None) => {
            Some(Opens::Talos { cluster, authority })
        }
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A kubeconfig as Drover writes it.
    pub(crate) fn kubeconfig(cluster: &str, role: &str, authority: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: {cluster}\n  cluster:\n    \
             server: https://10.77.0.10:6443\n    certificate-authority-data: {authority}\n\
             users:\n- name: {role}@{cluster}\n  user:\n    client-certificate-data: Yw==\n    \
             client-key-data: aw==\ncontexts:\n- context:\n    cluster: {cluster}\n    \
             namespace: default\n    user: {role}@{cluster}\n  name: {role}@{cluster}\n\
             current-context: {role}@{cluster}\n"
        )
    }

    fn talosconfig(clusters: &[&str], authority: &str) -> String {
        let entry = |cluster: &&str| {
            format!(
                "  {cluster}:\n    endpoints: [10.77.0.10]\n    ca: {authority}\n    crt: Yw==\n    \
                 key: aw==\n"
            )
        };
        let entries: Vec<String> = clusters.iter().map(entry).collect();
        format!("context: lab\ncontexts:\n{}", entries.concat())
    }

    #[test]
    fn a_config_of_the_same_cluster_is_replaced() {
        let admin = kubeconfig("lab", "admin", "Y2E=");
        assert!(is_replaced_by(&admin, &kubeconfig("lab", "viewer", "Y2E=")));
        let moved = admin.replace("10.77.0.10", "10.77.0.11");
        assert!(is_replaced_by(&admin, &moved));
        let talos = talosconfig(&["lab"], "Y2E=");
        assert!(is_replaced_by(&talos, &talos.replace("Yw==", "Yzo=")));
        for nothing in ["", "\n"] {
            assert!(is_replaced_by(nothing, &admin) && is_replaced_by(nothing, &talos));
        }
    }

    #[test]
    fn whatever_else_a_file_holds_is_not_replaced() {
        let new = kubeconfig("lab", "admin", "Y2E=");
        let with = |list: &str, entry: &str| new.replace(list, &format!("{list}\n{entry}"));
        for held in [
            "#!/bin/sh\n".to_owned(),
            "mine".to_owned(),
            "{}".to_owned(),
            kubeconfig("other", "admin", "Y2E="),
            kubeconfig("lab", "admin", "b3RoZXI="),
            with("users:", "- name: me\n  user: {}"),
            with("contexts:", "- name: me\n  context: {}"),
            with(
                "clusters:",
                "- name: mine\n  cluster: { certificate-authority-data: Y2E= }",
            ),
            talosconfig(&["lab"], "Y2E="),
        ] {
            assert!(!is_replaced_by(&held, &new), "{held}");
        }
        let new = talosconfig(&["lab"], "Y2E=");
        for held in [
            talosconfig(&["lab", "other"], "Y2E="),
            talosconfig(&["other"], "Y2E="),
            talosconfig(&["lab"], "b3RoZXI="),
            kubeconfig("lab", "admin", "Y2E="),
        ] {
            assert!(!is_replaced_by(&held, &new), "{held}");
        }
    }
}
