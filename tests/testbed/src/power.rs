//! The buttons of a chassis: power and what it boots next.
//!
//! A machine has power exactly as long as its QEMU lives. The override of the boot order is one
//! shot by construction: QEMU hands the firmware its boot order (`bootorder` in `fw_cfg`) only at a
//! reset. So the machine is made with the network first, its order is set back before it runs its
//! first instruction, and only its next reset will see that. A reset with an override is a restart,
//! too: SeaBIOS turns one reset into two (its first pass after a reset finds its own shadow in
//! memory, restores it and resets again), and the second would see the order set back.

use std::fs::{self, File, OpenOptions};
use std::time::Duration;

use machine_core::power::{BootDevice, PowerState};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::Signal;
use serde_json::json;

use crate::chassis::Chassis;
use crate::error::LabError;
use crate::namespace::Namespace;
use crate::process::ProcessIdentity;
use crate::qemu::{boot_indexes, command_line};
use crate::qmp::Monitor;
use crate::requirement::variables;
use crate::tether::Tether;

impl Chassis {
    /// Whether it has power.
    pub fn power(&self) -> PowerState {
        if self.process().is_some() {
            PowerState::On
        } else {
            PowerState::Off
        }
    }

    /// Gives it power, if it has none.
    pub fn power_on(&self, tether: &Tether) -> Result<(), LabError> {
        let _pressed = self.lock()?;
        if self.power() == PowerState::On || self.unplugged_file().exists() {
            return Ok(());
        }
        if self.uefi && !self.variables().exists() {
            let stock = variables(self.secure_boot);
            fs::copy(stock, self.variables()).map_err(LabError::file("copy", stock.as_ref()))?;
        }
        self.start(tether)
    }

    /// Takes its power away, and waits until it is off.
    pub fn power_off(&self) -> Result<(), LabError> {
        let _pressed = self.lock()?;
        self.stop()
    }

    /// Takes its power away as if the plug was pulled: nothing in it gets another turn.
    pub fn cut_power(&self) -> Result<(), LabError> {
        let Some(process) = self.process() else {
            return Ok(());
        };
        process.signal(Signal::SIGKILL);
        process.wait_gone(END_WITHIN)
    }

    /// Pulls the plug of a machine that is off: it does not come on, whoever presses the button. Its
    /// BMC lives on.
    pub fn unplug(&self) -> Result<(), LabError> {
        let path = self.unplugged_file();
        fs::write(&path, "").map_err(LabError::file("write", &path))
    }

    /// Puts the plug in again.
    pub fn plug_in(&self) -> Result<(), LabError> {
        let path = self.unplugged_file();
        fs::remove_file(&path).map_err(LabError::file("remove", &path))
    }

    /// Presses reset; nothing happens without power.
    pub fn reset(&self, tether: &Tether) -> Result<(), LabError> {
        let _pressed = self.lock()?;
        if self.power() == PowerState::Off {
            return Ok(());
        }
        if self.boot_override() == BootDevice::Network {
            self.stop()?;
            return self.start(tether);
        }
        self.execute("system_reset")
    }

    /// Holds its processors and its clock until it is let go on: to it, no time passes. Nothing
    /// happens without power.
    pub fn hold(&self) -> Result<(), LabError> {
        let _pressed = self.lock()?;
        if self.power() == PowerState::Off {
            return Ok(());
        }
        self.execute("stop")
    }

    /// Lets go on what was held.
    pub fn let_go_on(&self) -> Result<(), LabError> {
        let _pressed = self.lock()?;
        if self.power() == PowerState::Off {
            return Ok(());
        }
        self.execute("cont")
    }

    /// Presses the power button for a moment: the operating system is asked to shut down.
    pub fn shut_down(&self) -> Result<(), LabError> {
        let _pressed = self.lock()?;
        if self.power() == PowerState::Off {
            return Ok(());
        }
        self.execute("system_powerdown")
    }

    /// What it was told to boot from, once, at the next start or reset.
    pub fn boot_override(&self) -> BootDevice {
        if self.override_file().exists() {
            BootDevice::Network
        } else {
            BootDevice::Default
        }
    }

    /// Tells it what to boot from, once, at the next start or reset.
    pub fn set_boot_override(&self, device: BootDevice) -> Result<(), LabError> {
        let path = self.override_file();
        match device {
            BootDevice::Network => {
                fs::write(&path, "network\n").map_err(LabError::file("write", &path))
            }
            BootDevice::Default if path.exists() => {
                fs::remove_file(&path).map_err(LabError::file("remove", &path))
            }
            BootDevice::Default => Ok(()),
        }
    }

    /// Its QEMU, if it runs.
    fn process(&self) -> Option<ProcessIdentity> {
        let pid = fs::read_to_string(self.pid_file()).ok()?;
        let process = ProcessIdentity::of(pid.trim().parse().ok()?)?;
        // A killed QEMU leaves its file behind, and its pid may be another's by now.
        let line = fs::read(format!("/proc/{}/cmdline", process.pid())).ok()?;
        let file = self.pid_file();
        let ours = line
            .split(|&byte| byte == 0)
            .any(|word| word == file.as_os_str().as_encoded_bytes());
        ours.then_some(process)
    }

    fn stop(&self) -> Result<(), LabError> {
        let Some(process) = self.process() else {
            return Ok(());
        };
        if self.execute("quit").is_err() {
            process.signal(Signal::SIGTERM);
        }
        process.wait_gone(END_WITHIN)
    }

    /// Starts it, with the network first if it was told so; that order is then used up.
    fn start(&self, tether: &Tether) -> Result<(), LabError> {
        if self.uefi && !self.variables().exists() {
            let stock = variables(self.secure_boot);
            fs::copy(stock, self.variables()).map_err(LabError::file("copy", stock.as_ref()))?;
        }
        let once = self.boot_override() == BootDevice::Network;
        self.make(self.network_first || once, tether)?;
        self.set_boot_override(BootDevice::Default)?;
        if once {
            self.set_own_order()?;
        }
        self.execute("cont")
    }

    /// Makes the machine, which does not run yet.
    fn make(&self, network_first: bool, tether: &Tether) -> Result<(), LabError> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .map_err(LabError::file("open", &self.log))?;
        let output = log
            .try_clone()
            .map_err(LabError::system("share the machine's log"))?;
        let mut words = command_line(self, network_first).into_iter();
        let program = words.next().unwrap_or_default();
        let mut command = Namespace::named(&*self.namespace).command(program);
        command
            .args(words)
            .stdin(tether.stdin()?)
            .stdout(output)
            .stderr(log);
        // With -daemonize, QEMU's parent ends when the machine is made and the monitor listens.
        let status = command
            .status()
            .map_err(LabError::system("start the machine"))?;
        if status.success() {
            return Ok(());
        }
        Err(LabError::Failed {
            command: crate::error::command_line(&command),
            status,
            said: fs::read_to_string(&self.log).unwrap_or_default(),
        })
    }

    fn set_own_order(&self) -> Result<(), LabError> {
        let order = boot_indexes(self, self.network_first);
        // An index must be free before another device can have it.
        let cleared = order.iter().map(|(device, _)| (device, json!(-1)));
        let set = order.iter().map(|(device, index)| (device, json!(index)));
        let mut monitor = Monitor::connect(&self.monitor())?;
        for (device, index) in cleared.chain(set) {
            let path = format!("/machine/peripheral/{device}");
            let arguments = json!({ "path": path, "property": "bootindex", "value": index });
            monitor.execute("qom-set", &arguments)?;
        }
        Ok(())
    }

    fn execute(&self, command: &str) -> Result<(), LabError> {
        Monitor::connect(&self.monitor())?
            .execute(command, &json!({}))
            .map(drop)
    }

    /// One button at a time.
    fn lock(&self) -> Result<Flock<File>, LabError> {
        let path = self.lock_file();
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(LabError::file("open", &path))?;
        Flock::lock(file, FlockArg::LockExclusive)
            .map_err(|(_, errno): (File, Errno)| LabError::file("lock", &path)(errno.into()))
    }
}

const END_WITHIN: Duration = Duration::from_secs(30);
