//! A scenario: a lab with Drover, machines that it is told of, and a cluster that takes them.
//!
//! Once the cluster is applied, everything goes by itself: Drover switches the machines on.

use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use testbed::lab::Lab;
use testbed::program::Program;
use testbed::rack::RackedMachine;

use crate::dhcp_server;
use crate::documents::{self, Addresses, CLUSTER, Choices, Role};
use crate::drover::Drover;
use crate::error::ScenarioError;
use crate::node_image::NodeImage;
use crate::planned::{ENDPOINT, Planned, Racked, rack};
use crate::postgres::Postgres;
use crate::relay;
use crate::timeline::Timeline;
use crate::turn::Turn;

/// A member of the cluster.
#[derive(Debug)]
pub struct Member {
    /// The machine.
    pub machine: RackedMachine,
    /// What it becomes.
    pub role: Role,
    /// The address that is reserved for it.
    pub address: Option<Ipv4Addr>,
    /// Its timeline.
    pub timeline: Timeline,
}

/// A scenario that runs.
#[derive(Debug)]
pub struct Scenario {
    // Dropped in this order: what follows the daemon, then the daemon, then the lab.
    members: Vec<Member>,
    drover: Drover,
    lab: Lab,
    _capture: Program,
    _dhcp: Option<Program>,
    _relay: Option<Program>,
    _turn: Turn,
}

impl Scenario {
    /// Brings up a lab, starts Drover in it and racks these machines, which Drover is told of.
    pub async fn up(name: &str, machines: Vec<Planned>) -> Result<Self, ScenarioError> {
        Self::up_with(name, machines, Choices::USUAL).await
    }

    /// The same, beside another DHCP server: dnsmasq, which knows the reserved addresses.
    pub async fn up_beside_dhcp(name: &str, machines: Vec<Planned>) -> Result<Self, ScenarioError> {
        let choices = Choices {
            addresses: Addresses::FromAnother,
            ..Choices::USUAL
        };
        Self::up_with(name, machines, choices).await
    }

    /// The same, with a router and its relay between Drover and the machines.
    pub async fn up_behind_relay(
        name: &str,
        machines: Vec<Planned>,
    ) -> Result<Self, ScenarioError> {
        let choices = Choices {
            addresses: Addresses::ThroughRelay,
            ..Choices::USUAL
        };
        Self::up_with(name, machines, choices).await
    }

    /// The same as [`Scenario::up`], with records in PostgreSQL.
    pub async fn up_on_postgres(
        name: &str,
        machines: Vec<Planned>,
    ) -> Result<(Self, Postgres), ScenarioError> {
        let ground = Ground::lay(name).await?;
        let postgres = Postgres::start(&ground.lab).await?;
        let url = postgres.url();
        let choices = Choices {
            database: Some(&url),
            ..Choices::USUAL
        };
        let scenario = Self::up_on(ground, machines, choices).await?;
        Ok((scenario, postgres))
    }

    /// The same as [`Scenario::up`], with these settings.
    pub async fn up_with(
        name: &str,
        machines: Vec<Planned>,
        choices: Choices<'_>,
    ) -> Result<Self, ScenarioError> {
        Self::up_on(Ground::lay(name).await?, machines, choices).await
    }

    async fn up_on(
        ground: Ground,
        machines: Vec<Planned>,
        choices: Choices<'_>,
    ) -> Result<Self, ScenarioError> {
        let Ground { turn, lab, capture } = ground;
        let addresses = choices.addresses;
        let relay = match addresses {
            Addresses::ThroughRelay => Some(relay::stand_between(&lab).await?),
            Addresses::FromDrover | Addresses::FromAnother => None,
        };
        let image = NodeImage::find()?;
        let state = lab.folder().join("state");
        let settings = documents::settings(&state, &image, choices);
        let settings = write(&lab, "drover.yaml", &settings)?;
        let drover = Drover::start(&lab, &settings, &state).await?;
        let racked = rack(&lab, machines)?;
        let dhcp = match addresses {
            Addresses::FromDrover | Addresses::ThroughRelay => None,
            Addresses::FromAnother => {
                let reserved = racked
                    .iter()
                    .filter_map(|it| Some((*it.machine.macs().first()?, it.address?)));
                Some(dhcp_server::start(&lab, reserved).await?)
            }
        };
        let registered = racked.iter().map(Racked::registered);
        write(&lab, RACK, &documents::rack(registered))?;
        register(&lab, &drover).await?;
        let mut members = Vec::new();
        for Racked {
            machine,
            role,
            address,
            ..
        } in racked
        {
            let timeline = follow(&lab, &drover, machine.name())?;
            members.push(Member {
                machine,
                role,
                address,
                timeline,
            });
        }
        Ok(Self {
            members,
            drover,
            lab,
            _capture: capture,
            _dhcp: dhcp,
            _relay: relay,
            _turn: turn,
        })
    }

    /// Applies the cluster, which takes every machine: from here on, it goes by itself.
    pub async fn apply_cluster(&self) -> Result<(), ScenarioError> {
        let members = self.members.iter().map(|it| (&it.machine, it.role));
        let text = documents::cluster(ENDPOINT, members);
        let file = write(&self.lab, "cluster.yaml", &text)?;
        let file = file.display().to_string();
        self.drover
            .client()
            .run(&["cluster", "apply", "--file", &file])
            .await?;
        Ok(())
    }

    /// The members, in the order in which they were given.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The member of this name.
    pub fn member(&self, name: &str) -> Result<&Member, ScenarioError> {
        self.members
            .iter()
            .find(|it| it.machine.name() == name)
            .ok_or_else(|| ScenarioError::Nobody(name.to_owned()))
    }

    /// Drover.
    pub const fn drover(&self) -> &Drover {
        &self.drover
    }

    /// The lab.
    pub const fn lab(&self) -> &Lab {
        &self.lab
    }

    /// Kills Drover (SIGKILL).
    pub async fn kill(&mut self) -> Result<(), ScenarioError> {
        self.drover.kill().await
    }

    /// Stops Drover, as a service manager would.
    pub async fn stop(&mut self) -> Result<(), ScenarioError> {
        self.drover.stop().await
    }

    /// Puts another Drover in the place of this one, which ended: it has the same settings and is
    /// told of the same machines, and knows nothing else of them.
    pub async fn begin_anew(&mut self) -> Result<(), ScenarioError> {
        let state = self.state();
        fs::remove_dir_all(&state).map_err(ScenarioError::file("remove", &state))?;
        self.start_again().await?;
        register(&self.lab, &self.drover).await?;
        for member in &mut self.members {
            member.timeline = follow(&self.lab, &self.drover, member.machine.name())?;
        }
        Ok(())
    }

    /// The state directory of Drover.
    pub fn state(&self) -> PathBuf {
        self.lab.folder().join("state")
    }

    /// Starts Drover again, after it ended.
    pub async fn start_again(&mut self) -> Result<(), ScenarioError> {
        self.drover.start_again(&self.lab).await
    }

    /// Waits for the end of Drover, which somebody brings about.
    pub async fn wait_end(&mut self, within: Duration) -> Result<(), ScenarioError> {
        self.drover.wait_end(within).await
    }

    /// Waits until this machine is active.
    pub async fn wait_active(&self, name: &str, within: Duration) -> Result<(), ScenarioError> {
        let timeline = &self.member(name)?.timeline;
        let active = timeline.wait_for("active", within, |event| event.enters("active"));
        active.await.map(drop)
    }

    /// Waits until Drover says that the cluster is ready.
    pub async fn wait_ready(&self, within: Duration) -> Result<(), ScenarioError> {
        let show = ["cluster", "show", CLUSTER];
        let is_ready = |shown: &Value| shown.pointer("/ready") == Some(&Value::Bool(true));
        self.wait_shown(&show, "ready cluster", within, is_ready)
            .await
            .map(drop)
    }

    /// Asks with this command again and again until what it shows `is_it`.
    pub async fn wait_shown(
        &self,
        words: &[&str],
        wanted: &str,
        within: Duration,
        is_it: impl Fn(&Value) -> bool,
    ) -> Result<Value, ScenarioError> {
        let mut last = Value::Null;
        let asking = async {
            loop {
                last = self.drover.client().json(words).await?;
                if is_it(&last) {
                    return Ok(last.clone());
                }
                tokio::time::sleep(ASK_EVERY).await;
            }
        };
        let asked = tokio::time::timeout(within, asking).await;
        asked.unwrap_or_else(|_| {
            Err(ScenarioError::Late {
                wanted: wanted.to_owned(),
                within,
                last: last.to_string(),
            })
        })
    }

    /// The machine of this name as `drover machine show` shows it.
    pub async fn show(&self, name: &str) -> Result<Value, ScenarioError> {
        self.drover.client().json(&["machine", "show", name]).await
    }

    /// The run passed: takes everything down.
    pub async fn finish(self) -> Result<(), ScenarioError> {
        let Self {
            members,
            mut drover,
            lab,
            ..
        } = self;
        drop(members);
        drover.stop().await?;
        lab.finish();
        Ok(())
    }

    /// Leaves everything running; how to look around.
    pub fn leave_running(self) -> Result<String, ScenarioError> {
        Ok(self.lab.leave_running()?)
    }
}

/// A lab in which nothing of Drover runs yet.
struct Ground {
    lab: Lab,
    capture: Program,
    turn: Turn,
}

impl Ground {
    async fn lay(name: &str) -> Result<Self, ScenarioError> {
        let turn = Turn::take().await?;
        let lab = Lab::up(name)?;
        let capture = lab.capture().await?;
        Ok(Self { lab, capture, turn })
    }
}

/// Tells Drover of the machines of the rack.
async fn register(lab: &Lab, drover: &Drover) -> Result<(), ScenarioError> {
    let file = lab.folder().join(RACK).display().to_string();
    let words = ["machine", "apply", "--file", &file];
    drover.client().run(&words).await.map(drop)
}

fn follow(lab: &Lab, drover: &Drover, name: &str) -> Result<Timeline, ScenarioError> {
    let copy = lab.artefacts().append(&format!("{name}-timeline.jsonl"))?;
    Ok(Timeline::follow(drover.client().clone(), name, copy))
}

fn write(lab: &Lab, name: &str, text: &str) -> Result<PathBuf, ScenarioError> {
    let path = lab.folder().join(name);
    fs::write(&path, text).map_err(ScenarioError::file("write", &path))?;
    Ok(path)
}

/// The document of the rack, in the lab's folder.
const RACK: &str = "rack.yaml";
const ASK_EVERY: Duration = Duration::from_millis(500);
