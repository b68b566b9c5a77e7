//! Clusters as they are printed: a row each for people, the view itself for programs. What several
//! come of is a list for programs, what one comes of is one object.

use api_proto::v1::Cluster;
use api_proto::word::Word as _;

use crate::command::output_format::OutputFormat;
use crate::error::CommandError;
use crate::output::{or_dash, print_line, print_names, print_structured, print_table};

/// Prints clusters.
pub(crate) fn print_clusters(
    clusters: &[Cluster],
    output: OutputFormat,
) -> Result<(), CommandError> {
    match output {
        OutputFormat::Json | OutputFormat::Yaml => print_structured(clusters, output),
        OutputFormat::Name => print_names(clusters.iter().map(|it| &it.name)),
        OutputFormat::Table | OutputFormat::Wide => print_rows(clusters),
    }
}

/// Prints a cluster.
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
