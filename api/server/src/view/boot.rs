//! Why a card boots what it boots.

use api_proto::v1;
use machine_core::explanation::Considered;
use machine_core::time::Timestamp;
use machine_store::events::Event;

use crate::operations::boots::CardExplained;
use crate::view::{text, time};

/// The explanation of one card.
pub(crate) fn explanation(of: CardExplained) -> v1::BootExplanation {
    let explained = of.explained;
    v1::BootExplanation {
        mac: of.card.to_string(),
        machine: of.machine,
        rules: explained.rules.into_iter().map(rule).collect(),
        packets: explained.packets.into_iter().map(packet).collect(),
        steps: explained.steps.iter().map(step).collect(),
        missing: explained.missing,
        told: explained.told,
    }
}

fn rule(considered: Considered) -> v1::ConsideredRule {
    v1::ConsideredRule {
        rule: considered.rule.to_owned(),
        found: considered.said,
        decides: considered.decides,
    }
}

fn packet((at, line): (Timestamp, String)) -> v1::SeenPacket {
    v1::SeenPacket {
        at: Some(time(at)),
        line,
    }
}

/// A step that may not be on record yet, and so has no number.
fn step(event: &Event) -> v1::Event {
    v1::Event {
        sequence: 0,
        at: Some(time(event.at)),
        actor: event.actor.to_string(),
        kind: event.kind.clone(),
        detail: event.detail.clone(),
        boot: text(event.boot),
        machine: text(event.machine),
        cluster: text(event.cluster),
    }
}
