//! The first process of the node image: it gives the `node` crate a kernel, a disk and a network.
//!
//! The same program is also the script that udhcpc runs when it has a lease: then its first argument
//! is the name of what happened to the lease. And it makes the image of a slot while the node image
//! is built: `slot-image FILE` writes it to its output.

mod api;
mod certificates;
mod console;
mod disks;
mod download;
mod driver;
mod error;
mod event_sink;
mod hardware;
mod inbox;
mod installer;
mod kernel;
mod lease;
mod line_log;
mod resources;
mod services;
mod trust;

use error::InitError;
use std::process::ExitCode;

fn main() -> ExitCode {
    let lease_event = std::env::args().nth(1);
    let result = match lease_event.as_deref() {
        Some("slot-image") => disks::print_slot_image(std::env::args().nth(2).as_deref()),
        Some(event @ ("deconfig" | "bound" | "renew" | "leasefail" | "nak")) => {
            lease::changed(event)
        }
        _ => run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            console::say(&format!("fatal: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Boots. Returns only if something that must work did not; the kernel then panics, and restarts the
/// machine if its command line says so.
fn run() -> Result<(), InitError> {
    kernel::prepare()?;
    console::say("init");
    let loaded = kernel::load_modules()?;
    console::say(&format!("{loaded} modules loaded"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(driver::run())
}
