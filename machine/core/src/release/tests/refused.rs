//! Each refusal and its reason, and who is told that a permission was withdrawn.

use super::*;

/// Taken back by a person, and closed with that.
fn withdrawn(attempt: Attempt) -> Attempt {
    let (at, end) = (at(150), AttemptEnd::Cancelled);
    let why = "person:alice: not now".to_owned();
    Attempt {
        closed: Some((at, end)),
        verdict: Some(Verdict { at, end, why }),
        ..attempt
    }
}

#[test]
fn the_machine_itself_is_told_that_its_permission_was_withdrawn_and_that_is_no_alarm() {
    let later = [State::Available, State::Provisioning(Origin::Available)];
    for (attempt, state) in [attempt(), released()]
        .into_iter()
        .flat_map(|it| later.map(|state| (withdrawn(it.clone()), state)))
    {
        let machine = peer(9, Some(MAC));
        let cancelled = |it: &mut ReleaseFacts<'_>| it.state = state;
        let refused = ask(&attempt, &intent(), cancelled, machine, 200).unwrap_err();
        assert!(!refused.is_alarm() && !refused.may_pass(), "{refused}");
        let told = refused.to_string();
        assert!(
            told.starts_with("the permission was withdrawn at 1970"),
            "{told}"
        );
        assert!(told.ends_with("by person:alice: not now"), "{told}");
    }
}

#[test]
fn whoever_else_asks_after_a_withdrawal_is_an_alarm() {
    for attempt in [attempt(), released()].map(withdrawn) {
        for stranger in [peer(9, Some(OTHER_MAC)), peer(66, Some(MAC)), peer(9, None)] {
            let cancelled = |it: &mut ReleaseFacts<'_>| it.state = State::Available;
            let refused = ask(&attempt, &intent(), cancelled, stranger, 200).unwrap_err();
            assert!(refused.is_alarm(), "{stranger:?}: {refused}");
        }
        let another = |it: &mut ReleaseFacts<'_>| it.names_another = true;
        let refused = ask(&attempt, &intent(), another, peer(9, Some(MAC)), 200);
        assert_eq!(refused, Err(ReleaseRefusal::AnotherBoard));
    }
}

#[test]
fn each_refusal_has_its_reason() {
    let same = |_: &mut ReleaseFacts<'_>| {};
    let in_the_clear = |it: &mut ReleaseFacts<'_>| it.transport_permitted = false;
    let active = |it: &mut ReleaseFacts<'_>| it.state = State::Active;
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
    set_fetches(&mut fetched, Attempt::MAX_FETCHES);
    for (got, wanted) in [
        (
            ask(&attempt(), &intent(), in_the_clear, machine, 1),
            ReleaseRefusal::Plaintext,
        ),
        (
            ask(&attempt(), &intent(), active, machine, 1),
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
            ask(&fetched, &intent(), same, machine, 200),
            ReleaseRefusal::TooOften,
        ),
    ] {
        assert_eq!(got, Err(wanted));
    }
}

#[test]
fn whoever_asks_late_or_is_another_hears_why() {
    let same = |_: &mut ReleaseFacts<'_>| {};
    let another = |it: &mut ReleaseFacts<'_>| it.names_another = true;
    let (machine, moved) = (peer(9, Some(MAC)), peer(8, Some(MAC)));
    let other = peer(9, Some(OTHER_MAC));
    for (got, wanted) in [
        (
            ask(&attempt(), &intent(), same, machine, 10_000),
            ReleaseRefusal::Late,
        ),
        (
            ask(&released(), &intent(), same, machine, 1_900),
            ReleaseRefusal::Late,
        ),
        (
            ask(&released(), &intent(), same, moved, 200),
            ReleaseRefusal::OtherPeer,
        ),
        (
            ask(&released(), &intent(), same, other, 200),
            ReleaseRefusal::OtherPeer,
        ),
        (
            ask(&attempt(), &intent(), same, other, 1),
            ReleaseRefusal::UnknownCard(OTHER_MAC),
        ),
        (
            ask(&attempt(), &intent(), same, moved, 1),
            ReleaseRefusal::NotTheBoot,
        ),
        (
            ask(&attempt(), &intent(), another, machine, 1),
            ReleaseRefusal::AnotherBoard,
        ),
    ] {
        assert_eq!(got, Err(wanted));
    }
}

/// Who was told apart names nothing: what is said of him is where he asks from, and by which card.
#[test]
fn who_was_told_apart_is_refused_for_his_card_or_his_address() {
    let told_apart = |it: &mut ReleaseFacts<'_>| {
        it.addressing = Addressing::Others;
        it.told_apart = true;
    };
    for attempt in [attempt(), released(), withdrawn(attempt())] {
        let stranger = peer(66, Some(OTHER_MAC));
        let refused = ask(&attempt, &intent(), told_apart, stranger, 200);
        assert_eq!(refused, Err(ReleaseRefusal::UnknownCard(OTHER_MAC)));
        for clone in [peer(66, Some(MAC)), peer(66, None)] {
            let refused = ask(&attempt, &intent(), told_apart, clone, 200).unwrap_err();
            assert!(refused.is_alarm() && !refused.may_pass(), "{refused}");
            let told = refused.to_string();
            assert!(told.contains("not at the address of the boot"), "{told}");
            assert!(!told.contains("UUID"), "{told}");
        }
    }
}
