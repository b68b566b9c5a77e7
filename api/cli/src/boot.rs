//! `drover explain` and `drover boot …`: why a machine boots what it boots.

use std::fs;
use std::path::Path;

use api_proto::v1::{BootExplanation, ExplainBootRequest, ExportPacketsRequest, TestBootRequest};

use crate::client::boots;
use crate::command::arguments::ClientArguments;
use crate::command::boot::{BootCommand, ExplainArguments, TestArguments};
use crate::command::output_format::OutputFormat;
use crate::error::CommandError;
use crate::event::print_event;
use crate::output::{print_line, print_remark, print_structured, time};

/// Says why a machine boots what it boots.
pub async fn explain(
    asked: ExplainArguments,
    arguments: &ClientArguments,
) -> Result<(), CommandError> {
    let mut client = boots(&arguments.socket).await?;
    let request = ExplainBootRequest {
        who: asked.who.clone(),
    };
    let explained = client.explain_boot(request).await?.into_inner();
    print_all(&explained.explanations, arguments.output)?;
    let Some(path) = asked.pcap else {
        return Ok(());
    };
    let request = ExportPacketsRequest { who: asked.who };
    let exported = client.export_packets(request).await?.into_inner();
    keep(&path, &exported.packets)?;
    print_remark(&format!("{}: {} packets", path.display(), exported.count))
}

/// Runs a command about boots.
pub async fn run(command: BootCommand, arguments: &ClientArguments) -> Result<(), CommandError> {
    let BootCommand::Test(asked) = command;
    let TestArguments {
        mac,
        uuid,
        arch,
        firmware,
        http,
        ipxe,
        via,
    } = asked;
    let request = TestBootRequest {
        mac,
        uuid,
        arch,
        firmware,
        over_http: http,
        is_ipxe: ipxe,
        via,
    };
    let mut client = boots(&arguments.socket).await?;
    let tested = client.test_boot(request).await?.into_inner();
    let explanation = tested.explanation.unwrap_or_default();
    print_all(&[explanation], arguments.output)
}

fn keep(path: &Path, packets: &[u8]) -> Result<(), CommandError> {
    fs::write(path, packets).map_err(|error| CommandError::Unwritable {
        path: path.to_owned(),
        why: error.to_string(),
    })
}

fn print_all(explanations: &[BootExplanation], output: OutputFormat) -> Result<(), CommandError> {
    if output.is_structured() {
        return print_structured(explanations, output);
    }
    explanations.iter().try_for_each(print_one)
}

fn print_one(explanation: &BootExplanation) -> Result<(), CommandError> {
    let machine = explanation.machine.as_deref();
    let whose = machine.map_or("no machine on record", |it| it);
    print_line(&format!("{} ({whose})", explanation.mac))?;
    print_line("  rules, as they stand now:")?;
    for rule in &explanation.rules {
        let mark = if rule.decides { "=>" } else { "  " };
        print_line(&format!("  {mark} {}: {}", rule.rule, rule.found))?;
    }
    if let Some(told) = &explanation.told {
        return print_line(&format!("  it would be told: {told}"));
    }
    if !explanation.packets.is_empty() {
        print_line("  its last packets:")?;
    }
    for packet in &explanation.packets {
        print_line(&format!(
            "     {}  {}",
            time(packet.at.as_ref()),
            packet.line
        ))?;
    }
    if !explanation.steps.is_empty() {
        print_line("  its last boot:")?;
    }
    for step in &explanation.steps {
        print_event(step, OutputFormat::Table)?;
    }
    print_line(&format!("  next: {}", explanation.missing()))
}
