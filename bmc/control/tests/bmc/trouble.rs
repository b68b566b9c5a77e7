//! BMCs that are not there, talk nonsense, or know only weaker suites.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bmc_control::bmc::Bmc;
use bmc_control::connect::Connector;
use bmc_control::error::BmcError;
use bmc_control::limits::Limits;
use bmc_ipmi::error::{IpmiError, Step};
use bmc_ipmi::login::Password;
use bmc_ipmi::retry::Timing;
use machine_core::endpoint::{BmcEndpoint, IpmiEndpoint};
use tokio::net::UdpSocket;

use crate::model_bmc::ModelBmc;
use crate::model_bmc::model::lie::Lie;
use crate::model_bmc::model::{self, SUITE_3, SUITE_17};

/// For BMCs that never answer.
const IMPATIENT: Limits = limits(Duration::from_millis(20), 3);

/// For BMCs that answer all but one step: soon enough there, patient enough on a busy host elsewhere.
pub(crate) const LIVELY: Limits = limits(Duration::from_millis(200), 8);

pub(crate) const fn limits(first_wait: Duration, sends: u8) -> Limits {
    Limits {
        timing: Timing {
            first_wait,
            longest_wait: first_wait.saturating_mul(8),
            sends,
            sends_of_open_session: sends,
        },
        ..Limits::DEFAULT
    }
}

pub(crate) fn driver(connector: &Connector, address: SocketAddr, password: &str) -> Box<dyn Bmc> {
    let endpoint = BmcEndpoint::Ipmi(IpmiEndpoint::new(address, "ADMIN"));
    connector.connect(&endpoint, Password::new(password))
}

#[tokio::test]
async fn nobody_listens() {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let free = socket.local_addr().unwrap();
    drop(socket);
    let bmc = driver(&Connector::new(Limits::DEFAULT), free, "secret123");
    let error = bmc.power().await.unwrap_err();
    assert!(
        matches!(error, BmcError::NobodyListens { address, .. } if address == free),
        "{error:?}"
    );
}

#[tokio::test]
async fn silence() {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let silent = socket.local_addr().unwrap();
    let bmc = driver(&Connector::new(IMPATIENT), silent, "secret123");
    match bmc.power().await.unwrap_err() {
        BmcError::NoAnswer { source, .. } => assert_eq!(
            source.downcast_ref(),
            Some(&IpmiError::Timeout {
                step: Step::Capabilities,
                sends: 3,
                ignored: 0
            })
        ),
        other => panic!("{other:?}"),
    }

    let limits = Limits {
        operation: Duration::from_millis(20),
        ..Limits::DEFAULT
    };
    let bmc = driver(&Connector::new(limits), silent, "secret123");
    let error = bmc.power().await.unwrap_err();
    assert!(matches!(error, BmcError::Deadline { .. }), "{error:?}");
}

#[tokio::test]
async fn nonsense() {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    let babbler = tokio::spawn(async move {
        let mut buffer = [0; 1024];
        let nonsense: [&[u8]; 4] = [
            b"",
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            &[6, 0, 0xff, 7, 6, 0x11, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff],
            &[0xff; 1024],
        ];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            for answer in nonsense.into_iter().chain([&buffer[..length]]) {
                let _ = socket.send_to(answer, from).await;
            }
        }
    });
    let bmc = driver(
        &Connector::new(limits(Duration::from_millis(100), 3)),
        address,
        "secret123",
    );
    let error = bmc.power().await.unwrap_err();
    babbler.abort();
    let BmcError::NoAnswer { source, .. } = &error else {
        panic!("{error:?}");
    };
    assert!(
        matches!(
            source.downcast_ref(),
            Some(IpmiError::Timeout {
                step: Step::Capabilities,
                ignored: 1..,
                ..
            })
        ),
        "{error:?}"
    );
}

/// A BMC that knows suite 3 only, and one that meets 17 with silence: both work, and the next session
/// does not ask for 17 again.
#[tokio::test]
async fn the_suite_that_worked_is_remembered() {
    for lie in [Lie::None, Lie::SilentOnUnknownSuite] {
        let mut bmc = model::Bmc::new();
        bmc.suites = vec![SUITE_3];
        bmc.lie = lie;
        let rig = ModelBmc::start(bmc).await;
        let connector = Connector::new(LIVELY);
        let asked = || rig.bmc.lock().unwrap().asked.clone();
        let bmc = driver(&connector, rig.address, "secret123");
        bmc.power().await.unwrap();
        let first = asked();
        assert_eq!(first.first(), Some(&SUITE_17), "{lie:?}");
        assert_eq!(first.last(), Some(&SUITE_3), "{lie:?}");
        // A new driver for the same BMC.
        let bmc = driver(&connector, rig.address, "secret123");
        bmc.power().await.unwrap();
        let second = &asked()[first.len()..];
        assert!(!second.is_empty() && !second.contains(&SUITE_17), "{lie:?}");
    }
}

/// A BMC whose suite 3 was switched off, and 17 on, is not lost until a restart.
#[tokio::test]
async fn suite_3_that_is_refused_is_forgotten() {
    let mut bmc = model::Bmc::new();
    bmc.suites = vec![SUITE_3];
    let rig = ModelBmc::start(bmc).await;
    let connector = Connector::new(LIVELY);
    let bmc = driver(&connector, rig.address, "secret123");
    bmc.power().await.unwrap();
    rig.bmc.lock().unwrap().suites = vec![SUITE_17];
    let error = bmc.power().await.unwrap_err();
    assert!(matches!(error, BmcError::TooWeak { .. }), "{error:?}");
    bmc.power().await.unwrap();
}

/// A BMC that has spoken suite 17 is not taken down to suite 3.
#[tokio::test]
async fn no_way_back_from_suite_17() {
    let rig = ModelBmc::start(model::Bmc::new()).await;
    let connector = Connector::new(LIVELY);
    let bmc = driver(&connector, rig.address, "secret123");
    bmc.power().await.unwrap();
    rig.bmc.lock().unwrap().suites = vec![SUITE_3];
    let error = bmc.power().await.unwrap_err();
    assert!(matches!(error, BmcError::TooWeak { .. }), "{error:?}");
}

/// Weaker than suite 3: no RAKP message is sent at all.
#[tokio::test]
async fn weak_bmcs_are_refused() {
    for lie in [
        Lie::Ipmi15Only,
        Lie::Chooses([0, 0, 0]),
        Lie::Chooses([1, 1, 0]),
    ] {
        let mut bmc = model::Bmc::new();
        bmc.lie = lie;
        let rig = ModelBmc::start(bmc).await;
        let bmc = driver(&Connector::new(LIVELY), rig.address, "secret123");
        let error = bmc.power().await.unwrap_err();
        assert!(
            matches!(error, BmcError::TooWeak { .. }),
            "{lie:?}: {error:?}"
        );
        let log = rig.bmc.lock().unwrap().handshake_log.clone();
        assert!(log.iter().all(|kind| *kind == 0x10), "{lie:?}: {log:02x?}");
    }
}
