//! `drover cluster talosconfig | kubeconfig | secrets | bootstrap | delete`

use std::path::PathBuf;

use api_proto::v1::cluster_service_client::ClusterServiceClient;
use api_proto::v1::{
    BootstrapResolution, DeleteClusterRequest, ExportSecretsRequest, ImportSecretsRequest,
    KubeConfigRequest, KubeRole, ResolveBootstrapRequest, TalosConfigRequest, TalosRole,
};
use serde_json::json;
use zeroize::Zeroizing;

use crate::client::mutation;
use crate::command::arguments::MutationArguments;
use crate::command::cluster_access::{
    AccessArguments, ClusterAccessCommand, KubeRoleArgument, ResolutionArgument, SecretsCommand,
    TalosRoleArgument,
};
use crate::command::output_format::OutputFormat;
use crate::error::CommandError;
use crate::input::read_document;
use crate::output::{print_notes, print_outcome, time};
use crate::patient::PatientChannel;
use crate::secret_file::{Existing, write_secret};

type Client = ClusterServiceClient<PatientChannel>;

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
    write_secret(&file, &document, Existing::Replace)?;
    told(&file, word, response.until, output)?;
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
    write_secret(&file, &document, Existing::Replace)?;
    told(&file, word, response.until, output)?;
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
            told(&file, "all keys", 0, output)
        }
        SecretsCommand::Import {
            name,
            confirm,
            file,
            mutation: why,
        } => {
            let (_, document) = read_document(&file).await?;
            let request = ImportSecretsRequest {
                mutation: Some(mutation(why)?),
                name: name.clone(),
                document,
                confirm,
            };
            let response = client.import_secrets(request).await?.into_inner();
            let is_new = !response.unchanged;
            let imported = json!({ "name": name, "imported": is_new });
            let sentence = if is_new {
                format!("{name} has the secrets of the file")
            } else {
                format!("unchanged: {name} had the secrets of the file already")
            };
            print_outcome(&imported, &sentence, output)
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
    let bootstrap = response.cluster.unwrap_or_default().bootstrap;
    let sentence = match resolution {
        BootstrapResolution::Done => format!("{name} counts as bootstrapped"),
        BootstrapResolution::NotDone | BootstrapResolution::Unspecified => {
            format!("Bootstrap of {name} is called again when a control plane waits for it")
        }
    };
    let resolved = json!({ "name": name, "bootstrap": bootstrap });
    print_outcome(&resolved, &sentence, output)
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
    let released = client.delete_cluster(request).await?.into_inner().released;
    let deleted = json!({ "name": name, "deleted": true, "released": released });
    let sentence = format!("{name} and its secrets are deleted");
    print_outcome(&deleted, &sentence, output)?;
    if output.is_structured() {
        return Ok(());
    }
    let notes = released
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
    until: i64,
    output: OutputFormat,
) -> Result<(), CommandError> {
    if file.as_os_str() == "-" {
        return Ok(());
    }
    let (file, until) = (file.display().to_string(), time(until));
    let written = json!({ "file": file, "role": what, "until": until });
    let sentence = if until.is_empty() {
        format!("{file}: {what}")
    } else {
        format!("{file}: {what} until {until}")
    };
    print_outcome(&written, &sentence, output)
}
