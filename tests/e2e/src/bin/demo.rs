//! `make demo`: two virtual machines with real firmware, from power-on to members of a cluster.
//!
//! `KEEP=1` leaves everything running at the end. `DEMO_MINUTES` is how long it may take (5).

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use e2e::documents::CLUSTER;
use e2e::error::ScenarioError;
use e2e::event::Event;
use e2e::planned::Planned;
use e2e::scenario::{Member, Scenario};
use e2e::stages;
use testbed::machine::Machine;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

#[tokio::main]
async fn main() -> ExitCode {
    match stoppable(demo()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            say(&format!("demo: {why}"));
            ExitCode::FAILURE
        }
    }
}

/// Ends with the first signal, and drops what the future holds: that takes the lab down.
async fn stoppable(demo: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    let cannot = |error: io::Error| format!("cannot wait for signals: {error}");
    let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(cannot)?;
    let demo = Box::pin(demo);
    tokio::select! {
        done = demo => done,
        _ = interrupt.recv() => Err("interrupted; everything is taken down".to_owned()),
        _ = terminate.recv() => Err("ended; everything is taken down".to_owned()),
    }
}

async fn demo() -> Result<(), String> {
    let told = |error: ScenarioError| error.to_string();
    let limit = Duration::from_secs(60 * minutes()?);
    say("demo: two empty machines get power, and become a cluster. Nobody touches them:");
    say("demo:   cp-1      UEFI (OVMF)      becomes the control plane");
    say("demo:   worker-1  BIOS (SeaBIOS)   becomes a worker");
    say("demo: Drover knows their network cards and BMCs, and which disks it may erase.");
    let machines = vec![
        Planned::control_plane(Machine::uefi("cp-1")),
        Planned::worker(Machine::bios("worker-1")),
    ];
    let scenario = Scenario::up("demo", machines).await.map_err(told)?;
    say("demo: both are racked and off, and Drover serves their network; applying the cluster");
    say("");
    let began = SystemTime::now();
    let shown: Vec<Follower> = scenario
        .members()
        .iter()
        .map(|member| Follower::show(member, began))
        .collect();
    let run = tokio::time::timeout(limit, run(&scenario, limit)).await;
    let result = run.unwrap_or_else(|_| {
        Err(ScenarioError::Late {
            wanted: "ready cluster".to_owned(),
            within: limit,
            last: "what follows".to_owned(),
        })
    });
    drop(shown);
    if let Err(error) = result {
        explain(&scenario).await;
        return Err(error.to_string());
    }
    let ready = began.elapsed().unwrap_or_default();
    summary(&scenario, began, ready).await.map_err(told)?;
    if std::env::var_os("KEEP").is_some_and(|keep| !keep.is_empty() && keep != "0") {
        return leave(scenario).map_err(told);
    }
    say("demo: taking everything down (make demo KEEP=1 leaves it running)");
    scenario.finish().await.map_err(told)
}

async fn run(scenario: &Scenario, limit: Duration) -> Result<(), ScenarioError> {
    scenario.apply_cluster().await?;
    for member in scenario.members() {
        scenario.wait_active(member.machine.name(), limit).await?;
    }
    scenario.wait_ready(limit).await
}

/// Prints a machine's timeline as it grows.
struct Follower(JoinHandle<()>);

impl Follower {
    fn show(member: &Member, began: SystemTime) -> Self {
        let events = member.timeline.watch();
        let name = member.machine.name().to_owned();
        Self(tokio::spawn(show(name, events, began)))
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn show(name: String, mut events: watch::Receiver<Vec<Event>>, began: SystemTime) {
    let mut next = 0;
    loop {
        let new: Vec<Event> = events
            .borrow_and_update()
            .iter()
            .skip(next)
            .cloned()
            .collect();
        next += new.len();
        for event in new {
            // What was before the cluster is not part of the way.
            if let Some(at) = event.since(began) {
                say(&line(&name, at, &event));
            }
        }
        if events.changed().await.is_err() {
            return;
        }
    }
}

fn line(name: &str, at: Duration, event: &Event) -> String {
    let Event { kind, detail, .. } = event;
    let mut short: String = detail.chars().take(WIDTH).collect();
    if short.len() < detail.len() {
        short.push('…');
    }
    format!("{:7.1} s  {name:9} {kind:11} {short}", at.as_secs_f64())
}

async fn summary(
    scenario: &Scenario,
    began: SystemTime,
    ready: Duration,
) -> Result<(), ScenarioError> {
    let client = scenario.drover().client();
    for words in [["machine", "list"].as_slice(), &["cluster", "list"]] {
        say(&format!("\n$ drover {}", words.join(" ")));
        say(client.run(words).await?.trim_end());
    }
    let reached: Vec<_> = scenario
        .members()
        .iter()
        .map(|member| {
            let reached = stages::reached(&member.timeline.events(), began);
            (member.machine.name(), reached)
        })
        .collect();
    say("\nSeconds from the cluster's document to each stage, and from the stage before:");
    for line in stages::table(&reached) {
        say(&line);
    }
    say(&format!(
        "cluster {CLUSTER} ready: {:.1} s\n",
        ready.as_secs_f64()
    ));
    Ok(())
}

/// Why it did not come to its end, as far as that can be told.
async fn explain(scenario: &Scenario) {
    say("");
    let client = scenario.drover().client();
    for words in [
        ["machine", "list"].as_slice(),
        &["cluster", "show", CLUSTER],
    ] {
        let shown = client.run(words).await;
        say(&shown.unwrap_or_else(|error| error.to_string()));
    }
    for member in scenario.members() {
        let last = member.machine.console().last_lines(8);
        say(&format!(
            "{}, its console's last lines:\n  {}",
            member.machine.name(),
            last.replace(" | ", "\n  ")
        ));
    }
    let daemon = scenario.drover().daemon().program().output();
    let last = daemon.last_lines(8).replace(" | ", "\n  ");
    say(&format!("Drover's last lines:\n  {last}"));
}

fn leave(scenario: Scenario) -> Result<(), ScenarioError> {
    let drover = scenario.drover().client().command_line();
    let name = scenario
        .members()
        .first()
        .map_or("cp-1", |member| member.machine.name())
        .to_owned();
    let lab = scenario.leave_running()?;
    say(&format!(
        "{lab}Ask Drover:\n  {drover} machine list\n  {drover} machine timeline {name} --follow\n  \
         {drover} cluster show {CLUSTER}\n  {drover} machine power cycle {name} --confirm {name}"
    ));
    Ok(())
}

fn minutes() -> Result<u64, String> {
    let Ok(text) = std::env::var("DEMO_MINUTES") else {
        return Ok(5);
    };
    let minutes: u64 = text.parse().unwrap_or(0);
    if minutes == 0 {
        return Err(format!(
            "DEMO_MINUTES: wanted a number of minutes, got {text:?}"
        ));
    }
    Ok(minutes)
}

/// Prints a line, at once. A reader who went away does not stop the lab from being taken down.
fn say(text: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

const WIDTH: usize = 110;
