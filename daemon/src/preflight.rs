//! What `drover serve --check` does: looks at what a start would look at, and changes nothing.
//!
//! Left to the start: the database, because opening it may bring it up to date, and whether another
//! DHCP server answers.

use machine_core::network::Subnet;
use machine_store::key_file::{self, KeyFileError};
use pxe_server::boot_plane::probe;
use pxe_server::hashing::verify;
use pxe_server::loaders::Loaders;
use tokio_util::sync::CancellationToken;

use crate::bound::{checked_subnets, listen, plane_settings, take_interfaces};
use crate::host::is_held;
use crate::settings::Settings;
use crate::start_error::StartError;
use crate::state_access::open_to_others;

/// Looks at the host; what a start would tell and do without.
pub async fn check(settings: &Settings) -> Result<Vec<String>, StartError> {
    let subnets = checked_subnets(settings)?;
    let (_, missing) = Loaders::read(&settings.loaders);
    let mut notes: Vec<String> = missing.iter().map(ToString::to_string).collect();
    notes.extend(open_to_others(&settings.state_directory));
    check_images(settings)?;
    let directory = &settings.state_directory;
    if is_held(directory)? {
        let directory = directory.display();
        notes.push(format!(
            "another drover works on the state directory {directory}: end it before a start with \
             these settings; its key and the ports were not looked at"
        ));
        return Ok(notes);
    }
    match key_file::load(&directory.join("key")) {
        Ok(_) | Err(KeyFileError::Missing { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    check_ports(settings, &subnets).await?;
    Ok(notes)
}

fn check_images(settings: &Settings) -> Result<(), StartError> {
    let never = CancellationToken::new();
    for image in &settings.images {
        for file in [&image.kernel, &image.initrd] {
            let verified = verify(&file.path, &file.sha256, &never);
            verified.map_err(|source| StartError::Image {
                place: file.place.to_string(),
                name: image.name.clone(),
                source,
            })?;
        }
    }
    Ok(())
}

/// Binds each port and lets it go again.
async fn check_ports(settings: &Settings, subnets: &[Subnet]) -> Result<(), StartError> {
    let served = take_interfaces(settings, subnets)?;
    probe(&plane_settings(settings, served))?;
    listen(subnets, settings.event_sink_port).await?;
    listen(subnets, settings.log_port).await?;
    Ok(())
}
