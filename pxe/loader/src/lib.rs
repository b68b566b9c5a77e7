//! Bootloaders as a catalogue: which firmware gets which file, and which script.
//!
//! File names of loaders exist in [`bootloaders`] only; every name that is advertised is a name that
//! is found again. Scripts are typed commands, and their writer cannot be talked into another
//! command: what comes from outside is a checked value before it gets near a script.

#![forbid(unsafe_code)]

pub mod asked_name;
pub mod bootloader;
pub mod bootloaders;
pub mod command_line;
pub mod expansion;
pub mod grub_config;
pub mod grub_configs;
pub mod ipxe_version;
pub mod loader_choice;
pub mod made;
pub mod script;
pub mod scripts;
pub mod text;
pub mod url;
