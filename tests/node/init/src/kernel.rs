//! The kernel's side: mounts, modules, restart.

use crate::error::InitError;
use nix::kmod::{ModuleInitFlags, finit_module};
use nix::mount::{MsFlags, mount};
use nix::sys::reboot::{RebootMode, reboot};
use std::fs::File;
use std::path::Path;

/// Mounts what everything else needs, and quietens the console.
pub(crate) fn prepare() -> Result<(), InitError> {
    for (kind, place) in [
        ("proc", "/proc"),
        ("sysfs", "/sys"),
        ("devtmpfs", "/dev"),
        ("tmpfs", "/run"),
    ] {
        std::fs::create_dir_all(place)?;
        let flags = MsFlags::empty();
        mount(Some(kind), place, Some(kind), flags, None::<&str>).map_err(|errno| {
            InitError::System {
                what: format!("mount {place}"),
                errno,
            }
        })?;
    }
    std::fs::write("/proc/sys/kernel/printk", "4 4 1 4")?;
    Ok(())
}

/// Loads the modules of the image in the order of its list.
pub(crate) fn load_modules() -> Result<usize, InitError> {
    let list = std::fs::read_to_string("/modules/list")?;
    for name in list.lines() {
        let file = File::open(Path::new("/modules").join(name))?;
        match finit_module(&file, c"", ModuleInitFlags::empty()) {
            Ok(()) | Err(nix::errno::Errno::EEXIST) => {}
            Err(errno) => {
                return Err(InitError::System {
                    what: format!("module {name}"),
                    errno,
                });
            }
        }
    }
    Ok(list.lines().count())
}

/// Restarts the machine. Comes back only if the kernel refuses.
pub(crate) fn restart() -> InitError {
    nix::unistd::sync();
    match reboot(RebootMode::RB_AUTOBOOT) {
        Ok(never) => match never {},
        Err(errno) => InitError::System {
            what: "reboot".to_owned(),
            errno,
        },
    }
}
