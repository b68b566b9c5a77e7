//! `drover cluster talosconfig | kubeconfig | secrets | bootstrap | delete`

use std::path::PathBuf;

use api_proto::v1::{
    BootstrapResolution, ChangeResult, Cluster, DeleteClusterRequest, ExportSecretsRequest,
    ImportSecretsRequest, KubeConfigRequest, KubeRole, ResolveBootstrapRequest, TalosConfigRequest,
    TalosRole,
};
use prost_types::Timestamp;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::client::{Clusters as Client, mutation};
use crate::cluster_listing::print_cluster;
use crate::command::arguments::MutationArguments;
use crate::command::cluster_access::{
    AccessArguments, ClusterAccessCommand, KubeRoleArgument, ResolutionArgument, SecretsCommand,
    TalosRoleArgument,
};
use crate::command::output_format::OutputFormat;
use crate::error::CommandError;
use crate::input::read_document;
use crate::output::{print_line, print_notes, print_outcome};
use crate::secret_file::{Existing, write_secret};

/// A file that was written.
#[derive(Serialize)]
struct Written<'a> {
    file: String,
    /// What it opens, and as whom.
    role: &'a str,
    /// Until when; none for ever.
    until: Option<String>,
}

/// Runs one of these commands.
pub(crate) async fn run(
    command: ClusterAccessCommand,
    client: Client,
    output: OutputFormat,
) -> Result<(), CommandError> {
    match command {
        ClusterAccessCommand::Talosconfig { name, role, access } => {
            talosconfig(client, (name, role), access, output).await
        }
        ClusterAccessCommand::Kubeconfig { name, role, access } => {
            kubeconfig(client, (name, role), access, output).await
        }
        ClusterAccessCommand::Secrets(command) => secrets(client, command, output).await,
        ClusterAccessCommand::Bootstrap {
            name,
            resolve,
            mutation,
        } => resolve_bootstrap(client, name, resolve, mutation, output).await,
        ClusterAccessCommand::Delete {
            name,
            confirm,
            mutation,
        } => delete(client, (name, confirm), mutation, output).await,
    }
}

async fn talosconfig(
    mut client: Client,
    (name, role): (String, TalosRoleArgument),
    access: AccessArguments,
    output: OutputFormat,
) -> Result<(), CommandError> {
    let (role, word) = match role {
        TalosRoleArgument::Admin => (TalosRole::Admin, "os:admin"),
        TalosRoleArgument::Operator => (TalosRole::Operator, "os:operator"),
        TalosRoleArgument::Reader => (TalosRole::Reader, "os:reader"),
    };
    let file = file_or(access.file, &name, "talosconfig");
    let request = TalosConfigRequest {
        mutation: Some(mutation(access.mutation)?),
        name,
        role: role.into(),
        lifetime: access.ttl.as_seconds(),
    };
    let response = client.talos_config(request).await?.into_inner();
    let document = Zeroizing::new(response.document);
    write_secret(&file, &document, Existing::ReplaceOwn)?;
    told(&file, word, response.until.as_ref(), output)?;
    print_notes(&response.notes)
}

async fn kubeconfig(
    mut client: Client,
    (name, role): (String, KubeRoleArgument),
    access: AccessArguments,
    output: OutputFormat,
) -> Result<(), CommandError> {
    let (role, word) = match role {
        KubeRoleArgument::Admin => (KubeRole::Admin, "admin"),
        KubeRoleArgument::Viewer => (KubeRole::Viewer, "viewer"),
    };
    let file = file_or(access.file, &name, "kubeconfig");
    let request = KubeConfigRequest {
        mutation: Some(mutation(access.mutation)?),
        name,
        role: role.into(),
        lifetime: access.ttl.as_seconds(),
    };
    let response = client.kube_config(request).await?.into_inner();
    let document = Zeroizing::new(response.document);
    write_secret(&file, &document, Existing::ReplaceOwn)?;
    told(&file, word, response.until.as_ref(), output)?;
    print_notes(&response.notes)
}

async fn secrets(
    mut client: Client,
    command: SecretsCommand,
    output: OutputFormat,
) -> Result<(), CommandError> {
    match command {
        SecretsCommand::Export {
            name,
            confirm,
            file,
            mutation: why,
        } => {
            let file = file_or(file, &name, "secrets.yaml");
            let request = ExportSecretsRequest {
                mutation: Some(mutation(why)?),
                name,
                confirm,
            };
            let response = client.export_secrets(request).await?.into_inner();
            let document = Zeroizing::new(response.document);
            write_secret(&file, &document, Existing::Keep)?;
            told(&file, "all keys", None, output)
        }
        SecretsCommand::Import {
            name,
            confirm,
            file,
            mutation: why,
        } => {
            let (_, document) = read_document(&file).await?;
            let mutation = Some(mutation(why)?);
            let request = ImportSecretsRequest {
                mutation,
                name,
                document,
                confirm,
            };
            let response = client.import_secrets(request).await?.into_inner();
            let cluster = response.cluster.unwrap_or_default();
            if output.is_for_people() {
                return print_line(&imported(&cluster));
            }
            print_cluster(&cluster, output)
        }
    }
}

fn imported(cluster: &Cluster) -> String {
    let name = &cluster.name;
    match cluster.result() {
        ChangeResult::Unchanged => {
            format!("unchanged: {name} had the secrets of the file already")
        }
        ChangeResult::Unspecified | ChangeResult::Created | ChangeResult::Configured => {
            format!("{name} has the secrets of the file")
        }
    }
}

async fn resolve_bootstrap(
    mut client: Client,
    name: String,
    resolution: ResolutionArgument,
    why: MutationArguments,
    output: OutputFormat,
) -> Result<(), CommandError> {
    let resolution = match resolution {
        ResolutionArgument::Done => BootstrapResolution::Done,
        ResolutionArgument::NotDone => BootstrapResolution::NotDone,
    };
    let request = ResolveBootstrapRequest {
        mutation: Some(mutation(why)?),
        name: name.clone(),
        resolution: resolution.into(),
    };
    let response = client.resolve_bootstrap(request).await?.into_inner();
    let cluster = response.cluster.unwrap_or_default();
    if !output.is_for_people() {
        return print_cluster(&cluster, output);
    }
    print_line(&match resolution {
        BootstrapResolution::Done => format!("{name} counts as bootstrapped"),
        BootstrapResolution::NotDone | BootstrapResolution::Unspecified => {
            format!("Bootstrap of {name} is called again when a control plane waits for it")
        }
    })
}

async fn delete(
    mut client: Client,
    (name, confirm): (String, String),
    why: MutationArguments,
    output: OutputFormat,
) -> Result<(), CommandError> {
    let request = DeleteClusterRequest {
        mutation: Some(mutation(why)?),
        name: name.clone(),
        confirm,
    };
    let deleted = client.delete_cluster(request).await?.into_inner();
    let sentence = format!("{name} and its secrets are deleted");
    print_outcome(&deleted, &sentence, output)?;
    if output.is_structured() {
        return Ok(());
    }
    let notes = deleted
        .released
        .iter()
        .map(|it| format!("{it} is not installed for it any more"));
    print_notes(&notes.collect::<Vec<_>>())
}

fn file_or(file: Option<PathBuf>, name: &str, kind: &str) -> PathBuf {
    file.unwrap_or_else(|| PathBuf::from(format!("{name}.{kind}")))
}

/// What was written where; nothing beside a document that goes to standard output.
fn told(
    file: &std::path::Path,
    what: &str,
    until: Option<&Timestamp>,
    output: OutputFormat,
) -> Result<(), CommandError> {
    if file.as_os_str() == "-" {
        return Ok(());
    }
    let written = Written {
        file: file.display().to_string(),
        role: what,
        until: until.map(api_proto::time::text),
    };
    let file = &written.file;
    let sentence = match &written.until {
        None => format!("{file}: {what}"),
        Some(until) => format!("{file}: {what} until {until}"),
    };
    print_outcome(&written, &sentence, output)
}
