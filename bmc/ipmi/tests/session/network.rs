//! A network that loses, and datagrams of any bytes.

use bmc_ipmi::chassis::{ChassisControl, GetChassisStatus};
use bmc_ipmi::cipher::CipherSuite;
use bmc_ipmi::error::IpmiError;
use bmc_ipmi::session::Handled;
use proptest::prelude::*;

use crate::model::Bmc;
use crate::wire::{Wire, session};

fn suites() -> impl Strategy<Value = CipherSuite> {
    prop_oneof![Just(CipherSuite::Suite17), Just(CipherSuite::Suite3)]
}

proptest! {
    /// Whatever is lost: the power is switched, or the session ends with a timeout (or with the BMC's
    /// refusal of a RAKP-3 that crossed a resent RAKP-1).
    #[test]
    fn a_lossy_network(suite in suites(), losses in proptest::collection::vec(any::<bool>(), 0..40)) {
        let mut wire = Wire::new(session(suite), Bmc::new());
        let mut losses = losses.into_iter();
        let mut lost = || losses.next().unwrap_or(false);
        let end = wire.run(&mut lost);
        if end == Handled::Opened {
            wire.session.request(ChassisControl::PowerUp).unwrap();
            match wire.run(&mut lost) {
                Handled::Replied(_) => prop_assert!(wire.bmc.power),
                Handled::Failed(IpmiError::Timeout { .. }) => {}
                other => prop_assert!(false, "{other:?}"),
            }
        } else {
            prop_assert!(matches!(
                end,
                Handled::Failed(IpmiError::Timeout { .. } | IpmiError::SessionRefused { .. })
            ), "{end:?}");
        }
    }

    /// No bytes, at no stage, do more than to be ignored or to end the session.
    #[test]
    fn any_bytes(
        suite in suites(),
        stage in 0_usize..7,
        junk in proptest::collection::vec(any::<u8>(), 0..120),
        headed in any::<bool>(),
        kind in any::<u8>(),
    ) {
        let mut wire = Wire::new(session(suite), Bmc::new());
        step(&mut wire, stage);
        let datagram = if headed {
            [&[6, 0, 0xff, 7, 6, kind, 0, 0, 0, 0, 0, 0, 0, 0, u8::try_from(junk.len()).unwrap(), 0][..], &junk].concat()
        } else {
            junk
        };
        let handled = wire.session.handle(&datagram);
        prop_assert!(
            matches!(handled, Handled::Ignored(_) | Handled::Failed(_)),
            "{handled:?}"
        );
    }

    /// A true answer with one byte changed, or cut off, does what it would have done only where the
    /// byte is one that nothing protects.
    #[test]
    fn bent_answers(
        suite in suites(),
        stage in 0_usize..6,
        place in any::<prop::sample::Index>(),
        change in 1_u8..,
        cut in any::<bool>(),
    ) {
        let mut wire = Wire::new(session(suite), Bmc::new());
        step(&mut wire, stage);
        if stage == OPENED {
            wire.session.request(GetChassisStatus).unwrap();
        }
        let question = wire.transmit().unwrap();
        let mut answer = wire.bmc.answer(&question).unwrap();
        let place = place.index(answer.len());
        if cut {
            answer.truncate(place);
        } else {
            answer[place] ^= change;
        }
        let handled = wire.session.handle(&answer);
        let is_refused = matches!(handled, Handled::Ignored(_) | Handled::Failed(_));
        let is_loose = !cut && is_unprotected(stage, place);
        prop_assert!(is_refused || is_loose, "byte {} at stage {}: {:?}", place, stage, handled);
    }
}

/// After so many answers the session is open.
const OPENED: usize = 5;

/// Whether nothing protects this byte of an answer: two bytes of RMCP that IPMI does not use, the
/// sequence number outside of a session, reserved bytes, and most of an Open Session Response, which
/// carries no code (RAKP-2 proves its ids afterwards).
fn is_unprotected(stage: usize, place: usize) -> bool {
    match (stage, place) {
        (_, 1 | 2) => true,
        (0, place) => (5..9).contains(&place),
        (1, 20..24) => false,
        (1, place) => (10..14).contains(&place) || place >= 18,
        (2 | 3, place) => (10..14).contains(&place) || (18..20).contains(&place),
        _ => false,
    }
}

/// So many answers into the login, with the next question due.
pub(crate) fn step(wire: &mut Wire, answers: usize) {
    for _ in 0..answers {
        let Some(question) = wire.transmit() else {
            return;
        };
        let answer = wire.bmc.answer(&question).unwrap();
        let handled = wire.session.handle(&answer);
        assert!(
            matches!(handled, Handled::Continued | Handled::Opened),
            "{handled:?}"
        );
    }
}
