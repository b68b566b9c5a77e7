//! The release rule: one row per refusal, and what no sequence of fetches can do.

use proptest::prelude::*;

use super::*;
use crate::fixtures::{MAC, at, attempt, intent};
use crate::intent::IntentEnd;
use crate::lifecycle::Origin;

const OTHER_MAC: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 2]);

fn peer(last: u8, hardware: Option<MacAddress>) -> Peer {
    Peer {
        address: IpAddr::from([10, 77, 0, last]),
        hardware,
    }
}

fn released() -> Attempt {
    let release = Release {
        at: at(100),
        peer: peer(9, None).address,
        digest: [7; 32],
        fetches: 1,
    };
    Attempt {
        release: Some(release),
        ..attempt()
    }
}

fn ask(
    attempt: &Attempt,
    intent: &Intent,
    change: impl FnOnce(&mut ReleaseFacts<'_>),
    peer: Peer,
    now: i64,
) -> Result<Grant, ReleaseRefusal> {
    let mut facts = ReleaseFacts {
        attempt,
        intent,
        state: State::Provisioning(Origin::Available),
        hardware: &[MAC],
        boot_address: Some(IpAddr::from([10, 77, 0, 9])),
        transport_permitted: true,
    };
    change(&mut facts);
    may_release(&facts, peer, at(now))
}

#[test]
fn the_machine_gets_its_config() {
    let same = |_: &mut ReleaseFacts<'_>| {};
    assert_eq!(
        ask(&attempt(), &intent(), same, peer(50, Some(MAC)), 1),
        Ok(Grant::First)
    );
    assert_eq!(
        ask(&attempt(), &intent(), same, peer(9, None), 1),
        Ok(Grant::First)
    );
    assert_eq!(
        ask(&released(), &intent(), same, peer(9, None), 200),
        Ok(Grant::Again)
    );
}

#[test]
fn each_refusal_has_its_reason() {
    let same = |_: &mut ReleaseFacts<'_>| {};
    let machine = peer(9, Some(MAC));
    let closed = Attempt {
        closed: Some((at(1), AttemptEnd::Interrupted)),
        ..attempt()
    };
    let fulfilled = Intent {
        closed: Some((at(1), IntentEnd::Fulfilled)),
        ..intent()
    };
    let claimed = Intent {
        claims: Intent::MAX_CLAIMS,
        ..intent()
    };
    let mut fetched = released();
    fetched.release.as_mut().unwrap().fetches = Attempt::MAX_FETCHES;
    for (got, wanted) in [
        (
            ask(
                &attempt(),
                &intent(),
                |it| it.transport_permitted = false,
                machine,
                1,
            ),
            ReleaseRefusal::Plaintext,
        ),
        (
            ask(
                &attempt(),
                &intent(),
                |it| it.state = State::Active,
                machine,
                1,
            ),
            ReleaseRefusal::NotProvisioning(State::Active),
        ),
        (
            ask(&closed, &intent(), same, machine, 1),
            ReleaseRefusal::AttemptClosed,
        ),
        (
            ask(&attempt(), &fulfilled, same, machine, 1),
            ReleaseRefusal::IntentNotOpen,
        ),
        (
            ask(&attempt(), &intent(), same, machine, 100_000),
            ReleaseRefusal::IntentNotOpen,
        ),
        (
            ask(&attempt(), &claimed, same, machine, 1),
            ReleaseRefusal::IntentUsedUp,
        ),
        (
            ask(&attempt(), &intent(), same, machine, 10_000),
            ReleaseRefusal::Late,
        ),
        (
            ask(&released(), &intent(), same, machine, 1_900),
            ReleaseRefusal::Late,
        ),
        (
            ask(&released(), &intent(), same, peer(8, Some(MAC)), 200),
            ReleaseRefusal::OtherPeer,
        ),
        (
            ask(&released(), &intent(), same, peer(9, Some(OTHER_MAC)), 200),
            ReleaseRefusal::OtherPeer,
        ),
        (
            ask(&attempt(), &intent(), same, peer(9, Some(OTHER_MAC)), 1),
            ReleaseRefusal::NotTheMachine,
        ),
        (
            ask(&attempt(), &intent(), same, peer(8, None), 1),
            ReleaseRefusal::NotTheMachine,
        ),
        (
            ask(&fetched, &intent(), same, machine, 200),
            ReleaseRefusal::TooOften,
        ),
    ] {
        assert_eq!(got, Err(wanted));
    }
}

proptest! {
    /// Whoever asks, in whatever order, and from whatever address: one peer per attempt, with a card
    /// of the machine, and never more than five fetches.
    #[test]
    fn one_peer_and_five_fetches(asks in prop::collection::vec((1u8..4, any::<bool>(), 0i64..4000), 0..40)) {
        let mut attempt = attempt();
        let mut served = Vec::new();
        let mut now = 0;
        for (last, is_machine, pause) in asks {
            now += pause;
            let peer = peer(last, Some(if is_machine { MAC } else { OTHER_MAC }));
            match ask(&attempt, &intent(), |_| {}, peer, now) {
                Ok(Grant::First) => {
                    prop_assert!(is_machine);
                    attempt.release = Some(Release { at: at(now), peer: peer.address, digest: [0; 32], fetches: 1 });
                    served.push(peer.address);
                }
                Ok(Grant::Again) => {
                    prop_assert!(is_machine);
                    attempt.release.as_mut().unwrap().fetches += 1;
                    served.push(peer.address);
                }
                Err(_) => {}
            }
        }
        prop_assert!(served.len() <= 5);
        prop_assert!(served.windows(2).all(|pair| pair[0] == pair[1]));
    }
}
