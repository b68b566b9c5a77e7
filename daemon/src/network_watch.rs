//! Interfaces that come, go, or change while Drover runs.
//!
//! What changes is told. Where a subnet has got another address of ours, or an interface was made
//! anew, the sockets are not those of the subnet any more: then Drover begins anew, in the same
//! process, with what is there now. Addresses that do not fit the settings are told, and it goes on
//! as it began.

mod interface_state;

use std::collections::BTreeMap;
use std::io;

use machine_core::network::Subnet;
use pxe_server::link_events::LinkEvents;
use tracing::{info, warn};

use crate::interfaces::resolve_subnets;
use crate::network_watch::interface_state::{InterfaceState, Tone, changes};
use crate::settings::SubnetSettings;

/// The interfaces of the subnets, followed.
#[derive(Debug)]
pub struct NetworkWatch {
    events: LinkEvents,
    settings: Vec<SubnetSettings>,
    served: Vec<Subnet>,
    /// As they were when they were bound.
    bound: BTreeMap<String, InterfaceState>,
    last: BTreeMap<String, InterfaceState>,
}

impl NetworkWatch {
    /// Follows from now on, and so before anything is bound. To be called within a tokio runtime.
    pub fn begin(settings: &[SubnetSettings], served: &[Subnet]) -> io::Result<Self> {
        let events = LinkEvents::open()?;
        let bound = states(settings);
        Ok(Self {
            events,
            settings: settings.to_vec(),
            served: served.to_vec(),
            last: bound.clone(),
            bound,
        })
    }

    /// Tells what changes, until Drover has to begin anew: with these subnets.
    pub async fn moved(&mut self) -> io::Result<Vec<Subnet>> {
        loop {
            self.events.changed().await?;
            if self.look()
                && let Some(subnets) = self.other_subnets()
            {
                return Ok(subnets);
            }
        }
    }

    /// Tells what has changed; whether anything has.
    fn look(&mut self) -> bool {
        let now = states(&self.settings);
        let mut has_changed = false;
        for (interface, after) in &now {
            let Some(before) = self.last.get(interface) else {
                continue;
            };
            has_changed |= before != after;
            for (tone, change) in changes(interface, before, after) {
                match tone {
                    Tone::Trouble => warn!("{change}"),
                    Tone::Note => info!("{change}"),
                }
            }
        }
        self.last = now;
        has_changed
    }

    /// The subnets, if they are others than those that are served.
    fn other_subnets(&self) -> Option<Vec<Subnet>> {
        let resolved = resolve_subnets(&self.settings);
        for mistake in &resolved.mistakes {
            warn!("{mistake}; Drover goes on as it began");
        }
        let is_anew = |interface: &String, state: &InterfaceState| {
            let bound = self.bound.get(interface);
            bound.is_some_and(|bound| bound.index != state.index)
        };
        let is_rebound = self.last.iter().any(|(name, it)| is_anew(name, it));
        let is_other = resolved.subnets != self.served || is_rebound;
        (resolved.mistakes.is_empty() && is_other).then_some(resolved.subnets)
    }
}

fn states(settings: &[SubnetSettings]) -> BTreeMap<String, InterfaceState> {
    let interfaces = settings.iter().map(|it| it.interface.clone());
    let states = interfaces.map(|it| {
        let state = InterfaceState::of(&it);
        (it, state)
    });
    states.collect()
}
