//! The enums of the core as the API says them. A value that is added there does not compile until
//! it has a word here.

use api_proto::v1;
use machine_core::attempt::AttemptEnd;
use machine_core::boot::{BootOrigin, BootStep};
use machine_core::cluster::Role;
use machine_core::condition::Condition;
use machine_core::endpoint::BmcProtocol;
use machine_core::evidence::{EvidenceKind, EvidenceSource};
use machine_core::hardware::{Arch, Firmware};
use machine_core::intent::IntentEnd;
use machine_core::lifecycle::State;
use machine_core::operation::OperationOutcome;
use machine_core::power::PowerState;

use crate::operations::apply_result::ApplyResult;

pub(super) const fn machine_state(state: State) -> v1::MachineState {
    match state {
        State::Discovered => v1::MachineState::Discovered,
        State::Inspecting => v1::MachineState::Inspecting,
        State::Available => v1::MachineState::Available,
        State::Provisioning(_) => v1::MachineState::Provisioning,
        State::Active => v1::MachineState::Active,
        State::Cleaning => v1::MachineState::Cleaning,
        State::Failed(_) => v1::MachineState::Failed,
        State::Retired => v1::MachineState::Retired,
    }
}

pub(super) const fn member_role(role: Role) -> v1::MemberRole {
    match role {
        Role::ControlPlane => v1::MemberRole::Controlplane,
        Role::Worker => v1::MemberRole::Worker,
    }
}

pub(super) const fn power_state(power: Option<PowerState>) -> v1::PowerState {
    match power {
        Some(PowerState::On) => v1::PowerState::On,
        Some(PowerState::Off) => v1::PowerState::Off,
        None => v1::PowerState::Unknown,
    }
}

pub(super) const fn architecture(arch: Arch) -> v1::Architecture {
    match arch {
        Arch::X86_64 => v1::Architecture::Amd64,
        Arch::Arm64 => v1::Architecture::Arm64,
    }
}

pub(super) const fn firmware(firmware: Firmware) -> v1::Firmware {
    match firmware {
        Firmware::Bios => v1::Firmware::Bios,
        Firmware::Uefi => v1::Firmware::Uefi,
    }
}

pub(super) const fn condition_kind(condition: &Condition) -> v1::ConditionKind {
    match condition {
        Condition::Conflict { .. } => v1::ConditionKind::Conflict,
        Condition::UnexpectedNetboot => v1::ConditionKind::UnexpectedNetboot,
        Condition::BootLoop { .. } => v1::ConditionKind::BootLoop,
        Condition::NotReady => v1::ConditionKind::NotReady,
        Condition::Claimed { .. } => v1::ConditionKind::Claimed,
        Condition::Held { .. } => v1::ConditionKind::Held,
        Condition::SharedDisk { .. } => v1::ConditionKind::SharedDisk,
        Condition::Awaited { .. } => v1::ConditionKind::Awaited,
    }
}

pub(super) const fn evidence_kind(kind: EvidenceKind) -> v1::EvidenceKind {
    match kind {
        EvidenceKind::Mac => v1::EvidenceKind::Mac,
        EvidenceKind::SystemUuid => v1::EvidenceKind::Uuid,
        EvidenceKind::SystemSerial => v1::EvidenceKind::Serial,
    }
}

pub(super) const fn evidence_source(source: EvidenceSource) -> v1::EvidenceSource {
    match source {
        EvidenceSource::Listed => v1::EvidenceSource::Listed,
        EvidenceSource::Asked => v1::EvidenceSource::Asked,
        EvidenceSource::Registered => v1::EvidenceSource::Registered,
        EvidenceSource::Person => v1::EvidenceSource::Person,
        EvidenceSource::Bmc => v1::EvidenceSource::Bmc,
    }
}

pub(super) const fn boot_origin(origin: BootOrigin) -> v1::BootOrigin {
    match origin {
        BootOrigin::Network => v1::BootOrigin::Network,
        BootOrigin::Disk => v1::BootOrigin::Disk,
    }
}

pub(super) const fn boot_step(step: BootStep) -> v1::BootStep {
    match step {
        BootStep::Discover => v1::BootStep::Discover,
        BootStep::Offer => v1::BootStep::Offer,
        BootStep::Lease => v1::BootStep::Lease,
        BootStep::Loader => v1::BootStep::Loader,
        BootStep::Ipxe => v1::BootStep::Ipxe,
        BootStep::Script => v1::BootStep::Script,
        BootStep::Kernel => v1::BootStep::Kernel,
        BootStep::Initrd => v1::BootStep::Initrd,
        BootStep::System => v1::BootStep::System,
        BootStep::Config => v1::BootStep::Config,
        BootStep::Installing => v1::BootStep::Installing,
        BootStep::Installed => v1::BootStep::Installed,
        BootStep::Disk => v1::BootStep::Disk,
        BootStep::Joined => v1::BootStep::Joined,
    }
}

pub(super) const fn attempt_end(end: AttemptEnd) -> v1::AttemptEnd {
    match end {
        AttemptEnd::Installed => v1::AttemptEnd::Installed,
        AttemptEnd::Interrupted => v1::AttemptEnd::Interrupted,
        AttemptEnd::TimedOut => v1::AttemptEnd::TimedOut,
        AttemptEnd::Cancelled => v1::AttemptEnd::Cancelled,
        AttemptEnd::InstallerFailed => v1::AttemptEnd::InstallerFailed,
        AttemptEnd::Refused => v1::AttemptEnd::ConfigRefused,
        AttemptEnd::GivenUp => v1::AttemptEnd::GivenUp,
    }
}

pub(super) const fn intent_end(end: IntentEnd) -> v1::IntentEnd {
    match end {
        IntentEnd::Fulfilled => v1::IntentEnd::Fulfilled,
        IntentEnd::Cancelled => v1::IntentEnd::Cancelled,
        IntentEnd::Withdrawn => v1::IntentEnd::Withdrawn,
        IntentEnd::Failed => v1::IntentEnd::Failed,
        IntentEnd::Expired => v1::IntentEnd::Expired,
    }
}

pub(super) const fn bmc_protocol(protocol: BmcProtocol) -> v1::BmcProtocol {
    match protocol {
        BmcProtocol::Ipmi => v1::BmcProtocol::Ipmi,
    }
}

pub(super) const fn bootstrap_state(outcome: Option<OperationOutcome>) -> v1::BootstrapState {
    match outcome {
        None => v1::BootstrapState::No,
        Some(OperationOutcome::Unknown | OperationOutcome::NotReady) => {
            v1::BootstrapState::Recorded
        }
        Some(OperationOutcome::Refused) => v1::BootstrapState::Refused,
        Some(OperationOutcome::Done) => v1::BootstrapState::Done,
    }
}

pub(super) const fn change_result(result: ApplyResult) -> v1::ChangeResult {
    match result {
        ApplyResult::Created => v1::ChangeResult::Created,
        ApplyResult::Configured => v1::ChangeResult::Configured,
        ApplyResult::Unchanged => v1::ChangeResult::Unchanged,
    }
}
