//! What is said of a machine before, while and after somebody looks at it.

use super::*;
use crate::fixtures::now;

#[tokio::test]
async fn what_was_read_before_a_change_is_not_said_after_it() {
    let (status, machine) = (Status::default(), MachineId::from_bytes([1; 16]));
    status.begin_look(machine);
    status.set_waiting(machine, "before".to_owned());
    status.begin_look(machine);
    status.ask_anew(machine);
    assert_eq!(status.machine(machine).waiting, "");
    status.set_waiting(machine, "before".to_owned());
    assert_eq!(status.machine(machine).waiting, "");
    assert!(status.machine(machine).is_changed());
    let ((), ()) = tokio::join!(status.settled(), async {
        status.begin_look(machine);
        status.set_waiting(machine, "after".to_owned());
    });
    assert_eq!(status.machine(machine).waiting, "after");
    status.ask_anew(machine);
    tokio::join!(status.settled(), async { status.forget(machine) });
}

#[tokio::test]
async fn what_was_said_of_bystanders_stands_while_a_silent_bmc_is_asked() {
    let (status, machine) = (Status::default(), MachineId::from_bytes([1; 16]));
    status.set_power(machine, None, now());
    status.begin_look(machine);
    status.set_waiting(machine, "known".to_owned());
    status.ask_again(machine);
    status.begin_look(machine);
    let ((), ()) = tokio::join!(status.settled(), async { status.await_bmc(machine) });
    assert_eq!(status.machine(machine).waiting, "known");
    assert!(!status.machine(machine).is_changed());
    // What the look finds out is shown, whatever was changed elsewhere meanwhile.
    status.ask_again(machine);
    status.set_waiting(machine, "new".to_owned());
    assert_eq!(status.machine(machine).waiting, "new");
}

#[tokio::test]
async fn a_list_waits_for_looks_at_bystanders_that_need_records_or_a_bmc_that_answers() {
    let (status, machine) = (Status::default(), MachineId::from_bytes([1; 16]));
    status.set_power(machine, Some(PowerState::On), now());
    for asks_bmc in [false, true] {
        status.ask_again(machine);
        status.begin_look(machine);
        if asks_bmc {
            status.await_bmc(machine);
        }
        let ((), ()) = tokio::join!(biased; status.settled(), async {
            status.set_waiting(machine, format!("{asks_bmc}"));
        });
        assert_eq!(status.machine(machine).waiting, format!("{asks_bmc}"));
        assert!(!status.machine(machine).is_awaited());
    }
}

#[test]
fn a_hindrance_is_news_once_and_power_grows_old() {
    let (status, machine) = (Status::default(), MachineId::from_bytes([1; 16]));
    let said = [
        (None, false),
        (Some("no image"), true),
        (Some("no image"), false),
        (None, true),
    ];
    for (hindrance, is_news) in said {
        assert_eq!(
            status.set_hindrance(machine, hindrance),
            is_news,
            "{hindrance:?}"
        );
    }
    assert!(status.is_power_old(machine, now()), "it was never asked");
    status.set_power(machine, Some(PowerState::Off), now());
    let off_since = status.machine(machine).off_since;
    status.set_power(machine, Some(PowerState::Off), now());
    assert_eq!(status.machine(machine).off_since, off_since);
    assert!(off_since.is_some());
    status.set_power(machine, Some(PowerState::On), now());
    assert_eq!(status.machine(machine).off_since, None);
    status.set_power(machine, None, now());
    let asked = status.machine(machine).power_at.unwrap();
    assert!(!status.is_power_old(machine, asked));
    assert!(status.is_power_old(machine, asked.plus(POWER_AGE)));
}
