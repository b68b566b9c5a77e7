//! Whether machines could be installed for a cluster, found when its file is applied: its configs
//! are rendered, with values that stand for those of machines.

use api_server::document::cluster::{ClusterFault, ClusterField};
use config_render::talos::dry::render_dry;
use config_render::talos::machine::RenderError;
use machine_core::cluster::ClusterSpec;

use crate::machine_config::installer;

/// What is wrong with the file of a cluster, if no machine could be installed by it.
pub fn check_cluster(spec: &ClusterSpec) -> Result<(), ClusterFault> {
    render_dry(spec, &installer(&spec.talos)).map_err(|error| fault(&error))
}

/// The field to which an error of rendering leads back.
fn fault(error: &RenderError) -> ClusterFault {
    let field = match error {
        RenderError::Contract(_) | RenderError::Installer { .. } => ClusterField::Talos,
        RenderError::Kubernetes { .. } => ClusterField::Kubernetes,
        RenderError::Cluster(error) if error.field.starts_with("kubernetes") => {
            ClusterField::Kubernetes
        }
        RenderError::EndpointWithoutPort { .. } | RenderError::Cluster(_) => ClusterField::Endpoint,
        RenderError::Secrets(_)
        | RenderError::Role { .. }
        | RenderError::Hostname { .. }
        | RenderError::Disk { .. }
        | RenderError::Receiver { .. } => ClusterField::Members,
    };
    let text = error.to_string();
    // The field is named in front of it.
    let why = text.strip_prefix("kubernetes: ").unwrap_or(&text);
    ClusterFault {
        field,
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use api_server::document::cluster::{parse, with_line};

    use super::*;

    const LAB: &str = "\
name: lab
endpoint: https://10.77.0.10:6443
talos: 1.13.9
kubernetes: 1.34.1
members:
  - { role: controlplane, machine: cp-1 }
";

    #[test]
    fn what_no_machine_could_be_installed_by_is_told_with_its_line() {
        for (from, to, wanted) in [
            ("lab", "lab", "accepted"),
            (
                "1.34.1",
                "1.10.0",
                "lab.yaml:4: kubernetes: wanted 1.31.0 to 1.36.x, which Talos 1.13 runs, got 1.10.0",
            ),
            (
                "1.34.1",
                "1.37.0",
                "lab.yaml:4: kubernetes: wanted 1.31.0 to 1.36.x, which Talos 1.13 runs, got 1.37.0",
            ),
            (
                "1.13.9",
                "1.9.0",
                "lab.yaml:3: talos: wanted a Talos version of 1.13, got \"1.9.0\"",
            ),
        ] {
            let text = LAB.replace(from, to);
            let spec = parse("lab.yaml", &text).unwrap();
            let said = check_cluster(&spec).map_or_else(
                |fault| with_line("lab.yaml", &text, &fault).to_string(),
                |()| "accepted".to_owned(),
            );
            assert_eq!(said, wanted);
        }
    }
    /// No document carries Talos's own keys; what a node would refuse as unknown can't be written.
    #[test]
    fn an_unknown_key_is_refused_with_its_name_and_line_and_without_its_value() {
        for (from, to, key, line) in [
            ("name: lab\n", "name: lab\ntokenn: s3cret\n", "tokenn", 2),
            (
                "members:\n",
                "machine:\n  kublet: { image: s3cret }\nmembers:\n",
                "machine",
                5,
            ),
            (
                "machine: cp-1",
                "machine: cp-1, patchh: s3cret",
                "patchh",
                6,
            ),
            (
                "machine: cp-1",
                "machine: cp-1, disk: { seriall: s3cret }",
                "seriall",
                6,
            ),
            (
                "machine: cp-1",
                "match: { productt: s3cret }",
                "productt",
                6,
            ),
        ] {
            let text = LAB.replace(from, to);
            let said = parse("lab.yaml", &text).unwrap_err().to_string();
            assert!(said.starts_with(&format!("lab.yaml:{line}")), "{said}");
            assert!(said.contains(&format!("{key} is not known")), "{said}");
            assert!(!said.contains("s3cret"), "{said}");
        }
    }
}
