//! Passwords: in no error, no debug form, no log.

use std::error::Error;
use std::io::{Result, Write};
use std::sync::{Arc, Mutex};

use bmc_control::connect::Connector;
use bmc_control::limits::Limits;
use machine_core::power::{BootDevice, BootOverride};
use tracing::Dispatch;
use tracing::subscriber::{NoSubscriber, set_default};
use tracing_subscriber::fmt::MakeWriter;

use crate::ipmi_sim::IpmiSim;
use crate::trouble::driver;

/// A log in memory.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Every way to print something, after logins that succeed and that fail, on the emulator and on a
/// BMC that refuses: the passwords are in none.
#[tokio::test]
async fn passwords_are_nowhere() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(log.clone())
        .with_ansi(false)
        .with_max_level(tracing::Level::TRACE)
        .finish();
    // With only one there is, tracing takes the word of whichever thread logs first, and other tests'
    // threads want nothing logged.
    let _second = Dispatch::new(NoSubscriber::default());
    let _guard = set_default(subscriber);
    let sim = IpmiSim::start();
    let connector = Connector::new(Limits::DEFAULT);
    let mut printed = Vec::new();
    for password in [
        "secret123",
        "wrong-canary",
        "a-canary-of-more-than-20-bytes",
    ] {
        let bmc = driver(&connector, sim.address, password);
        let asked = BootOverride {
            device: BootDevice::Network,
            efi: true,
        };
        printed.push(format!("{bmc:?} {bmc:#?} {connector:#?}"));
        let mut session = bmc.session().await.unwrap();
        printed.push(format!(
            "{:?} {:?} {session:?}",
            session.set_boot(asked).await,
            session.identity().await
        ));
        session.close().await;
        if let Err(error) = bmc.power().await {
            let mut cause: Option<&dyn Error> = Some(&error);
            while let Some(error) = cause {
                printed.push(format!("{error} {error:?} {error:#?}"));
                cause = error.source();
            }
        }
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("boot override"), "the log is caught: {log}");
    printed.push(log);
    let printed = printed.join("\n");
    assert!(printed.contains("ADMIN"), "{printed}");
    for canary in ["secret123", "canary"] {
        for form in [
            canary.to_owned(),
            format!("{:02x?}", canary.as_bytes()).replace(['[', ']', ',', ' '], ""),
            format!("{:?}", canary.as_bytes()).replace(['[', ']'], ""),
        ] {
            assert!(!printed.contains(&form), "{form} in {printed}");
        }
    }
}
