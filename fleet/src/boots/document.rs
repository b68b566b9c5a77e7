//! The release of a config: token, claim, commit, bytes. In this order.
//!
//! Whoever is refused is told nothing but that; the reason goes to the timeline, as an alarm where
//! a person should look.

use std::net::IpAddr;

use bytes::Bytes;
use config_render::os::{Artefact, digest_of_all};
use config_render::oses::os_of;
use machine_core::artefact::NamedDigest;
use machine_core::attempt::Release;
use machine_core::boot::{Boot, BootStep};
use machine_core::claimant::Claimant;
use machine_core::hardware::MacAddress;
use machine_core::network::DhcpMode;
use machine_core::release::refusal::ReleaseRefusal;
use machine_core::release::{
    Addressing, Grant, Peer, PowerProof, ReleaseFacts, may_be_running, may_release,
};
use machine_core::time::Timestamp;
use machine_store::attempts;
use machine_store::claimants::Heard;
use machine_store::commit::claim::{ClaimOutcome, Fetch, FetchOutcome, ReleaseClaim};
use pxe_server::complaint::Source;
use pxe_server::directory::{Document, DocumentRequest};
use tracing::info;

use crate::boots::BootAnswers;
use crate::boots::alarms::AlarmKind;
use crate::boots::case::Case;
use crate::boots::claims::{self, Tone};
use crate::error::StepError;
use crate::machine_config::artefacts;
use crate::site::{About, advanced};
use crate::spans::{record_boot, record_machine};
use machine_core::sabotage::Sabotage;

impl BootAnswers {
    /// The document; `None` if it is refused.
    pub(super) async fn release(
        &self,
        request: &DocumentRequest,
    ) -> Result<Option<Document>, StepError> {
        let at = self.site.now();
        let Some(attempt) = self.site.tokens.verify(&request.token) else {
            self.note_guess((request.peer, request.hardware), at)
                .await?;
            return Ok(None);
        };
        let Some(attempt) = attempts::find(&self.site.db, attempt).await? else {
            return Ok(None);
        };
        if let Some(safe_mode) = self.site.db.safe_mode() {
            return Err(StepError::SafeMode(safe_mode));
        }
        let case = self.case(attempt, request.peer, at).await?;
        record_machine(case.machine.id);
        case.attempt.boot.inspect(|it| record_boot(*it));
        let names = os_of(&case.cluster.spec.os).artefacts();
        let Some(name) = names.iter().copied().find(|it| *it == request.name) else {
            return Ok(None);
        };
        let peer = Peer {
            address: request.peer,
            hardware: request.hardware,
        };
        match self.judge_release(&case, request, peer, at).await {
            Ok(grant) => self.release_granted(&case, grant, (peer, name), at).await,
            Err(refusal) => {
                self.note_refusal(&case, peer, &refusal, at).await?;
                if refusal.may_pass() {
                    return Err(StepError::Outside(refusal.to_string()));
                }
                Ok(None)
            }
        }
    }

    /// Whether this peer may have the config now. Its BMC is asked last: it is slow, and nobody
    /// else should be able to keep it busy.
    async fn judge_release(
        &self,
        case: &Case,
        request: &DocumentRequest,
        peer: Peer,
        at: Timestamp,
    ) -> Result<Grant, ReleaseRefusal> {
        let cards = case.known.iter().flat_map(|it| it.macs.iter().copied());
        let cards: Vec<MacAddress> = cards.collect();
        let facts = ReleaseFacts {
            attempt: &case.attempt,
            intent: &case.intent,
            state: case.machine.state,
            cards: &cards,
            boot: case.boot.as_ref(),
            addressing: self.addressing(peer.address),
            leased_to: case.leased_to,
            doubt: case.doubt.as_ref(),
            names_another: case.is_named_otherwise(request),
            told_apart: case.told_apart,
            transport_permitted: case.cluster.spec.allow_plaintext,
        };
        let grant = may_release(&facts, peer, at)?;
        if grant == Grant::First {
            let observed = self.witness.ask(&case.machine).await;
            let boot = case.boot.as_ref();
            let is_accepted = boot.is_some_and(|it| case.attempt.has_accepted(it.id));
            may_be_running(PowerProof {
                observed: &observed,
                is_accepted,
            })?;
        }
        Ok(grant)
    }

    fn addressing(&self, address: IpAddr) -> Addressing {
        match self.site.subnet_of(address).map(|it| &it.mode) {
            Some(DhcpMode::Authoritative { .. }) => Addressing::Ours,
            Some(DhcpMode::Proxy | DhcpMode::Off) | None => Addressing::Others,
        }
    }

    async fn note_refusal(
        &self,
        case: &Case,
        peer: Peer,
        refusal: &ReleaseRefusal,
        at: Timestamp,
    ) -> Result<(), StepError> {
        let tone = if refusal.is_alarm() {
            Tone::Alarm
        } else {
            Tone::Note
        };
        let from = claims::describe(peer.address, peer.hardware);
        let refused = match (refusal, &case.boot) {
            (ReleaseRefusal::Doubtful(doubt), Some(boot)) => {
                doubt.told(&case.machine.name, boot.id)
            }
            _ => refusal.to_string(),
        };
        let text = format!("no config for {from}: {refused}");
        let asker = Source::Asker(case.machine.id, peer.address);
        let is_over = matches!(refusal, ReleaseRefusal::Withdrawn { .. });
        if is_over && self.is_told(case.machine.id, (tone, &text)).await? {
            // It asks for as long as it is on.
            self.refusals.note(asker, &text);
        } else {
            let told = (AlarmKind::Token, tone, text);
            self.tell(case.machine.id, asker, told, at);
        }
        self.hear_rival(case, peer, refusal, at).await
    }

    /// Somebody with the machine's card asks from another address, with the token: one of the two is
    /// not the machine, and nothing says which.
    async fn hear_rival(
        &self,
        case: &Case,
        peer: Peer,
        refusal: &ReleaseRefusal,
        at: Timestamp,
    ) -> Result<(), StepError> {
        let (ReleaseRefusal::NotTheBoot | ReleaseRefusal::SecondCard(_), Some(card), Some(said)) =
            (refusal, peer.hardware, &case.said)
        else {
            return Ok(());
        };
        let claimant = Claimant {
            card,
            address: peer.address,
            first_seen: at,
            last_seen: at,
            ..said.clone()
        };
        let heard = Heard {
            machine: case.machine.id,
            claimant,
            is_own: true,
            why: refusal.to_string(),
        };
        self.hear(heard).await
    }

    async fn release_granted(
        &self,
        case: &Case,
        grant: Grant,
        (peer, name): (Peer, &str),
        at: Timestamp,
    ) -> Result<Option<Document>, StepError> {
        let artefacts = self.artefacts(case, peer).await?;
        let Some(artefact) = artefacts.iter().find(|it| it.name == name) else {
            return Ok(None);
        };
        let digest = digest_of_all(&artefacts);
        let is_released = match (grant, &case.attempt.release) {
            (Grant::First, _) => {
                let release = Release::fetched(at, peer.address, digest);
                let claim = Self::claim(case, peer, (release, artefact.named_digest()))?;
                self.site.commit.submit(claim).await? == ClaimOutcome::Claimed
            }
            (Grant::Again, Some(release)) if release.digest == digest => {
                let is_any = Sabotage::SecondPeerServed.is_on();
                let fetch = Fetch {
                    attempt: case.attempt.id,
                    peer: if is_any { release.peer() } else { peer.address },
                    at,
                    artefact: artefact.named_digest(),
                };
                matches!(
                    self.site.commit.submit(fetch).await?,
                    FetchOutcome::Counted(_)
                )
            }
            (Grant::Again, _) => {
                self.end_changed(case, peer, &artefacts, at).await?;
                return Ok(None);
            }
        };
        if !is_released {
            return Err(StepError::Outside(
                "the release was overtaken: judge again".to_owned(),
            ));
        }
        self.note_release(case, grant, peer, at).await?;
        let artefact = artefacts.into_iter().find(|it| it.name == name);
        Ok(artefact.map(|artefact| Document {
            body: Bytes::from_owner(artefact.body.into_zeroizing()),
            media_type: artefact.media_type,
        }))
    }

    async fn artefacts(&self, case: &Case, peer: Peer) -> Result<Vec<Artefact>, StepError> {
        let os = os_of(&case.cluster.spec.os);
        let of = (&case.machine, &case.cluster);
        artefacts(&self.site, &*os, &case.attempt, of, peer.address).await
    }

    /// The first release, as it is to be committed.
    fn claim(
        case: &Case,
        peer: Peer,
        (release, artefact): (Release, NamedDigest),
    ) -> Result<ReleaseClaim, StepError> {
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
            claims::describe(peer.address, peer.hardware),
            case.attempt.assignment.disk
        );
        Ok(ReleaseClaim {
            attempt: case.attempt.id,
            intent: case.intent.id,
            machine: case.machine.id,
            machine_version: case.machine.version,
            boot,
            release,
            artefact,
            events: vec![about.event(release.at, BootStep::Config.as_str(), detail)],
        })
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
                self.site
                    .note(boot, at, BootStep::Config, "config fetched again");
            }
            let boot = Boot {
                address: Some(peer.address),
                ..advanced(boot, BootStep::Config, at)
            };
            self.keep(boot).await?;
        }
        self.site.wake.machine(case.machine.id);
        Ok(())
    }
}
