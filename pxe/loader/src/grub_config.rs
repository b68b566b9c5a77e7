//! GRUB's configuration as typed commands, and their writer.
//!
//! GRUB takes a text between single quotes as it is: nothing in it is expanded, cut or joined, and
//! only another single quote ends it (GRUB manual, "Quoting"). So every text stands between them,
//! and holds none. Commands are those of Debian 12's signed GRUB (2.06), which loads no modules.

use std::fmt;

use crate::command_line::CommandLine;
use crate::text::Text;

/// A configuration. Its text is its `Display`; `Debug` shows no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrubConfig {
    /// Its commands, in order.
    pub commands: Vec<GrubCommand>,
}

/// A command, or a few that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrubCommand {
    /// Sets variables to what the board's SMBIOS says.
    ReadBoard,
    /// Asks for the machine's configuration again and again, and follows it; leaves GRUB when it was
    /// not to be had so many times in a row.
    AskForEver {
        /// How many times.
        tries: u8,
        /// Seconds between two.
        pause: u16,
    },
    /// Shows a line.
    Echo(Text),
    /// Waits so many seconds.
    Sleep(u16),
    /// Loads a kernel and its initial RAM disks, and starts it if all are there.
    Boot {
        /// The kernel's file.
        kernel: GrubPath,
        /// What it is told.
        arguments: CommandLine,
        /// The files of its initial RAM disks, in the order in which they are unpacked.
        initrds: Vec<GrubPath>,
    },
    /// Starts the loader of the local disk, where UEFI looks for one by itself (UEFI specification
    /// 2.10, §3.5.1.1), if there is one that may be started.
    StartLocalDisk,
    /// Leaves GRUB.
    Exit,
}

/// A file on the server that GRUB came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrubPath(String);

impl GrubPath {
    /// Of the kernel or initial RAM disk of this digest, in hexadecimal; none if it is not one.
    pub fn asset(digest: &str, name: AssetName) -> Option<Self> {
        let is_digest = digest.len() == 64 && digest.bytes().all(|it| it.is_ascii_hexdigit());
        let name = match name {
            AssetName::Kernel => "kernel",
            AssetName::Initrd => "initrd",
        };
        is_digest.then(|| Self(crate::made::Made::asset(digest, name)))
    }
}

/// What an asset is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssetName {
    /// A kernel.
    Kernel,
    /// An initial RAM disk.
    Initrd,
}

impl fmt::Display for GrubPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", self.0)
    }
}

impl fmt::Display for GrubConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.commands.iter().try_for_each(|it| writeln!(f, "{it}"))
    }
}

impl fmt::Display for GrubCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReadBoard => f.write_str(READ_BOARD),
            Self::AskForEver { tries, pause } => write_asking(f, *tries, *pause),
            Self::Echo(text) => write!(f, "echo {}", Quoted(text.as_str())),
            Self::Sleep(seconds) => write!(f, "sleep {seconds}"),
            Self::Boot {
                kernel,
                arguments,
                initrds,
            } => write_boot(f, kernel, arguments, initrds),
            Self::StartLocalDisk => f.write_str(START_LOCAL_DISK),
            Self::Exit => f.write_str("exit"),
        }
    }
}

fn write_boot(
    f: &mut fmt::Formatter<'_>,
    kernel: &GrubPath,
    arguments: &CommandLine,
    initrds: &[GrubPath],
) -> fmt::Result {
    write!(f, "if linux {kernel}")?;
    for argument in arguments.arguments() {
        write!(f, " {}", Quoted(&argument.to_string()))?;
    }
    f.write_str(" ; then\n")?;
    if initrds.is_empty() {
        return f.write_str("boot\nfi");
    }
    f.write_str("if initrd")?;
    initrds.iter().try_for_each(|path| write!(f, " {path}"))?;
    f.write_str(" ; then\nboot\nfi\nfi")
}

/// What GRUB says of the machine is in the name of the file, since TFTP has no other place. What
/// people and vendors chose comes last: it may hold anything.
fn write_asking(f: &mut fmt::Formatter<'_>, tries: u8, pause: u16) -> fmt::Result {
    let failed = "x".repeat(usize::from(tries));
    let script = crate::made::GRUB_SCRIPT;
    write!(
        f,
        "set failed=\"\"\n\
         while [ \"${{failed}}\" != \"{failed}\" ] ; do\n\
         if source \"/{script}uuid=${{uuid}}&platform=efi&arch=${{grub_cpu}}\
         &mac=${{net_default_mac}}&serial=${{serial}}&manufacturer=${{manufacturer}}\
         &product=${{product}}\" ; then\n\
         set failed=\"\"\n\
         else\n\
         set failed=\"x${{failed}}\"\n\
         sleep {pause}\n\
         fi\n\
         done"
    )
}

/// A text between single quotes, with double ones for its own.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.0.replace('\'', "\""))
    }
}

/// System information (SMBIOS specification 3.7, §7.2): UUID at 8, and the numbers of the texts.
const READ_BOARD: &str = "\
smbios --type 1 --get-uuid 8 --set uuid
smbios --type 1 --get-string 4 --set manufacturer
smbios --type 1 --get-string 5 --set product
smbios --type 1 --get-string 7 --set serial";

/// The disk becomes the root, since the loader is told that it comes from there (`chainloader.c`).
const START_LOCAL_DISK: &str = "\
if [ \"${grub_cpu}\" = \"arm64\" ] ; then
set loader=/EFI/BOOT/BOOTAA64.EFI
else
set loader=/EFI/BOOT/BOOTX64.EFI
fi
if search --no-floppy --set=root --file \"${loader}\" ; then
if chainloader \"${loader}\" ; then
boot
fi
fi";
