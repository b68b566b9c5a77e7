//! The release rule: one row per refusal, and what no sequence of fetches can do.

mod refused;

use proptest::prelude::*;

use super::*;
use crate::attempt::{AttemptEnd, Delivery};
use crate::boot::BootStep;
use crate::fixtures::{MAC, at, attempt, boot, intent};
use crate::intent::IntentEnd;
use crate::lifecycle::Origin;

const OTHER_MAC: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 2]);

fn peer(last: u8, hardware: Option<MacAddress>) -> Peer {
    Peer {
        address: IpAddr::from([10, 77, 0, last]),
        hardware,
    }
}

fn set_fetches(attempt: &mut Attempt, fetches: u32) {
    let release = attempt.release.as_mut().unwrap();
    let peer = release.peer();
    release.delivery = Delivery::Fetched { peer, fetches };
}

fn released() -> Attempt {
    let release = Release::fetched(at(100), peer(9, None).address, [7; 32]);
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
    let boot = Boot {
        address: Some(IpAddr::from([10, 77, 0, 9])),
        ..boot(1, 0, BootStep::Script)
    };
    let mut facts = ReleaseFacts {
        attempt,
        intent,
        state: State::Provisioning(Origin::Available),
        cards: &[MAC],
        boot: Some(&boot),
        addressing: Addressing::Ours,
        leased_to: None,
        doubt: None,
        names_another: false,
        told_apart: false,
        transport_permitted: true,
    };
    change(&mut facts);
    may_release(&facts, peer, at(now))
}

#[test]
fn the_machine_gets_its_config() {
    let same = |_: &mut ReleaseFacts<'_>| {};
    let machine = peer(9, Some(MAC));
    let first = ask(&attempt(), &intent(), same, machine, 1);
    assert_eq!(first, Ok(Grant::First));
    let again = ask(&released(), &intent(), same, machine, 200);
    assert_eq!(again, Ok(Grant::Again));
}

#[test]
fn a_sniffed_token_at_another_address_gets_nothing_though_the_neighbour_entry_is_forged() {
    let same = |_: &mut ReleaseFacts<'_>| {};
    let asked = ask(&attempt(), &intent(), same, peer(66, Some(MAC)), 1);
    assert_eq!(asked, Err(ReleaseRefusal::NotTheBoot));
}

#[test]
fn an_unknown_neighbour_is_a_refusal_that_may_pass_at_the_first_fetch_and_later() {
    let same = |_: &mut ReleaseFacts<'_>| {};
    for attempt in [attempt(), released()] {
        let refused = ask(&attempt, &intent(), same, peer(9, None), 200).unwrap_err();
        assert_eq!(refused, ReleaseRefusal::NeighbourUnknown);
        assert!(refused.may_pass() && refused.is_alarm());
    }
}

#[test]
fn the_refusal_of_a_second_card_names_it() {
    let same = |_: &mut ReleaseFacts<'_>| {};
    let refused = ask(&attempt(), &intent(), same, peer(9, Some(OTHER_MAC)), 1).unwrap_err();
    assert_eq!(refused, ReleaseRefusal::UnknownCard(OTHER_MAC));
    assert!(refused.to_string().contains(&OTHER_MAC.to_string()));
}

#[test]
fn a_registered_second_card_fetches_at_the_address_that_it_was_leased() {
    let second = |leased_to| {
        move |it: &mut ReleaseFacts<'_>| {
            it.cards = &[MAC, OTHER_MAC];
            it.leased_to = leased_to;
        }
    };
    let peer = peer(10, Some(OTHER_MAC));
    let leased = ask(&attempt(), &intent(), second(Some(OTHER_MAC)), peer, 1);
    assert_eq!(leased, Ok(Grant::First));
    let taken = ask(&attempt(), &intent(), second(None), peer, 1);
    assert_eq!(taken, Err(ReleaseRefusal::NotTheBoot));
}

#[test]
fn beside_another_dhcp_server_the_neighbour_must_be_the_boots_card() {
    let others = |it: &mut ReleaseFacts<'_>| {
        it.addressing = Addressing::Others;
        it.cards = &[MAC, OTHER_MAC];
    };
    let system = ask(&attempt(), &intent(), others, peer(77, Some(MAC)), 1);
    assert_eq!(
        system,
        Ok(Grant::First),
        "the system may have another address"
    );
    let other = ask(&attempt(), &intent(), others, peer(9, Some(OTHER_MAC)), 1);
    assert_eq!(other, Err(ReleaseRefusal::SecondCard(OTHER_MAC)));
    let told = ReleaseRefusal::SecondCard(OTHER_MAC).to_string();
    assert!(told.contains(&OTHER_MAC.to_string()), "{told}");
    assert!(told.contains("one card of the machine"), "{told}");
}

#[test]
fn a_doubtful_boot_gets_no_config() {
    let doubt = Doubt::Silent;
    let boot = Boot {
        address: Some(IpAddr::from([10, 77, 0, 9])),
        ..boot(1, 0, BootStep::Script)
    };
    let (attempt, intent) = (attempt(), intent());
    let facts = ReleaseFacts {
        attempt: &attempt,
        intent: &intent,
        state: State::Provisioning(Origin::Available),
        cards: &[MAC],
        boot: Some(&boot),
        addressing: Addressing::Ours,
        leased_to: None,
        doubt: Some(&doubt),
        names_another: false,
        told_apart: false,
        transport_permitted: true,
    };
    let refused = may_release(&facts, peer(9, Some(MAC)), at(1));
    assert_eq!(refused, Err(ReleaseRefusal::Doubtful(Doubt::Silent)));
}

#[test]
fn no_release_while_the_bmc_says_off_or_nothing() {
    let silent = PowerObservation::Unreachable("no answer".to_owned());
    let ask = |observed, is_accepted| {
        may_be_running(PowerProof {
            observed,
            is_accepted,
        })
    };
    assert_eq!(ask(&PowerObservation::NoBmc, false), Ok(()));
    assert_eq!(ask(&PowerObservation::Is(PowerState::On), false), Ok(()));
    for is_accepted in [false, true] {
        let off = ask(&PowerObservation::Is(PowerState::Off), is_accepted);
        assert_eq!(off, Err(ReleaseRefusal::BmcSaysOff));
    }
    let refused = ask(&silent, false).unwrap_err();
    assert_eq!(refused, ReleaseRefusal::BmcSilent("no answer".to_owned()));
    assert!(refused.is_alarm() && refused.may_pass());
    assert_eq!(ask(&silent, true), Ok(()), "a person vouches for it");
}

proptest! {
    /// Whoever asks, in whatever order, and from whatever address: one peer per attempt, with a card
    /// of the machine, and never more than five fetches.
    #[test]
    fn one_peer_and_five_fetches(asks in prop::collection::vec((8u8..11, any::<bool>(), 0i64..4000), 0..40)) {
        let mut attempt = attempt();
        let mut served = Vec::new();
        let mut now = 0;
        for (last, is_machine, pause) in asks {
            now += pause;
            let peer = peer(last, Some(if is_machine { MAC } else { OTHER_MAC }));
            match ask(&attempt, &intent(), |_| {}, peer, now) {
                Ok(Grant::First) => {
                    prop_assert!(is_machine);
                    attempt.release = Some(Release::fetched(at(now), peer.address, [0; 32]));
                    served.push(peer.address);
                }
                Ok(Grant::Again) => {
                    prop_assert!(is_machine);
                    let fetched = attempt.release.unwrap().fetches();
                    set_fetches(&mut attempt, fetched + 1);
                    served.push(peer.address);
                }
                Err(_) => {}
            }
        }
        prop_assert!(served.len() <= 5);
        prop_assert!(served.windows(2).all(|pair| pair[0] == pair[1]));
    }
}
