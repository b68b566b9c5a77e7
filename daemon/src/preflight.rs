//! What a start looks at before it does anything, and what `drover serve --check` looks at, which
//! changes nothing: all that is wrong is told at once.
//!
//! Left to the start: the database, because opening it may bring it up to date, and whether another
//! DHCP server answers.

use machine_core::network::Subnet;
use machine_store::key_file::{self, KeyFileError};
use pxe_server::boot_plane::probe;
use pxe_server::hashing::verify;
use pxe_server::loaders::Loaders;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::bound::{is_wanted, listen, plane_settings, take_interfaces};
use crate::host::{has_room, is_held};
use crate::host_limits::HostLimits;
use crate::image_import::{look_at_images, refused};
use crate::interfaces::{Resolved, resolve_subnets};
use crate::privileges::{Needs, NoPorts, Privileges};
use crate::settings::Settings;
use crate::start_error::StartError;
use crate::state_access::open_to_others;

/// What a look at the host found.
#[derive(Debug, Default)]
pub struct Found {
    /// What a start would tell and do without: a sentence each.
    pub notes: Vec<String>,
    /// Why a start is not possible.
    pub mistakes: Vec<StartError>,
}

impl Found {
    fn take<T>(&mut self, looked: Result<T, impl Into<StartError>>) -> Option<T> {
        looked
            .map_err(|mistake| self.mistakes.push(mistake.into()))
            .ok()
    }
}

/// The subnets of the settings as the system has them; what is odd about them goes to the log.
pub fn checked_subnets(settings: &Settings) -> Result<Vec<Subnet>, StartError> {
    if settings.subnets.is_empty() {
        return Err(StartError::NoSubnet);
    }
    let resolved = resolve_subnets(&settings.subnets);
    StartError::all(resolved.mistakes.into_iter().map(Into::into).collect())?;
    for note in resolved.notes {
        warn!("{note}");
    }
    Ok(resolved.subnets)
}

/// What the host lacks for these subnets, and allows too little of: a sentence each, of what a start can
/// do with.
pub fn look_at_host(settings: &Settings, subnets: &[Subnet]) -> Result<Vec<String>, NoPorts> {
    let (own, needs) = (Privileges::own(), Needs::of(settings, subnets));
    own.permit(&needs)?;
    let limits = HostLimits::read(subnets).complaints(subnets);
    Ok(own.shortfall(&needs).into_iter().chain(limits).collect())
}

/// What the host says of the interfaces and files that the settings name.
pub fn named_on_host(settings: &Settings) -> Vec<StartError> {
    let resolved = resolve_subnets(&settings.subnets);
    let of_interfaces = resolved.mistakes.into_iter().map(StartError::from);
    of_interfaces.chain(look_at_images(settings)).collect()
}

/// Looks at the host.
pub async fn check(settings: &Settings) -> Found {
    let mut found = Found::default();
    if settings.subnets.is_empty() {
        found.mistakes.push(StartError::NoSubnet);
    }
    let Resolved {
        subnets,
        notes,
        mistakes,
    } = resolve_subnets(&settings.subnets);
    let (_, missing) = Loaders::installed(&settings.loaders);
    let missing = missing.iter().filter(|it| is_wanted(it, settings));
    found.notes = notes;
    found.notes.extend(missing.map(ToString::to_string));
    found
        .notes
        .extend(open_to_others(&settings.state_directory));
    found.mistakes.extend(mistakes.into_iter().map(Into::into));
    found.mistakes.extend(altered_images(settings));
    let directory = &settings.state_directory;
    let is_held = found.take(is_held(directory));
    if is_held == Some(true) {
        let directory = directory.display();
        found.notes.push(format!(
            "another drover works on the state directory {directory}: end it before a start with \
             these settings; its key and the ports were not looked at"
        ));
    }
    if is_held == Some(false) {
        found.take(has_room(directory));
        match key_file::load(&directory.join("key")) {
            Ok(_) | Err(KeyFileError::Missing { .. }) => {}
            Err(error) => found.mistakes.push(error.into()),
        }
    }
    let host = found.take(look_at_host(settings, &subnets));
    let has_rights = host.is_some();
    found.notes.extend(host.unwrap_or_default());
    let is_resolved = subnets.len() == settings.subnets.len();
    if is_held != Some(true) && is_resolved && has_rights {
        check_ports(&mut found, settings, &subnets).await;
    }
    found
}

fn altered_images(settings: &Settings) -> Vec<StartError> {
    let never = CancellationToken::new();
    let mut mistakes = Vec::new();
    for image in &settings.images {
        for file in [&image.kernel, &image.initrd] {
            if let Err(source) = verify(&file.path, &file.sha256, &never) {
                mistakes.push(refused(image, file, source));
            }
        }
    }
    mistakes
}

/// Binds each port and lets it go again.
async fn check_ports(found: &mut Found, settings: &Settings, subnets: &[Subnet]) {
    let Some(interfaces) = found.take(take_interfaces(subnets)) else {
        return;
    };
    found.take(probe(&plane_settings(settings, subnets, interfaces)));
    found.take(listen(subnets, settings.event_sink_port).await);
    found.take(listen(subnets, settings.log_port).await);
}
