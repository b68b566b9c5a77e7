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

fn wait(roster: &Arc<Roster>, peer: SocketAddrV4) -> Queued {
    match admit(roster, peer, "a") {
        Admitted::Waits(queued) => queued,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn one_too_many_waits_for_a_place_while_all_are_alive() {
    let roster = few();
    let held = begin(&roster, peer(1, 1), "a");
    let _alive = begin(&roster, peer(1, 2), "a");
    let queued = wait(&roster, peer(1, 3));
    assert!(matches!(admit(&roster, peer(1, 3), "a"), Admitted::Repeats));
    assert!(matches!(admit(&roster, peer(1, 4), "a"), Admitted::TooMany));
    let (asked, stop) = (request("a"), CancellationToken::new());
    let (place, ()) = tokio::join!(queued.place(&asked, &stop), async { drop(held) });
    assert!(place.is_ok());
    assert!(!roster.active().queue.has_line(Ipv4Addr::new(10, 0, 0, 1)));
}

/// The clients of these transfers go on talking.
async fn talk(held: &[Ticket], time: Duration) {
    let end = Instant::now() + time;
    while Instant::now() < end {
        held.iter().for_each(Ticket::heard);
        tokio::time::sleep(SILENT / 5).await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_again_keeps_its_place_in_the_line_and_who_does_not_is_forgotten() {
    let roster = Roster::new(RosterLimits {
        waiting: 2,
        ..few().limits
    });
    let held = [
        begin(&roster, peer(1, 1), "a"),
        begin(&roster, peer(1, 2), "a"),
    ];
    let (asked, stop) = (request("a"), CancellationToken::new());
    let (patient, silent) = (wait(&roster, peer(1, 3)), wait(&roster, peer(1, 4)));
    let busy = async {
        for _ in 0..4 {
            talk(&held, Duration::from_secs(5)).await;
            let again = admit(&roster, peer(1, 3), "a");
            assert!(matches!(again, Admitted::Repeats), "{again:?}");
        }
        drop(held);
    };
    let (patient, silent, ()) = tokio::join!(
        patient.place(&asked, &stop),
        silent.place(&asked, &stop),
        busy
    );
    assert!(patient.is_ok(), "20 s later it gets its place: {patient:?}");
    assert_eq!(silent.unwrap_err(), NoPlace::Gone);
}

#[tokio::test(start_paused = true)]
async fn an_address_may_ask_for_any_number_and_each_has_its_turn() {
    let roster = Roster::new(RosterLimits {
        waiting: 100,
        ..few().limits
    });
    let first = [
        begin(&roster, peer(1, 1), "a"),
        begin(&roster, peer(1, 2), "a"),
    ];
    let waiting: Vec<Queued> = (3..100).map(|port| wait(&roster, peer(1, port))).collect();
    let (asked, stop) = (request("a"), CancellationToken::new());
    let served = waiting.into_iter().map(|queued| {
        let (asked, stop) = (asked.clone(), stop.clone());
        tokio::spawn(async move { queued.place(&asked, &stop).await.map(drop) })
    });
    let served: Vec<_> = served.collect();
    drop(first);
    for transfer in served {
        assert_eq!(transfer.await.unwrap(), Ok(()));
    }
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
