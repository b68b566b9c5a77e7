//! `OpenIPMI`'s `ipmi_sim` (Debian's openipmi, 2.0.33): its files, and how to see that it runs.
//!
//! It speaks suite 3, not 17, and of the boot flags it keeps the device alone. It answers one request
//! at a time, also while the program behind it is pressing a button.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::LabError;

/// Who may log in.
#[derive(Debug, Clone, Copy)]
pub struct User<'a> {
    /// The name; empty for the anonymous user.
    pub name: &'a str,
    /// The password.
    pub password: &'a str,
    /// `user`, `operator` or `admin`.
    pub level: &'a str,
}

/// What an emulator is to be.
#[derive(Debug)]
pub struct Emulator<'a> {
    /// Its name.
    pub name: &'a str,
    /// The folder of its files.
    pub folder: &'a Path,
    /// Its system GUID: 32 hexadecimal digits.
    pub guid: &'a str,
    /// Where it listens.
    pub address: SocketAddrV4,
    /// Who may log in, from its second user on; the first is switched off.
    pub users: &'a [User<'a>],
    /// The command that switches what stands behind it, called with `get power boot`,
    /// `set boot pxe power 1` and the like (`ipmi_lan(5)`, `chassis_control`).
    pub control: &'a str,
}

impl Emulator<'_> {
    /// Writes its files; the arguments that `ipmi_sim` is to be started with.
    pub fn prepare(&self) -> Result<Vec<PathBuf>, LabError> {
        let state = self.folder.join("state");
        fs::create_dir_all(&state).map_err(LabError::file("create", &state))?;
        let write = |name: &str, text: &str| {
            let path = self.folder.join(name);
            fs::write(&path, text).map_err(LabError::file("write", &path))?;
            Ok::<_, LabError>(path)
        };
        let lan = write("lan.conf", &self.settings()?)?;
        let emulation = write("bmc.emu", EMULATION)?;
        let option = |text: &str| PathBuf::from(text);
        Ok(vec![
            option("-n"),
            option("-c"),
            lan,
            option("-f"),
            emulation,
            option("-s"),
            state,
        ])
    }

    /// Its settings (`ipmi_lan(5)`).
    fn settings(&self) -> Result<String, LabError> {
        let Self {
            name,
            guid,
            address,
            control,
            ..
        } = self;
        let users: Vec<String> = (2..)
            .zip(self.users)
            .map(|(n, it)| it.line(n))
            .collect::<Result<_, _>>()?;
        Ok(format!(
            "name \"{name}\"\n\
             set_working_mc 0x20\n\
             startlan 1\n\
             addr {} {}\n\
             priv_limit admin\n\
             allowed_auths_callback {METHODS}\n\
             allowed_auths_user {METHODS}\n\
             allowed_auths_operator {METHODS}\n\
             allowed_auths_admin {METHODS}\n\
             guid {guid}\n\
             endlan\n\
             chassis_control \"{control}\"\n\
             user 1 false \"\" \"\" user 10 {METHODS}\n\
             {}",
            address.ip(),
            address.port(),
            users.concat()
        ))
    }
}

impl User<'_> {
    fn line(&self, number: u32) -> Result<String, LabError> {
        let Self {
            name,
            password,
            level,
        } = self;
        // IPMI 2.0 §22.28, §22.30: 16 characters for a name, 20 for a password.
        for (what, text, longest) in [("BMC user", name, 16), ("BMC password", password, 20)] {
            if text.len() > longest || text.contains(['"', '\\', '\n']) {
                return Err(LabError::Unfit {
                    what,
                    wanted: "at most 16 (a password: 20) characters without quotes",
                    got: format!("{} characters", text.len()),
                });
            }
        }
        Ok(format!(
            "user {number} true \"{name}\" \"{password}\" {level} 10 {METHODS}\n"
        ))
    }
}

/// Asks for the authentication capabilities (IPMI 2.0 §22.13, outside a session) until they come: any
/// error in its files makes it run without ever opening its port. Gives up when it does not run any
/// more: it ends where its port is taken.
pub fn await_answer(
    address: SocketAddrV4,
    mut is_running: impl FnMut() -> bool,
) -> Result<(), LabError> {
    let doing = || format!("ask the BMC at {address}");
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).map_err(LabError::system(doing()))?;
    socket
        .connect(address)
        .and_then(|()| socket.set_read_timeout(Some(ASK_EVERY)))
        .map_err(LabError::system(doing()))?;
    let deadline = Instant::now() + ANSWER_WITHIN;
    while Instant::now() < deadline && is_running() {
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

const METHODS: &str = "none md2 md5 straight";

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

const ASK_EVERY: Duration = Duration::from_millis(200);
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
