//! iPXE scripts as typed lines, and their writer.
//!
//! iPXE cuts a script into lines (a `\` at the end joins two), a line at white space, and takes `||`,
//! `&&`, `;` and a word that begins with `#` for more than words; then it expands `${…}` in each
//! word, again and again (`script.c`, `exec.c`, `settings.c`). Nothing in a [`Line`] can hold any of
//! that, except an [`Expansion`], so that a script has the lines that it was made of, whatever its
//! values are. Commands and options are those of iPXE 1.0.0+git-20190125.

use std::fmt;

use crate::command_line::CommandLine;
use crate::expansion::Expansion;
use crate::text::Text;
use crate::url::Url;

/// An iPXE script. Its text is its `Display`; `Debug` shows no secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// Its lines. It ends with the first command that fails and has no other to run instead.
    pub lines: Vec<Line>,
}

/// A line of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A remark for readers of the script.
    Comment(Text),
    /// A place to go to.
    Label(Label),
    /// A command.
    Run(Command),
    /// A command, and another if it fails.
    RunOr(Command, Command),
    /// Leaves iPXE with status 1 under UEFI and 0 on a BIOS.
    ExitByPlatform,
}

/// A place in a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// Where the server is asked again.
    Again,
}

impl Label {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Again => "again",
        }
    }
}

/// The name of an image in iPXE's memory. Under UEFI the kernel finds its initial RAM disk as a file
/// of this name, so that the argument `initrd=` must equal it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageName {
    /// The kernel.
    Kernel,
    /// An initial RAM disk, counted from 0.
    Initrd(u8),
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kernel => f.write_str("kernel"),
            Self::Initrd(number) => write!(f, "initrd{number}"),
        }
    }
}

/// A command of iPXE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Shows a line.
    Echo(Text),
    /// Forgets all images: a BIOS kernel would take whatever is left for initial RAM disks.
    ForgetImages,
    /// Loads a kernel.
    Kernel {
        /// From where.
        url: Url,
        /// What it is told.
        arguments: CommandLine,
    },
    /// Loads an initial RAM disk.
    Initrd {
        /// Its name for the kernel.
        name: ImageName,
        /// From where.
        url: Url,
    },
    /// Starts the kernel.
    Boot,
    /// Ends this script and runs another in its place, so that the other's exit status is ours.
    Chain {
        /// From where.
        url: Url,
        /// What iPXE adds to the URL's query.
        facts: Vec<Expansion>,
    },
    /// Goes on at a label.
    Goto(Label),
    /// Waits so many seconds.
    Sleep(u16),
    /// Asks for an address, on all cards.
    Dhcp,
    /// Leaves iPXE; the firmware gets the status.
    Exit(u8),
    /// Starts the first disk of the BIOS.
    SanbootLocal,
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("#!ipxe\n")?;
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Comment(text) => write!(f, "# {text}"),
            Self::Label(label) => write!(f, ":{}", label.as_str()),
            Self::Run(command) => command.fmt(f),
            Self::RunOr(command, otherwise) => write!(f, "{command} || {otherwise}"),
            Self::ExitByPlatform => {
                let platform = Expansion::Platform.reference();
                write!(f, "iseq {platform} efi && exit 1 || exit 0")
            }
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Echo(text) => write!(f, "echo {text}"),
            Self::ForgetImages => f.write_str("imgfree"),
            Self::Kernel { url, arguments } => {
                let name = ImageName::Kernel;
                write!(f, "kernel --name {name} {} {arguments}", url.as_str())
            }
            Self::Initrd { name, url } => write!(f, "initrd --name {name} {}", url.as_str()),
            Self::Boot => f.write_str("boot"),
            Self::Chain { url, facts } => {
                write!(f, "chain --autofree --replace {}", url.as_str())?;
                write_query(f, url, facts)
            }
            Self::Goto(label) => write!(f, "goto {}", label.as_str()),
            Self::Sleep(seconds) => write!(f, "sleep {seconds}"),
            Self::Dhcp => f.write_str("dhcp"),
            Self::Exit(status) => write!(f, "exit {status}"),
            Self::SanbootLocal => f.write_str("sanboot --no-describe --drive 0x80"),
        }
    }
}

fn write_query(f: &mut fmt::Formatter<'_>, url: &Url, facts: &[Expansion]) -> fmt::Result {
    let mut separator = if url.has_query() { '&' } else { '?' };
    for fact in facts {
        write!(f, "{separator}{}={}", fact.key(), fact.reference())?;
        separator = '&';
    }
    Ok(())
}
