//! The release of a config: token, claim, commit, bytes. In this order.
//!
//! Whoever is refused is told nothing but that; the reason goes to the timeline, as an alarm where
//! a person should look.

use bytes::Bytes;
use config_render::oses::talos::MACHINE_CONFIG;
use machine_core::attempt::{
    Attempt, Grant, Peer, Release, ReleaseFacts, ReleaseRefusal, may_release,
};
use machine_core::boot::{Boot, BootStep};
use machine_core::cluster::Cluster;
use machine_core::hardware::MacAddress;
use machine_core::intent::Intent;
use machine_core::machine::Machine;
use machine_core::time::Timestamp;
use machine_store::commit::claim::{ClaimOutcome, Fetch, FetchOutcome, ReleaseClaim};
use machine_store::{attempts, boots, clusters, identities, intents, machines};
use pxe_server::complaint::Source;
use pxe_server::directory::{Document, DocumentRequest};
use sha2::{Digest, Sha256};
use tracing::info;

use crate::clock::now;
use crate::directory::BootDirectory;
use crate::error::StepError;
use crate::machine_config::{Rendered, render_config};
use crate::records::{About, advanced};

/// All that a release is judged by.
struct Case {
    attempt: Attempt,
    intent: Intent,
    machine: Machine,
    cluster: Cluster,
    boot: Option<Boot>,
    hardware: Vec<MacAddress>,
}

impl BootDirectory {
    /// The document; `None` if it is refused.
    pub(super) async fn release(
        &self,
        request: &DocumentRequest,
    ) -> Result<Option<Document>, StepError> {
        let Some(attempt) = self.records.tokens.verify(&request.token) else {
            return Ok(None);
        };
        if request.name != MACHINE_CONFIG {
            return Ok(None);
        }
        let Some(attempt) = attempts::find(&self.records.db, attempt).await? else {
            return Ok(None);
        };
        if let Some(safe_mode) = self.records.db.safe_mode() {
            return Err(StepError::SafeMode(safe_mode));
        }
        let case = self.case(attempt).await?;
        let at = now();
        let peer = Peer {
            address: request.peer,
            hardware: request.hardware,
        };
        let facts = ReleaseFacts {
            attempt: &case.attempt,
            intent: &case.intent,
            state: case.machine.state,
            hardware: &case.hardware,
            boot_address: case.boot.as_ref().and_then(|boot| boot.address),
            transport_permitted: case.cluster.spec.allow_plaintext,
        };
        match may_release(&facts, peer, at) {
            Err(refusal) => {
                self.note_refusal(&case, peer, refusal, at);
                Ok(None)
            }
            Ok(grant) => self.release_granted(&case, grant, peer, at).await,
        }
    }

    async fn case(&self, attempt: Attempt) -> Result<Case, StepError> {
        let db = &self.records.db;
        let gone = |what| StepError::Gone { what };
        let intent = intents::find(db, attempt.intent)
            .await?
            .ok_or_else(|| gone("the intent"))?;
        let machine = machines::find(db, attempt.machine)
            .await?
            .ok_or_else(|| gone("the machine"))?;
        let cluster = clusters::find(db, attempt.assignment.cluster).await?;
        let boot = match attempt.boot {
            Some(boot) => boots::find(db, boot).await?,
            None => None,
        };
        let identity = identities::of_machine(db, machine.id).await?;
        let hardware = identity
            .map(|it| it.macs.into_iter().collect())
            .unwrap_or_default();
        let cluster = cluster.ok_or_else(|| gone("the cluster"))?;
        Ok(Case {
            attempt,
            intent,
            machine,
            cluster,
            boot,
            hardware,
        })
    }

    fn note_refusal(&self, case: &Case, peer: Peer, refusal: ReleaseRefusal, at: Timestamp) {
        // Whoever asks without end fills neither the log nor the timeline.
        let asker = Source::Asker(case.machine.id, peer.address);
        if !self.refusals.note(asker, &refused(&case.machine, refusal)) {
            return;
        }
        let kind = if refusal.is_alarm() {
            "alarm"
        } else {
            "refused"
        };
        let from = describe(peer);
        let detail = format!("no config for {from}: {refusal}");
        let event = About::machine(case.machine.id).event(at, kind, detail);
        self.records.commit.try_event(event);
    }

    async fn release_granted(
        &self,
        case: &Case,
        grant: Grant,
        peer: Peer,
        at: Timestamp,
    ) -> Result<Option<Document>, StepError> {
        let rendered = render_config(
            &self.records,
            &case.attempt,
            &case.machine,
            &case.cluster,
            peer.address,
        )
        .await?;
        let digest: [u8; 32] = Sha256::digest(rendered.as_bytes()).into();
        let is_released = match (grant, &case.attempt.release) {
            (Grant::First, _) => self.claim(case, peer, digest, at).await?,
            (Grant::Again, Some(release)) if release.digest == digest => {
                let fetch = Fetch {
                    attempt: case.attempt.id,
                    peer: peer.address,
                    at,
                };
                matches!(
                    self.records.commit.submit(fetch).await?,
                    FetchOutcome::Counted(_)
                )
            }
            (Grant::Again, _) => {
                let why = "the config would not be the same bytes as before".to_owned();
                return Err(StepError::Render { why });
            }
        };
        if !is_released {
            return Err(StepError::Outside(
                "the release was overtaken: judge again".to_owned(),
            ));
        }
        self.note_release(case, grant, peer, at).await?;
        let Rendered { body, media_type } = rendered;
        Ok(Some(Document {
            body: Bytes::from_owner(body),
            media_type,
        }))
    }

    async fn claim(
        &self,
        case: &Case,
        peer: Peer,
        digest: [u8; 32],
        at: Timestamp,
    ) -> Result<bool, StepError> {
        let Some(boot) = case.attempt.boot else {
            return Err(StepError::Gone {
                what: "the attempt's boot",
            });
        };
        let about = About {
            boot: Some(boot),
            machine: Some(case.machine.id),
            cluster: None,
        };
        let detail = format!(
            "config of attempt {} released to {} over plain HTTP; it may erase {}",
            case.attempt.number,
            describe(peer),
            case.attempt.assignment.disk
        );
        let claim = ReleaseClaim {
            attempt: case.attempt.id,
            intent: case.intent.id,
            machine: case.machine.id,
            machine_version: case.machine.version,
            boot,
            release: Release {
                at,
                peer: peer.address,
                digest,
                fetches: 1,
            },
            events: vec![about.event(at, BootStep::Config.as_str(), detail)],
        };
        Ok(self.records.commit.submit(claim).await? == ClaimOutcome::Claimed)
    }

    async fn note_release(
        &self,
        case: &Case,
        grant: Grant,
        peer: Peer,
        at: Timestamp,
    ) -> Result<(), StepError> {
        info!(machine = %case.machine.name, attempt = case.attempt.number, peer = %peer.address, "config released");
        if let Some(boot) = &case.boot {
            if grant == Grant::Again {
                self.records
                    .note(boot, at, BootStep::Config, "config fetched again");
            }
            let boot = Boot {
                address: Some(peer.address),
                ..advanced(boot, BootStep::Config, at)
            };
            self.keep(boot).await?;
        }
        self.records.wake.machine(case.machine.id);
        Ok(())
    }
}

fn refused(machine: &Machine, refusal: ReleaseRefusal) -> String {
    format!("the config of {} is refused: {refusal}", machine.name)
}

fn describe(peer: Peer) -> String {
    match peer.hardware {
        Some(mac) => format!("{} ({mac})", peer.address),
        None => peer.address.to_string(),
    }
}
