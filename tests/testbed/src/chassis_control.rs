//! The program that `ipmi_sim` calls when it is told to do something to its machine.
//!
//! It is called as `PROGRAM FOLDER get power boot` and prints `power:1`, or as
//! `PROGRAM FOLDER set boot pxe power 1` (openipmi 2.0.33, `chassis_control` in `ipmi_lan(5)`).

use std::path::Path;

use machine_core::power::{BootDevice, PowerState};

use crate::chassis::Chassis;
use crate::error::LabError;
use crate::tether::Tether;

/// Does what the words ask of the chassis in `folder`; what is to be printed.
pub fn run(folder: &Path, words: &[&str]) -> Result<String, LabError> {
    let chassis = Chassis::load(folder)?;
    match words {
        ["get", names @ ..] => Ok(names.iter().map(|name| get(&chassis, name)).collect()),
        ["set", pairs @ ..] => {
            for pair in pairs.chunks(2) {
                if let [name, value] = pair {
                    set(&chassis, name, value)?;
                }
            }
            Ok(String::new())
        }
        // `check` asks what could be set; all that it asks for can.
        ["check", ..] => Ok(String::new()),
        _ => Err(LabError::Unfit {
            what: "the simulator's call",
            wanted: "get, set or check",
            got: words.join(" "),
        }),
    }
}

fn get(chassis: &Chassis, name: &str) -> String {
    match name {
        "power" => format!("power:{}\n", u8::from(chassis.power() == PowerState::On)),
        "boot" => match chassis.boot_override() {
            BootDevice::Network => "boot:pxe\n".to_owned(),
            BootDevice::Default => "boot:none\n".to_owned(),
        },
        _ => format!("{name}:0\n"),
    }
}

fn set(chassis: &Chassis, name: &str, value: &str) -> Result<(), LabError> {
    match (name, value) {
        ("power", "1") => chassis.power_on(&Tether::none()),
        ("power", _) => chassis.power_off(),
        ("reset", "1") => chassis.reset(&Tether::none()),
        ("shutdown", "1") => chassis.shut_down(),
        ("boot", "pxe") => chassis.set_boot_override(BootDevice::Network),
        ("boot", _) => chassis.set_boot_override(BootDevice::Default),
        _ => Ok(()),
    }
}
