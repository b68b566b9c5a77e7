//! Interfaces that change while the daemon runs.

use testbed::network::LINK;
use testbed::transcript::Mark;

use crate::place::{AUTHORITATIVE, LONG, Place, card, run, value};

/// `ip` in the server's place.
async fn ip(place: &Place, line: &str) {
    let mut command = place.lab.server().command("ip");
    command.args(line.split(' '));
    let said = run(command).await;
    assert_eq!(said.code, Some(0), "ip {line}: {said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interface_that_gets_another_address_is_served_with_it() {
    let place = Place::up("other-address");
    let daemon = place.serve(&place.settings(AUTHORITATIVE, "")).await;
    let output = daemon.program().output();
    let client = place.client("client", card(1), None);
    let told = place.udhcpc(&client).await;
    assert_eq!(value(&told, "serverid"), Some("10.77.0.1"), "{told}");

    let mark = output.mark();
    ip(&place, &format!("address flush dev {LINK}")).await;
    ip(&place, &format!("address add 10.77.0.2/24 dev {LINK}")).await;
    for wanted in ["and are 10.77.0.2 now", "begins anew", " ready "] {
        let printed = |line: &str| line.contains(wanted);
        output
            .wait_since(mark, wanted, LONG, printed)
            .await
            .unwrap();
    }
    let told = place.udhcpc(&client).await;
    assert_eq!(value(&told, "serverid"), Some("10.77.0.2"), "{told}");
    place.done(&["machine", "list"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_does_not_fit_the_settings_is_told_and_the_daemon_goes_on() {
    let place = Place::up("unfit-address");
    let daemon = place.serve(&place.settings(AUTHORITATIVE, "")).await;
    let output = daemon.program().output();
    ip(&place, &format!("address flush dev {LINK}")).await;
    let wanted = "Drover goes on as it began";
    let printed = |line: &str| line.contains(wanted) && line.contains("no interface");
    output
        .wait_since(Mark::default(), wanted, LONG, printed)
        .await
        .unwrap();
    ip(&place, &format!("address add 10.77.0.1/24 dev {LINK}")).await;
    let wanted = "and are 10.77.0.1 now";
    let printed = |line: &str| line.contains(wanted);
    output
        .wait_since(Mark::default(), wanted, LONG, printed)
        .await
        .unwrap();
    let client = place.client("client", card(1), None);
    let told = place.udhcpc(&client).await;
    assert_eq!(value(&told, "serverid"), Some("10.77.0.1"), "{told}");
    let lines = output.lines_since(Mark::default());
    assert!(
        !lines.iter().any(|it| it.text.contains("begins anew")),
        "{lines:#?}"
    );
}
