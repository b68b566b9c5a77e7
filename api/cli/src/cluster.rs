//! `drover cluster …`

use api_proto::v1::{ApplyClusterRequest, Cluster, GetClusterRequest, ListClustersRequest};
use api_proto::word::Word as _;

use crate::client::{Clusters, clusters, mutation};
use crate::cluster_access;
use crate::command::arguments::ClientArguments;
use crate::command::cluster::ClusterCommand;
use crate::command::output_format::OutputFormat;
use crate::error::CommandError;
use crate::event::print_event;
use crate::input::read_document;
use crate::listing::print_machines;
use crate::output::{
    or_dash, print_line, print_names, print_notes, print_remark, print_structured, print_table,
};
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
    match output {
        OutputFormat::Json | OutputFormat::Yaml => print_structured(&clusters, output),
        OutputFormat::Name => print_names(clusters.iter().map(|it| &it.name)),
        OutputFormat::Table | OutputFormat::Wide => print_rows(&clusters),
    }
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

/// Prints a cluster: one object for programs.
pub(crate) fn print_cluster(cluster: &Cluster, output: OutputFormat) -> Result<(), CommandError> {
    match output {
        OutputFormat::Json | OutputFormat::Yaml => print_structured(cluster, output),
        OutputFormat::Name => print_line(&cluster.name),
        OutputFormat::Table | OutputFormat::Wide => print_rows(std::slice::from_ref(cluster)),
    }
}

/// The operating system of its machines, with its version.
fn system(cluster: &Cluster) -> String {
    match (&cluster.talos, &cluster.flatcar) {
        (Some(version), _) => format!("talos {version}"),
        (None, Some(version)) => format!("flatcar {version}"),
        (None, None) => String::new(),
    }
}

fn print_rows(clusters: &[Cluster]) -> Result<(), CommandError> {
    let has_results = clusters.iter().any(|it| it.result.is_some());
    let rows = clusters.iter().map(|cluster| {
        let ready = if cluster.ready { "yes" } else { "no" };
        let mut row = vec![cluster.name.clone()];
        if has_results {
            row.push(or_dash(cluster.result().word()));
        }
        row.extend([
            ready.to_owned(),
            cluster.bootstrap().word().to_owned(),
            or_dash(&system(cluster)),
            or_dash(cluster.kubernetes()),
            cluster.endpoint.clone(),
            cluster.waiting().to_owned(),
        ]);
        row
    });
    let mut headings = vec!["name"];
    if has_results {
        headings.push("result");
    }
    headings.extend([
        "ready",
        "bootstrap",
        "system",
        "kubernetes",
        "endpoint",
        "notes",
    ]);
    print_table(&headings, rows.collect())
}
