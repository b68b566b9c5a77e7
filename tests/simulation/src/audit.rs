//! What is really done, held against what people permitted: each config that goes out, each machine
//! that is switched off.

use std::time::Duration;

use machine_core::machine::Machine;
use machine_core::power::PowerState;
use machine_core::time::Timestamp;

use crate::config::Config;
use crate::invariant::Violation;
use crate::lab::World;
use crate::node::Node;
use crate::node_api::is_up;

/// How long before a machine is switched off its node's API must have been asked at the latest: an
/// answer counts for a minute, and a slow BMC takes up to half of another.
const ASKED: Duration = Duration::from_secs(100);

impl World {
    /// A config goes out to a node, or to somebody who is none; it was asked for at that moment.
    pub(crate) fn handed_out(&mut self, config: Config, to: Option<usize>, asked: Timestamp) {
        self.note(|| format!("the config of {} goes to {to:?}", config.machine));
        let owner = (0..self.nodes.len()).find(|it| self.is_called(*it, &config.machine));
        let what = (config.cluster.as_str(), config.disk.as_str());
        let is_permitted = owner.is_some_and(|owner| self.permits(owner, what, asked));
        let judged = if is_permitted {
            self.ledger.hand_out(config, (to, owner))
        } else {
            let machine = config.machine;
            Err(Violation::ReleaseWithoutPermission { machine })
        };
        self.judge(judged);
    }

    /// Whether a node has this name, or had it when it was found.
    fn is_called(&self, node: usize, name: &str) -> bool {
        let mut cards = self.nodes[node].cards.iter();
        let is_found_as = cards.any(|card| Machine::generated_name(*card) == name);
        is_found_as || self.names(node).iter().any(|it| it == name)
    }

    /// A BMC really switches a node; it was told so at `begun` at the earliest.
    pub(crate) fn switched(&mut self, node: usize, to: PowerState, begun: Timestamp) {
        if to == PowerState::Off {
            let judged = self.may_switch_off(node, begun);
            self.judge(judged);
        }
    }

    fn may_switch_off(&self, node: usize, begun: Timestamp) -> Result<(), Violation> {
        if self.named_by(node) != Some(node) {
            return Err(Violation::AnotherSwitchedOff { node });
        }
        if !self.permits_install(node, begun) {
            return Err(Violation::SwitchedOffUnpermitted { node });
        }
        let asked = self.nodes[node].arranged.asked;
        let was_asked = asked.is_some_and(|at| self.now.since(at) < ASKED);
        if is_up(self, node) && !was_asked {
            return Err(Violation::CutOffUnasked { node });
        }
        Ok(())
    }

    /// The node in whose document the BMC of this one stands.
    fn named_by(&self, bmc: usize) -> Option<usize> {
        let mut nodes = self.nodes.iter().enumerate();
        let names = |(index, node): &(usize, &Node)| {
            let named = node.arranged.bmc_of.unwrap_or(*index);
            node.is_registered && node.bmc.is_some() && named == bmc
        };
        nodes.find(names).map(|(index, _)| index)
    }
}
