//! A machine's BMC: `OpenIPMI`'s `ipmi_sim`, a BMC in software, in the server's reach.
//!
//! It speaks RMCP+ on port 623 of an address of its own and drives the machine through a program,
//! `testbed-chassis` where the machine is one of QEMU's. Of the suites it knows, 3 is the strongest (17 is refused). It answers one
//! request at a time, also while a button is being pressed.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::chassis::Chassis;
use crate::error::LabError;
use crate::machine::Credentials;
use crate::program::Program;
use crate::requirement::built;
use crate::room::Room;

/// A running BMC.
#[derive(Debug)]
pub struct Bmc {
    address: SocketAddrV4,
    credentials: Credentials,
    program: Program,
}

/// What a BMC says of itself, and what it drives.
#[derive(Debug)]
pub struct BmcSettings<'a> {
    /// Its name; its output is the artefact `<name>-bmc.log`.
    pub name: &'a str,
    /// The folder of its files.
    pub folder: &'a Path,
    /// Its system GUID: 32 hexadecimal digits.
    pub guid: &'a str,
    /// Where it listens, in the server's namespace.
    pub address: Ipv4Addr,
    /// Who may drive it.
    pub credentials: Credentials,
    /// The command that switches what stands behind it, called with `get power boot`,
    /// `set boot pxe power 1` and the like (`ipmi_lan(5)`, `chassis_control`).
    pub control: String,
}

impl Bmc {
    /// Starts the BMC of `chassis` at `address` and waits until it answers.
    pub(crate) fn of_chassis(
        room: &Room,
        chassis: &Chassis,
        address: Ipv4Addr,
        credentials: Credentials,
    ) -> Result<Self, LabError> {
        let control = built("testbed-chassis", "testbed")?;
        let settings = BmcSettings {
            name: &chassis.name,
            folder: &chassis.folder.join("bmc"),
            guid: &chassis.uuid.replace('-', ""),
            address,
            credentials,
            control: format!("{} {}", control.display(), chassis.folder.display()),
        };
        Self::start(room, settings)
    }

    /// Starts a BMC and waits until it answers: any error in its files makes it run without ever
    /// opening its port.
    pub(crate) fn start(room: &Room, told: BmcSettings<'_>) -> Result<Self, LabError> {
        let state = told.folder.join("state");
        fs::create_dir_all(&state).map_err(LabError::file("create", &state))?;
        let settings = settings(&told)?;
        let write = |name: &str, text: &str| {
            let path = told.folder.join(name);
            fs::write(&path, text).map_err(LabError::file("write", &path))?;
            Ok::<_, LabError>(path)
        };
        let mut command = room.network.server().command("ipmi_sim");
        command
            .arg("-n")
            .arg("-c")
            .arg(write("lan.conf", &settings)?)
            .arg("-f")
            .arg(write("bmc.emu", EMULATION)?)
            .arg("-s")
            .arg(state);
        let address = SocketAddrV4::new(told.address, PORT);
        let program = room.start(&format!("{}-bmc", told.name), command)?;
        room.network.server().enter(|| await_answer(address))??;
        Ok(Self {
            address,
            credentials: told.credentials,
            program,
        })
    }

    /// Where it listens, as seen from the server's namespace.
    pub const fn address(&self) -> SocketAddrV4 {
        self.address
    }

    /// Who may drive it.
    pub const fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Its program, for those who want it to fail.
    pub const fn program(&mut self) -> &mut Program {
        &mut self.program
    }
}

/// The simulator's settings (`ipmi_lan(5)`).
fn settings(told: &BmcSettings<'_>) -> Result<String, LabError> {
    let BmcSettings {
        name,
        guid,
        address,
        control,
        ..
    } = told;
    let Credentials { user, password } = &told.credentials;
    // IPMI 2.0 §22.28, §22.30: 16 characters for a name, 20 for a password.
    for (what, text, longest) in [("BMC user", user, 16), ("BMC password", password, 20)] {
        if text.is_empty() || text.len() > longest || text.contains(['"', '\\', '\n']) {
            return Err(LabError::Unfit {
                what,
                wanted: "1 to 16 (a password: 20) characters without quotes",
                got: format!("{} characters", text.len()),
            });
        }
    }
    let methods = "none md2 md5 straight";
    Ok(format!(
        "name \"{name}\"\n\
         set_working_mc 0x20\n\
         startlan 1\n\
         addr {address} {PORT}\n\
         priv_limit admin\n\
         allowed_auths_callback {methods}\n\
         allowed_auths_user {methods}\n\
         allowed_auths_operator {methods}\n\
         allowed_auths_admin {methods}\n\
         guid {guid}\n\
         endlan\n\
         chassis_control \"{control}\"\n\
         user 1 false \"\" \"\" user 10 {methods}\n\
         user 2 true \"{user}\" \"{password}\" admin 10 {methods}\n"
    ))
}

/// Asks for the authentication capabilities (IPMI 2.0 §22.13, outside a session) until they come.
fn await_answer(address: SocketAddrV4) -> Result<(), LabError> {
    let doing = || format!("ask the BMC at {address}");
    let socket = UdpSocket::bind("0.0.0.0:0").map_err(LabError::system(doing()))?;
    socket
        .connect(address)
        .and_then(|()| socket.set_read_timeout(Some(ASK_EVERY)))
        .map_err(LabError::system(doing()))?;
    let deadline = Instant::now() + ANSWER_WITHIN;
    while Instant::now() < deadline {
        let asked = socket.send(&GET_AUTHENTICATION_CAPABILITIES);
        match asked.and_then(|_| socket.recv(&mut [0; 512])) {
            Ok(_) => return Ok(()),
            // The port is not open yet: the kernel says so at once.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                std::thread::sleep(ASK_EVERY / 10);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(LabError::system(doing())(error)),
        }
    }
    Err(LabError::Late {
        wanted: format!("answer of the BMC at {address}"),
        within: ANSWER_WITHIN,
        last: "nothing".to_owned(),
    })
}

/// What kind of BMC it is (`ipmi_sim_cmd(5)`): one management controller, an event log, no sensors.
const EMULATION: &str = "\
mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02
sel_enable 0x20 1000 0x0a
sensor_add 0x20 0 1 35 0x6f event-only
mc_enable 0x20
";

/// RMCP and IPMI 1.5 headers without a session (IPMI 2.0 §13.1.3, §13.6), then the message: from
/// 81h to the BMC (20h), application function, command 38h, channel 0Eh (this one), administrator.
const GET_AUTHENTICATION_CAPABILITIES: [u8; 23] = [
    0x06, 0x00, 0xff, 0x07, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0x20, 0x18, 0xc8, 0x81, 0x00, 0x38,
    0x0e, 0x04, 0x35,
];

const PORT: u16 = 623;
const ASK_EVERY: Duration = Duration::from_millis(200);
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
