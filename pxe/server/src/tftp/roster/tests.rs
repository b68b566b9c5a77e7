//! Who gets a place, and whose it was.

use super::*;

fn request(file: &str) -> Request {
    Request::decode(format!("\0\x01{file}\0octet\0").as_bytes()).unwrap()
}

fn peer(host: u8, port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, host), port)
}

fn admit(roster: &Arc<Roster>, peer: SocketAddrV4, file: &str) -> Admitted {
    roster.admit(peer, &request(file), &CancellationToken::new())
}

fn begin(roster: &Arc<Roster>, peer: SocketAddrV4, file: &str) -> Ticket {
    match admit(roster, peer, file) {
        Admitted::Begins(ticket) => ticket,
        other => panic!("{other:?}"),
    }
}

fn few() -> Arc<Roster> {
    Roster::new(RosterLimits {
        total: 3,
        per_address: 2,
        waiting: 1,
    })
}

#[test]
fn the_same_request_is_a_repetition_while_its_transfer_lives() {
    let roster = Roster::new(RosterLimits::default());
    let mut ticket = begin(&roster, peer(1, 2000), "a");
    assert!(matches!(
        admit(&roster, peer(1, 2000), "a"),
        Admitted::Repeats
    ));
    assert!(!ticket.leave(), "it was asked for again, and begins anew");
    assert!(ticket.leave());
    let _new = begin(&roster, peer(1, 2000), "a");
    drop(ticket);
    assert!(matches!(
        admit(&roster, peer(1, 2000), "a"),
        Admitted::Repeats
    ));
}

#[test]
fn another_request_takes_the_place() {
    let roster = Roster::new(RosterLimits::default());
    let old = begin(&roster, peer(1, 2000), "a");
    let new = begin(&roster, peer(1, 2000), "b");
    assert!(old.again.is_closed() && !new.again.is_closed());
    drop(old);
    assert!(!new.again.is_closed(), "the place is the new one's");
}

#[tokio::test(start_paused = true)]
async fn the_most_silent_transfer_of_an_address_ends_for_a_new_one() {
    let roster = few();
    let abandoned = begin(&roster, peer(1, 1), "a");
    let alive = begin(&roster, peer(1, 2), "a");
    let other = begin(&roster, peer(2, 1), "a");
    tokio::time::advance(SILENT).await;
    alive.heard();
    let _real = begin(&roster, peer(1, 3), "a");
    assert!(abandoned.again.is_closed());
    assert!(!alive.again.is_closed() && !other.again.is_closed());
    // Another address has its share, though all places are taken.
    let _third = begin(&roster, peer(3, 1), "a");
    assert!(other.again.is_closed() && !alive.again.is_closed());
}

#[tokio::test(start_paused = true)]
async fn one_too_many_waits_for_a_place_while_all_are_alive() {
    let roster = few();
    let held = begin(&roster, peer(1, 1), "a");
    let _alive = begin(&roster, peer(1, 2), "a");
    let Admitted::Waits(queued) = admit(&roster, peer(1, 3), "a") else {
        panic!("it does not wait")
    };
    assert!(matches!(admit(&roster, peer(1, 3), "a"), Admitted::Repeats));
    assert!(matches!(admit(&roster, peer(1, 4), "a"), Admitted::TooMany));
    let (asked, stop) = (request("a"), CancellationToken::new());
    let (place, ()) = tokio::join!(queued.place(&asked, &stop), async { drop(held) });
    assert!(place.is_some());
    assert!(roster.active().waiting.is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_finds_no_place_in_time_is_forgotten() {
    let roster = few();
    let held = [
        begin(&roster, peer(1, 1), "a"),
        begin(&roster, peer(1, 2), "a"),
    ];
    let Admitted::Waits(queued) = admit(&roster, peer(1, 3), "a") else {
        panic!("it does not wait")
    };
    let (asked, stop) = (request("a"), CancellationToken::new());
    let talk = async {
        loop {
            held.iter().for_each(Ticket::heard);
            tokio::time::sleep(SILENT / 5).await;
        }
    };
    let place = tokio::select! {
        place = queued.place(&asked, &stop) => place,
        () = talk => None,
    };
    assert!(place.is_none());
    assert!(roster.active().waiting.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_waits_for_no_client_that_is_gone() {
    let roster = Roster::new(RosterLimits::default());
    let abandoned = begin(&roster, peer(1, 2000), "a");
    let alive = begin(&roster, peer(2, 2000), "a");
    tokio::time::advance(GONE).await;
    alive.heard();
    roster.end_gone();
    assert!(abandoned.again.is_closed(), "its transfer ends");
    assert!(!alive.again.is_closed());
}
