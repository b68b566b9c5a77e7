//! Answers one DHCP client: a packet in, a packet out, and no socket.
//!
//! The rules it keeps: an ACK leaves only after its lease is durable; the directory is asked once a
//! packet, and about clients that do not boot from the network only whether they are registered; no
//! lock is held while anybody waits.

use std::sync::Arc;

use machine_core::boot::{Asker, BootStep};
use machine_core::id::BootId;
use machine_core::network::DhcpMode;
use machine_core::sabotage::Sabotage;
use machine_core::time::Timestamp;
use pxe_dhcp::ask::Ask;
use pxe_dhcp::load::Load;
use pxe_dhcp::reply::{BootInstruction, Exchange, Grant, ProxySchool, Reply, refuse};
use pxe_dhcp::verdict::Refusal;
use pxe_lease::acquaintance::Acquaintance;
use tracing::debug;

use crate::complaint::Complaints;
use crate::dhcp::chainloading::Chainloading;
use crate::dhcp::incoming::{Asked, Incoming};
use crate::dhcp::served::ServedSubnets;
use crate::dhcp::silence::Silence;
use crate::directory::{BootQuestion, Directory, ObservedStep, StepOwner};
use crate::loaders::Loaders;
use crate::witness::Witness;

/// What answers are made from.
#[derive(Debug)]
pub struct Responder<D> {
    pub(super) directory: D,
    pub(super) complaints: Arc<Complaints>,
    pub(crate) chainloading: Chainloading,
    pub(super) subnets: ServedSubnets,
    pub(super) witness: Arc<Witness>,
    loaders: Arc<Loaders>,
}

/// A reply, and the step that a boot has made once it is sent.
#[derive(Debug)]
pub struct Answered {
    /// The reply.
    pub reply: Reply,
    step: Option<ObservedStep>,
}

/// Who a client is, and what it boots.
pub(super) struct Decided {
    pub(super) boot: Option<BootId>,
    answer: BootInstruction,
    /// Why it gets no boot file, though it is to boot from the network.
    hindrance: Option<String>,
    /// How UEFI firmware is told, beside another DHCP server.
    school: ProxySchool,
    pub(super) acquaintance: Acquaintance,
}

impl<D: Directory> Responder<D> {
    /// For these subnets.
    pub fn new(
        directory: D,
        loaders: Arc<Loaders>,
        complaints: Arc<Complaints>,
        subnets: ServedSubnets,
    ) -> Self {
        Self {
            directory,
            complaints,
            chainloading: Chainloading::default(),
            witness: Arc::default(),
            subnets,
            loaders,
        }
    }

    /// The last packets of each card.
    pub(crate) fn witness(&self) -> Arc<Witness> {
        Arc::clone(&self.witness)
    }

    /// The answer to a packet, if it gets one. Whoever has sent it says so: [`Self::sent`].
    pub async fn respond(&self, incoming: &Incoming<'_>) -> Option<Answered> {
        let asked = self.understand(incoming)?;
        self.answer(&asked).await
    }

    /// An answer has left: the step of its boot is on the timeline.
    pub fn sent(&self, answered: Answered) {
        if let Some(step) = answered.step {
            self.directory.step(step);
        }
    }

    /// The answer to a client, once everything that it says is durable. Why there is none is told.
    pub(crate) async fn answer(&self, asked: &Asked) -> Option<Answered> {
        let mac = asked.client.mac;
        let silence = match self.answer_or_silence(asked).await {
            Ok(answered) => return Some(answered),
            Err(silence) => silence,
        };
        if !matches!(silence, Silence::Done) {
            self.witness.unanswered(mac, &silence.to_string());
        }
        match silence {
            Silence::AllInUse { .. } => {
                self.complaints.note(mac, &silence);
            }
            Silence::Unavailable(error) => {
                self.complaints.note(mac, &error);
            }
            Silence::Exhausted(error) => {
                let subnet = &asked.subnet.subnet.name;
                let why = format!("no address in {subnet}: {error}");
                self.complaints.note(mac, &why);
            }
            silence => debug!(%mac, ask = %asked.client.ask.kind(), %silence, "not answered"),
        }
        None
    }

    async fn answer_or_silence(&self, asked: &Asked) -> Result<Answered, Silence> {
        match asked.client.ask {
            Ask::Discover => self.offer(asked).await,
            Ask::Request(request) => self.request(asked, request).await,
            Ask::Inform { .. } | Ask::BootService => self.inform(asked).await,
            Ask::Decline { server, address } => self.decline(asked, (server, address)).await,
            Ask::Release { server, address } => self.release(asked, (server, address)).await,
        }
    }

    async fn offer(&self, asked: &Asked) -> Result<Answered, Silence> {
        let decided = self.decide(asked).await?;
        let grant = match asked.subnet.subnet.mode {
            DhcpMode::Authoritative { .. } => {
                Some(self.proposed(asked, decided.acquaintance).await?)
            }
            DhcpMode::Proxy | DhcpMode::Off => None,
        };
        let reply = exchange(asked, &decided).reply(grant)?;
        self.chainloading.offered(&asked.client);
        Ok(answered(reply, &decided, BootStep::Offer, grant))
    }

    pub(super) fn now(&self) -> Timestamp {
        self.directory.now()
    }

    /// INFORM, or a question on port 4011: no lease.
    async fn inform(&self, asked: &Asked) -> Result<Answered, Silence> {
        let decided = self.decide(asked).await?;
        let reply = exchange(asked, &decided).reply(None)?;
        Ok(answered(reply, &decided, BootStep::Offer, None))
    }

    /// Who the client is, and what it boots.
    pub(super) async fn decide(&self, asked: &Asked) -> Result<Decided, Silence> {
        let client = &asked.client;
        if !client.is_netboot() {
            return Ok(Decided {
                boot: None,
                answer: BootInstruction::NoBoot,
                hindrance: None,
                school: ProxySchool::Binl,
                acquaintance: self.acquaintance(asked).await?,
            });
        }
        // iPXE that can't run our scripts loads ours, as firmware does.
        let stage = match client.load() {
            Load::Script => Asker::Ipxe,
            Load::Loader(..) | Load::Nothing(_) => Asker::Firmware,
        };
        let question = BootQuestion {
            subnet: asked.subnet.subnet.name.clone(),
            mac: client.mac,
            uuid: client.uuid,
            platform: client.platform(),
            asker: stage,
            is_discover: client.ask == Ask::Discover,
        };
        // Boxed: most answers are of hosts, and would carry the room that a boot needs.
        let answer = Box::pin(self.directory.boot(question)).await?;
        debug!(mac = %client.mac, because = answer.because, netboot = answer.netboot, "decided");
        let netboots = answer.netboot || Sabotage::DiskBootLoads.is_on();
        let (told, hindrance) = match answer.boot.filter(|_| netboots) {
            Some(boot) => self.told(asked, boot),
            None => (no_boot(asked), None),
        };
        Ok(Decided {
            boot: answer.boot,
            school: self.chainloading.school(asked, &told, self.now()),
            answer: told,
            hindrance,
            acquaintance: acquaintance(answer.is_registered),
        })
    }

    /// What a boot loads from the network; nothing, and why, if there is nothing for it.
    fn told(&self, asked: &Asked, boot: BootId) -> (BootInstruction, Option<String>) {
        let told = self
            .chainloading
            .told(asked, boot, &self.loaders, self.now());
        match told {
            Ok(told) => (told, None),
            Err(why) => {
                self.complaints.note(asked.client.mac, &why);
                let told = no_boot(asked);
                if told == BootInstruction::Silence {
                    // No answer carries it to the timeline.
                    self.directory.step(ObservedStep {
                        whose: StepOwner::Boot(boot),
                        step: BootStep::Offer,
                        detail: why.clone(),
                    });
                }
                (told, Some(why))
            }
        }
    }

    /// Whether a client that does not boot from the network is one of ours: the system of a
    /// machine, mostly. Only where it matters, since most of them are asked about for nothing.
    async fn acquaintance(&self, asked: &Asked) -> Result<Acquaintance, Silence> {
        let key = &asked.client.key;
        let matters = match asked.client.ask {
            Ask::Discover => !asked.subnet.table().has_address(key, self.now()),
            Ask::Request(_) => true,
            Ask::Inform { .. } | Ask::BootService | Ask::Decline { .. } | Ask::Release { .. } => {
                false
            }
        };
        if !matters {
            return Ok(Acquaintance::Stranger);
        }
        let is_registered = self.directory.is_registered(asked.client.mac).await?;
        Ok(acquaintance(is_registered))
    }
}

/// Who is told to boot from its disk gets a lease and no file; beside another server, silence.
fn no_boot(asked: &Asked) -> BootInstruction {
    match asked.subnet.subnet.mode {
        DhcpMode::Proxy => BootInstruction::Silence,
        DhcpMode::Authoritative { .. } | DhcpMode::Off => BootInstruction::NoBoot,
    }
}

const fn acquaintance(is_registered: bool) -> Acquaintance {
    if is_registered {
        Acquaintance::Registered
    } else {
        Acquaintance::Stranger
    }
}

pub(super) fn exchange<'a>(asked: &'a Asked, decided: &'a Decided) -> Exchange<'a> {
    Exchange {
        subnet: &asked.subnet.subnet,
        client: &asked.client,
        answer: &decided.answer,
        school: decided.school,
    }
}

pub(super) fn nak(asked: &Asked, refusal: &Refusal) -> Result<Answered, Silence> {
    let reply = refuse(&asked.client, &asked.subnet.subnet, refusal)?;
    Ok(Answered { reply, step: None })
}

pub(super) fn answered(
    reply: Reply,
    decided: &Decided,
    step: BootStep,
    grant: Option<Grant>,
) -> Answered {
    let address = grant.map(|grant| grant.address.to_string());
    let file = match &decided.answer {
        BootInstruction::Loader { file, .. } => Some(file.escape_ascii().to_string()),
        BootInstruction::Url { url } => url.rsplit('/').next().map(|it| format!("{it} over HTTP")),
        // The URL holds the boot's id, which is a secret of that machine.
        BootInstruction::Script { .. } => Some("script".to_owned()),
        BootInstruction::NoBoot | BootInstruction::Silence => Some("no boot file".to_owned()),
    };
    let detail = address
        .into_iter()
        .chain(file)
        .chain(decided.hindrance.clone())
        .collect::<Vec<_>>()
        .join(", ");
    let whose = decided.boot.map(StepOwner::Boot);
    Answered {
        reply,
        step: whose.map(|whose| ObservedStep {
            whose,
            step,
            detail,
        }),
    }
}
