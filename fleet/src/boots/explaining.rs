//! Why a card boots what it boots, without a boot: nothing is opened, and nothing is noted.

use machine_core::boot::{Asker, Boot};
use machine_core::decision::{Answer, BootFacts, Stage, decide};
use machine_core::explanation::{Considered, considered};
use machine_core::hardware::MacAddress;
use machine_core::id::BootId;
use machine_core::network::{Subnet, SubnetName};
use machine_store::boot_read::boot_read;
use machine_store::events::{self, Event};
use pxe_server::directory::BootQuestion;

use crate::boots::dhcp::opened;
use crate::boots::{BootAnswers, claim};
use crate::error::StepError;

/// How many events of a machine are looked through for those of its last boot.
const EVENTS: u32 = 200;

/// What a card is told, by the rules as they stand now.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) rules: Vec<Considered>,
    pub(crate) is_network: bool,
}

impl BootAnswers {
    /// The last boot of a card, and what it did.
    pub(crate) async fn last_boot(
        &self,
        mac: MacAddress,
    ) -> Result<Option<(Boot, Vec<Event>)>, StepError> {
        let read = boot_read(&self.site.db, &claim(mac, None)).await?;
        let boot = match read.standing {
            Some(_) => read.boot.filter(|it| it.mac == Some(mac)),
            None => self.sightings.of_card(mac),
        };
        let Some(boot) = boot else {
            return Ok(None);
        };
        let steps = match boot.machine {
            Some(machine) => {
                let recorded = events::tail_of_machine(&self.site.db, machine, EVENTS).await?;
                let events = recorded.into_iter().map(|it| it.event);
                events.filter(|it| it.boot == Some(boot.id)).collect()
            }
            None => self.sightings.steps(boot.id),
        };
        Ok(Some((boot, steps)))
    }

    /// What a card is told in the boot that goes on, or that it would begin now.
    pub(crate) async fn would_be_told(
        &self,
        question: &BootQuestion,
        boot: Option<Boot>,
    ) -> Result<Told, StepError> {
        let at = self.site.now();
        let read = boot_read(&self.site.db, &claim(question.mac, question.uuid)).await?;
        let no_id = BootId::from_bytes([0; 16]);
        let boot = boot.unwrap_or_else(|| opened(no_id, question, &read, at));
        let safe_mode = self.site.db.safe_mode();
        let facts = BootFacts {
            stage: Stage::Dhcp,
            unknown: self.unknown_policy(&question.subnet),
            identity: &read.identity,
            standing: read.standing.as_ref(),
            boot: &boot,
            safe_mode: safe_mode.as_ref(),
            doubt: None,
        };
        Ok(Told {
            rules: considered(&facts, at),
            is_network: decide(&facts, at).answer != Answer::LocalDisk,
        })
    }
}

/// What firmware with this card asks in a subnet.
pub(crate) fn asks(mac: MacAddress, subnet: Option<&Subnet>) -> BootQuestion {
    BootQuestion {
        subnet: subnet.map_or_else(|| SubnetName::new(""), |it| it.name.clone()),
        mac,
        uuid: None,
        platform: None,
        asker: Asker::Firmware,
        is_discover: true,
    }
}
