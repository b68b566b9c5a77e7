//! `drover cluster …`

use api_proto::v1::{ApplyClusterRequest, Cluster, GetClusterRequest, ListClustersRequest};
use serde_json::{Value, json};

use crate::client::{clusters, mutation};
use crate::cluster_access;
use crate::command::arguments::ClientArguments;
use crate::command::cluster::ClusterCommand;
use crate::command::output_format::OutputFormat;
use crate::error::CommandError;
use crate::event::{event_json, print_event};
use crate::input::read_document;
use crate::listing::{machine_json, print_machines};
use crate::output::{
    print_line, print_names, print_notes, print_remark, print_structured, print_table,
};
use crate::wait::wait_for_cluster;

/// Runs a command about clusters.
pub async fn run(command: ClusterCommand, arguments: &ClientArguments) -> Result<(), CommandError> {
    let mut client = clusters(&arguments.socket).await?;
    let output = arguments.output;
    match command {
        ClusterCommand::List => {
            let response = client
                .list_clusters(ListClustersRequest {})
                .await?
                .into_inner();
            if response.clusters.is_empty() && output.is_for_people() {
                return print_remark(
                    "there are no clusters yet: drover cluster apply --file FILE makes one",
                );
            }
            print_clusters(&response.clusters, output)
        }
        ClusterCommand::Wait {
            name,
            goal,
            timeout,
        } => wait_for_cluster(&arguments.socket, &name, goal, timeout).await,
        ClusterCommand::Show { name } => {
            let response = client
                .get_cluster(GetClusterRequest { name })
                .await?
                .into_inner();
            if output.is_structured() {
                let value = json!({
                    "cluster": response.cluster.as_ref().map(cluster_json),
                    "members": response.members.iter().map(machine_json).collect::<Vec<_>>(),
                    "events": response.events.iter().map(event_json).collect::<Vec<_>>(),
                });
                return print_structured(&value, output);
            }
            print_clusters(response.cluster.as_slice(), output)?;
            if output == OutputFormat::Name {
                return Ok(());
            }
            print_line("")?;
            print_machines(&response.members, output)?;
            print_line("")?;
            for event in &response.events {
                print_event(event, output)?;
            }
            Ok(())
        }
        ClusterCommand::Apply {
            file,
            mutation: why,
        } => {
            let (file, document) = read_document(&file).await?;
            let mutation = Some(mutation(why)?);
            let request = ApplyClusterRequest {
                mutation,
                document,
                file,
            };
            let response = client.apply_cluster(request).await?.into_inner();
            print_clusters(response.cluster.as_slice(), output)?;
            print_notes(&response.notes)
        }
        ClusterCommand::Access(command) => cluster_access::run(command, client, output).await,
    }
}

fn print_clusters(clusters: &[Cluster], output: OutputFormat) -> Result<(), CommandError> {
    if output.is_structured() {
        let clusters = Value::Array(clusters.iter().map(cluster_json).collect());
        return print_structured(&clusters, output);
    }
    if output == OutputFormat::Name {
        return print_names(clusters.iter().map(|it| &it.name));
    }
    let rows = clusters.iter().map(|cluster| {
        let ready = if cluster.ready { "yes" } else { "no" };
        vec![
            cluster.name.clone(),
            ready.to_owned(),
            cluster.bootstrap.clone(),
            cluster.talos.clone(),
            cluster.kubernetes.clone(),
            cluster.endpoint.clone(),
            cluster.waiting.clone(),
        ]
    });
    let headings = [
        "name",
        "ready",
        "bootstrap",
        "talos",
        "kubernetes",
        "endpoint",
        "notes",
    ];
    print_table(&headings, rows.collect())
}

fn cluster_json(cluster: &Cluster) -> Value {
    json!({
        "id": cluster.id, "name": cluster.name, "endpoint": cluster.endpoint,
        "talos": cluster.talos, "kubernetes": cluster.kubernetes, "ready": cluster.ready,
        "bootstrap": cluster.bootstrap, "waiting": cluster.waiting,
        "allow_plaintext": cluster.allow_plaintext,
    })
}
