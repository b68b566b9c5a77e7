//! How long each stage of a machine's way took, from its timeline.

use std::time::{Duration, SystemTime};

use crate::event::Event;

/// A stage: how it begins.
#[derive(Debug, Clone, Copy)]
pub struct Stage {
    /// Its heading.
    pub name: &'static str,
    begins: fn(&Event) -> bool,
}

/// The stages of a way from power on to a member, in order.
pub const STAGES: &[Stage] = &[
    Stage {
        name: "power on",
        begins: Event::switches_on,
    },
    step("discover", |event| event.kind == "discover"),
    step("loader", |event| event.kind == "loader"),
    step("script", |event| event.kind == "script"),
    step("kernel", |event| event.kind == "kernel"),
    step("config", |event| event.kind == "config"),
    step("installing", |event| event.kind == "installing"),
    step("installed", |event| event.kind == "installed"),
    step("disk", |event| event.kind == "disk"),
    step("joined", |event| event.kind == "joined"),
    step("active", |event| event.enters("active")),
];

const fn step(name: &'static str, begins: fn(&Event) -> bool) -> Stage {
    Stage { name, begins }
}

/// When each of [`STAGES`] was first reached, in time since `began`.
pub fn reached(events: &[Event], began: SystemTime) -> Vec<Option<Duration>> {
    STAGES
        .iter()
        .map(|stage| {
            let first = events.iter().find(|event| (stage.begins)(event))?;
            first.since(began)
        })
        .collect()
}

/// A table of the stages: a line each, and for each machine when it was reached and how long after
/// the stage before.
pub fn table(machines: &[(&str, Vec<Option<Duration>>)]) -> Vec<String> {
    let headings = machines.iter().map(|(name, _)| format!("{name:>20}"));
    let first = format!("{:12}{}", "stage", headings.collect::<String>());
    let rows = STAGES.iter().enumerate().map(|(row, stage)| {
        let cells = machines.iter().map(|(_, reached)| cell(reached, row));
        format!("{:12}{}", stage.name, cells.collect::<String>())
    });
    std::iter::once(first).chain(rows).collect()
}

fn cell(reached: &[Option<Duration>], row: usize) -> String {
    let Some(at) = reached.get(row).copied().flatten() else {
        return format!("{:>20}", "-");
    };
    let before = reached.iter().take(row).rev().flatten().next();
    let took = before.map_or_else(String::new, |before| {
        format!("+{:.1}", at.saturating_sub(*before).as_secs_f64())
    });
    format!("{:>8.1} s {took:>8} ", at.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_that_was_left_out_counts_to_the_next() {
        let seconds = |it| Some(Duration::from_secs(it));
        let reached = [seconds(1), None, seconds(4)];
        assert_eq!(
            cell(&reached, 2).split_whitespace().collect::<Vec<_>>(),
            ["4.0", "s", "+3.0"]
        );
        assert_eq!(cell(&reached, 1).trim(), "-");
        assert_eq!(cell(&reached, 9).trim(), "-");
    }
}
