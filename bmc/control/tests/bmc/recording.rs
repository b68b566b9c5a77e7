//! Makes the recording that `bmc/ipmi/tests/recorded.rs` replays: each datagram of one session with
//! `ipmi_sim`, our random bytes fixed. Run by hand, to a new file:
//! `cargo test -p bmc-control --test bmc -- --ignored record > FILE`, then keep its hexadecimal lines.

use std::net::UdpSocket;
use std::time::Duration;

use bmc_ipmi::chassis::{ChassisControl, GetBootFlags, GetChassisStatus, SetBootOptions};
use bmc_ipmi::cipher::CipherSuite;
use bmc_ipmi::login::{Login, Password};
use bmc_ipmi::privilege::Privilege;
use bmc_ipmi::retry::Timing;
use bmc_ipmi::session::{Entropy, Handled, Session, Settings};
use machine_core::endpoint::IpmiWorkarounds;
use machine_core::power::{BootDevice, BootOverride};

use crate::ipmi_sim::IpmiSim;

#[test]
#[ignore = "makes a recording, tests nothing"]
fn record() {
    let sim = IpmiSim::start();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(sim.address).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    let login = Login {
        username: "ADMIN".to_owned(),
        password: Password::new("secret123"),
        bmc_key: None,
        workarounds: IpmiWorkarounds::default(),
    };
    let settings = Settings {
        suite: CipherSuite::Suite3,
        privilege: Privilege::Operator,
        timing: Timing::DEFAULT,
    };
    let entropy = Entropy {
        session_id: [0xa1, 0xa2, 0xa3, 0xa4],
        random_number: *b"a-random-number!",
    };
    let mut session = Session::open(login, settings, entropy).unwrap();
    exchange(&mut session, &socket, 0);
    session.request(GetChassisStatus).unwrap();
    exchange(&mut session, &socket, 1);
    session.request(ChassisControl::PowerUp).unwrap();
    exchange(&mut session, &socket, 2);
    session.request(GetChassisStatus).unwrap();
    exchange(&mut session, &socket, 3);
    let flags = BootOverride {
        device: BootDevice::Network,
        efi: true,
    };
    session.request(SetBootOptions::Flags(flags)).unwrap();
    exchange(&mut session, &socket, 4);
    session.request(GetBootFlags).unwrap();
    exchange(&mut session, &socket, 5);
    session.close();
    exchange(&mut session, &socket, 6);
}

/// Question and answer until the login is done, the command answered, or the session closed.
#[expect(clippy::print_stdout, reason = "this is where the recording goes")]
fn exchange(session: &mut Session, socket: &UdpSocket, iv: u8) {
    loop {
        let question = session.transmit([iv; 16], Duration::ZERO).unwrap();
        socket.send(&question).unwrap();
        let mut buffer = [0; 1024];
        let length = socket.recv(&mut buffer).unwrap();
        let hex = |text: String, byte: &u8| format!("{text}{byte:02x}");
        println!("> {}", question.iter().fold(String::new(), hex));
        println!("< {}", buffer[..length].iter().fold(String::new(), hex));
        match session.handle(&buffer[..length]) {
            Handled::Continued => {}
            Handled::Ignored(_) | Handled::Failed(_) => panic!("not an answer"),
            Handled::Opened | Handled::Replied(_) | Handled::Closed => return,
        }
    }
}
