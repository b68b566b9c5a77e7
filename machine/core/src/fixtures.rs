//! One machine on its way through an install, as the unit tests of this crate start from.

use crate::attempt::Attempt;
use crate::boot::{Boot, BootOrigin, BootStep};
use crate::cluster::Role;
use crate::hardware::MacAddress;
use crate::id::{AttemptId, BootId, ClusterId, IntentId, MachineId};
use crate::intent::{Actor, Assignment, Intent, IntentKind};
use crate::lifecycle::State;
use crate::machine::Machine;
use crate::time::Timestamp;

pub(crate) const MAC: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 1]);

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

pub(crate) fn machine(state: State) -> Machine {
    let mut machine = Machine::discovered(MachineId::from_bytes([2; 16]), "w1", at(0));
    machine.state = state;
    machine
}
pub(crate) fn assignment() -> Assignment {
    Assignment {
        cluster: ClusterId::from_bytes([3; 16]),
        role: Role::Worker,
        disk: "serial:D1".parse().unwrap(),
    }
}

pub(crate) fn intent() -> Intent {
    Intent {
        id: IntentId::from_bytes([1; 16]),
        machine: MachineId::from_bytes([2; 16]),
        assignment: assignment(),
        actor: Actor::Policy("cluster lab".to_owned()),
        reason: String::new(),
        opened: at(0),
        expires: at(100_000),
        kind: IntentKind::Install,
        claims: 0,
        closed: None,
    }
}

pub(crate) fn attempt() -> Attempt {
    Attempt {
        id: AttemptId::from_bytes([4; 16]),
        machine: MachineId::from_bytes([2; 16]),
        intent: IntentId::from_bytes([1; 16]),
        number: 1,
        assignment: assignment(),
        opened: at(0),
        deadline: at(10_000),
        boot: None,
        accepted_boot: None,
        power_actions: 0,
        power_at: None,
        release: None,
        closed: None,
        basis: None,
        wipe: None,
        verdict: None,
    }
}

pub(crate) fn boot(id: u8, opened: i64, step: BootStep) -> Boot {
    Boot {
        id: BootId::from_bytes([id; 16]),
        machine: Some(MachineId::from_bytes([2; 16])),
        mac: Some(MAC),
        origin: BootOrigin::Network,
        platform: None,
        address: None,
        attempt: None,
        opened: at(opened),
        step,
        step_at: at(opened),
        sent_to_disk: false,
        ready: None,
    }
}
