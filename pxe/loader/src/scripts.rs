//! The scripts that Drover gives to iPXE.
//!
//! None ends where a machine would be stuck: what fails is tried again at the server, whose answer
//! may have changed, or the network is left for the next boot device.

use machine_core::hardware::Firmware;

use crate::command_line::{Argument, CommandLine, InvalidArgument};
use crate::expansion::Expansion;
use crate::script::{Command, ImageName, Label, Line, Script};
use crate::text::Text;
use crate::url::Url;

/// The first script of every boot: asks for the script of this machine at `url`, and tells what
/// iPXE knows of it. Without an answer for about half a minute it leaves the network.
pub fn identify(url: &Url) -> Script {
    let ask = || Command::Chain {
        url: url.clone(),
        facts: Expansion::IDENTITY.to_vec(),
    };
    let mut lines: Vec<Line> = PAUSES
        .iter()
        .map(|seconds| Line::RunOr(ask(), Command::Sleep(*seconds)))
        .collect();
    lines.push(Line::RunOr(
        ask(),
        Command::Echo(Text::new("No script from Drover, leaving the network")),
    ));
    lines.push(Line::ExitByPlatform);
    Script { lines }
}

/// The same for an iPXE that asks before it has an address (`autoexec.ipxe`).
pub fn identify_early(url: &Url) -> Script {
    let no_address = Text::new("No address was to be had");
    let Script { lines } = identify(url);
    let address = Line::RunOr(Command::Dhcp, Command::Echo(no_address));
    Script {
        lines: std::iter::once(address).chain(lines).collect(),
    }
}

/// What a machine boots over the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    /// The kernel.
    pub kernel: Url,
    /// Its arguments, without `initrd=`.
    pub arguments: CommandLine,
    /// Its initial RAM disks, in the order in which they are unpacked.
    pub initrds: Vec<Url>,
}

/// Boots a kernel, and asks `again` for a script if that does not work out.
///
/// Under UEFI the kernel is told the names of its initial RAM disks, which it reads as files; on a
/// BIOS iPXE puts them into memory.
pub fn boot(firmware: Firmware, images: &Images, again: &Url) -> Result<Script, InvalidArgument> {
    let names = || (0..=u8::MAX).map(ImageName::Initrd);
    let mut arguments = images.arguments.clone();
    if firmware == Firmware::Uefi {
        for (name, _) in names().zip(&images.initrds) {
            arguments = arguments.with(Argument::new("initrd", Some(&name.to_string()))?)?;
        }
    }
    let url = images.kernel.clone();
    let mut commands = vec![Command::Kernel { url, arguments }];
    commands.extend(names().zip(&images.initrds).map(|(name, url)| {
        let url = url.clone();
        Command::Initrd { name, url }
    }));
    commands.push(Command::Boot);
    let or_again = |command| Line::RunOr(command, Command::Goto(Label::Again));
    let mut lines = vec![Line::Run(Command::ForgetImages)];
    lines.extend(commands.into_iter().map(or_again));
    lines.extend(ask_again(
        &Text::new("Drover: the system did not start, asking again"),
        RETRY,
        again,
    ));
    Ok(Script { lines })
}

/// Shows why the machine waits, and asks `again` after so many seconds.
pub fn wait(because: &Text, seconds: u16, again: &Url) -> Script {
    Script {
        lines: ask_again(because, seconds, again),
    }
}

/// Shows why the machine leaves the network, and leaves it in this way.
pub fn leave(because: &Text, way: LocalBoot) -> Script {
    let mut lines = vec![Line::Run(Command::Echo(because.clone()))];
    lines.push(match way {
        LocalBoot::ByPlatform => Line::ExitByPlatform,
        LocalBoot::Exit => Line::Run(Command::Exit(0)),
        LocalBoot::ExitFailure => Line::Run(Command::Exit(1)),
        LocalBoot::Sanboot => Line::RunOr(Command::SanbootLocal, Command::Exit(0)),
    });
    Script { lines }
}

/// How to leave iPXE for the local disk. Which one works differs between firmwares; these are the
/// ways that a script has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LocalBoot {
    /// By what iPXE says it runs on: [`Self::ExitFailure`] under UEFI, else [`Self::Exit`].
    ByPlatform,
    /// Success: a BIOS goes on with its next boot device (SeaBIOS: 9 s to the disk). UEFI ends its
    /// boot loop with it: OVMF opens its setup and waits there.
    Exit,
    /// Failure: UEFI goes on with its next boot option, which may be the other network protocols
    /// before the disk (OVMF: 37 s).
    ExitFailure,
    /// Starts the first disk of the BIOS (SeaBIOS: 8 s); iPXE of 2019 has no disks under UEFI.
    Sanboot,
}

impl LocalBoot {
    /// The ways that firmware of this kind may know, the first to be tried first.
    pub const fn ways(firmware: Firmware) -> &'static [Self] {
        match firmware {
            Firmware::Bios => &[Self::Exit, Self::Sanboot],
            Firmware::Uefi => &[Self::ExitFailure, Self::Exit],
        }
    }
}

fn ask_again(because: &Text, seconds: u16, again: &Url) -> Vec<Line> {
    let ask = Command::Chain {
        url: again.clone(),
        facts: Expansion::IDENTITY.to_vec(),
    };
    vec![
        Line::Label(Label::Again),
        Line::Run(Command::Echo(because.clone())),
        Line::Run(Command::Sleep(seconds)),
        Line::RunOr(ask, Command::Goto(Label::Again)),
    ]
}

/// Seconds between the first questions: the server may be starting.
const PAUSES: [u16; 4] = [2, 4, 8, 16];

/// Seconds before a boot that failed is tried again.
const RETRY: u16 = 10;
