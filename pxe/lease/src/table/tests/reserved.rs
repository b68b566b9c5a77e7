//! Reservations: for nobody else, moved, ended and waited for.

use super::*;

#[test]
fn a_reservation_is_for_nobody_else() {
    let mut table = small();
    let outside = ip("10.77.0.200");
    assert_eq!(table.reserve(&client(9), ip("10.77.0.11")), Ok(()));
    assert_eq!(table.reserve(&client(8), outside), Ok(()));
    for number in 1..=3 {
        assert_ne!(offer(&mut table, number, at(0)), Ok(ip("10.77.0.11")));
    }
    assert_eq!(offer(&mut table, 4, at(0)), Err(Exhausted::Addresses));
    assert_eq!(offer(&mut table, 9, at(0)), Ok(ip("10.77.0.11")));
    assert_eq!(offer(&mut table, 8, at(0)), Ok(outside));
    assert_eq!(
        table.standing(&client(1), ip("10.77.0.11"), at(0)),
        Standing::Taken
    );
    assert_eq!(table.standing(&client(9), outside, at(0)), Standing::Taken);
}

#[test]
fn reservations_that_cannot_be_are_refused() {
    let mut table = small();
    let address = ip("10.77.0.11");
    assert_eq!(table.reserve(&client(1), address), Ok(()));
    assert_eq!(table.reserve(&client(1), address), Ok(()), "again");
    let other = client(1);
    assert_eq!(
        table.reserve(&client(2), address),
        Err(ReservationError::Reserved { address, other })
    );
    for address in [
        ip("10.77.0.1"),
        ip("10.77.0.2"),
        ip("10.77.0.3"),
        ip("10.77.0.255"),
    ] {
        assert_eq!(
            table.reserve(&client(2), address),
            Err(ReservationError::Ours { address })
        );
    }
    let address = ip("10.78.0.9");
    let network = table.network;
    assert_eq!(
        table.reserve(&client(2), address),
        Err(ReservationError::Outside { address, network })
    );
}

#[test]
fn a_moved_reservation_frees_the_old_address() {
    let mut table = small();
    table.reserve(&client(9), ip("10.77.0.11")).unwrap();
    table.reserve(&client(9), ip("10.77.0.12")).unwrap();
    assert_eq!(
        table.standing(&client(1), ip("10.77.0.11"), at(0)),
        Standing::Free
    );
    assert_eq!(
        table.standing(&client(1), ip("10.77.0.12"), at(0)),
        Standing::Taken
    );
}

#[test]
fn an_ended_reservation_frees_its_address_for_another() {
    let mut table = small();
    let address = ip("10.77.0.11");
    table.reserve(&client(9), address).unwrap();
    table.unreserve(&client(9));
    table.unreserve(&client(9));
    assert_eq!(table.standing(&client(1), address, at(0)), Standing::Free);
    assert_eq!(table.reserve(&client(8), address), Ok(()));
}

#[test]
fn a_reserved_address_is_waited_for() {
    let mut table = small();
    table.committed(&lease(1, ip("10.77.0.11"), at(100)));
    table.reserve(&client(9), ip("10.77.0.11")).unwrap();
    let meanwhile = offer(&mut table, 9, at(0)).unwrap();
    assert_ne!(meanwhile, ip("10.77.0.11"));
    table.committed(&lease(9, meanwhile, at(1000)));
    assert_eq!(
        table.standing(&client(1), ip("10.77.0.11"), at(50)),
        Standing::Taken
    );
    assert_eq!(offer(&mut table, 9, at(100)), Ok(ip("10.77.0.11")));
    table.committed(&lease(9, ip("10.77.0.11"), at(1000)));
    assert_eq!(
        table.standing(&client(2), meanwhile, at(100)),
        Standing::Free
    );
}
