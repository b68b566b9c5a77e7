//! What the use cases ask of what is around them, a room for each thing. The secrets of clusters are
//! in [`crate::cluster_vault`].

pub mod addresses;
pub mod attention;
pub mod boots;
pub mod clock;
pub mod cluster_checks;
pub mod error;
pub mod passwords;
pub mod power;

use crate::cluster_vault::ClusterVault;
use crate::effects::addresses::Addresses;
use crate::effects::attention::Attention;
use crate::effects::boots::BootExplaining;
use crate::effects::clock::ClockAndIds;
use crate::effects::cluster_checks::ClusterChecks;
use crate::effects::passwords::PasswordVault;
use crate::effects::power::PowerControl;

/// All of it, as one thing that the use cases hold.
pub trait Effects:
    ClockAndIds
    + PasswordVault
    + ClusterVault
    + PowerControl
    + Addresses
    + ClusterChecks
    + Attention
    + BootExplaining
{
}

impl<T> Effects for T where
    T: ClockAndIds
        + PasswordVault
        + ClusterVault
        + PowerControl
        + Addresses
        + ClusterChecks
        + Attention
        + BootExplaining
{
}
