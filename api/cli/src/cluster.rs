//! `drover cluster …`

use api_proto::v1::{ApplyClusterRequest, Cluster, GetClusterRequest, ListClustersRequest};

use crate::client::{Clusters, clusters, mutation};
use crate::cluster_access;
use crate::cluster_listing::{print_cluster, print_clusters};
use crate::command::arguments::ClientArguments;
use crate::command::cluster::ClusterCommand;
use crate::command::output_format::OutputFormat;
use crate::error::CommandError;
use crate::event::print_event;
use crate::input::read_document;
use crate::listing::print_machines;
use crate::output::{print_line, print_notes, print_remark};
use crate::wait::wait_for_cluster;

/// Runs a command about clusters.
pub async fn run(command: ClusterCommand, arguments: &ClientArguments) -> Result<(), CommandError> {
    let mut client = clusters(&arguments.socket).await?;
    let output = arguments.output;
    match command {
        ClusterCommand::List => list(client, output).await,
        ClusterCommand::Wait {
            name,
            goal,
            timeout,
        } => wait_for_cluster(&arguments.socket, &name, goal, timeout).await,
        ClusterCommand::Show { name } => {
            let request = GetClusterRequest { name };
            let response = client.get_cluster(request).await?.into_inner();
            print_details(&response.cluster.unwrap_or_default(), output)
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
            print_cluster(&response.cluster.unwrap_or_default(), output)?;
            print_notes(&response.notes)
        }
        ClusterCommand::Access(command) => cluster_access::run(command, client, output).await,
    }
}

async fn list(mut client: Clusters, output: OutputFormat) -> Result<(), CommandError> {
    let mut clusters = Vec::new();
    let mut request = ListClustersRequest::default();
    loop {
        let page = client.list_clusters(request).await?.into_inner();
        clusters.extend(page.clusters);
        let Some(page_token) = page.next_page_token else {
            break;
        };
        request = ListClustersRequest {
            page_token,
            ..ListClustersRequest::default()
        };
    }
    if clusters.is_empty() && output.is_for_people() {
        return print_remark(
            "there are no clusters yet: drover cluster apply --file FILE makes one",
        );
    }
    print_clusters(&clusters, output)
}

fn print_details(cluster: &Cluster, output: OutputFormat) -> Result<(), CommandError> {
    print_cluster(cluster, output)?;
    let Some(details) = cluster.details.as_ref().filter(|_| output.is_for_people()) else {
        return Ok(());
    };
    print_line("")?;
    print_machines(&details.members, output)?;
    print_line("")?;
    details
        .events
        .iter()
        .try_for_each(|event| print_event(event, output))
}
