//! Who gets a place, and who gives way.

use super::*;

const LIMITS: PlaceLimits = PlaceLimits {
    waiting: 4,
    scripts: 2,
    downloads: 8,
    scripts_per_peer: 1,
    downloads_per_peer: 4,
};

fn peer(last: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, last])
}

fn entered(places: &mut Places, last: u8) -> Number {
    let (number, gave_way) = places.enter(peer(last));
    assert_eq!(gave_way, None);
    number
}

/// A connection that asked for this.
fn asks(places: &mut Places, last: u8, kind: Kind) -> Result<Number, Refused> {
    let (number, _) = places.enter(peer(last));
    places.ask(number, kind).map(|()| number)
}

#[test]
fn downloads_and_silent_connections_take_no_place_of_a_script() {
    let mut places = Places::new(LIMITS);
    for last in 1..=8 {
        asks(&mut places, last, Kind::Download).unwrap();
    }
    for _ in 0..50 {
        places.enter(peer(20));
    }
    assert!(asks(&mut places, 30, Kind::Script).is_ok());
    assert_eq!(asks(&mut places, 31, Kind::Download), Err(Refused::Full));
}

#[test]
fn a_new_connection_always_gets_a_place_and_the_longest_silent_one_of_the_crowd_gives_way() {
    let mut places = Places::new(LIMITS);
    let lone = entered(&mut places, 1);
    let first = entered(&mut places, 2);
    let second = entered(&mut places, 2);
    entered(&mut places, 3);
    let (_, gave_way) = places.enter(peer(4));
    assert_eq!(gave_way, Some(first));
    let (_, gave_way) = places.enter(peer(2));
    assert_eq!(gave_way, Some(second));
    assert_eq!(places.ask(second, Kind::Script), Err(Refused::GaveWay));
    assert_eq!(places.ask(lone, Kind::Script), Ok(()));
}

#[test]
fn who_was_answered_gives_way_before_who_has_not_asked() {
    let mut places = Places::new(LIMITS);
    for last in 1..=3 {
        entered(&mut places, last);
    }
    let answered = entered(&mut places, 4);
    places.ask(answered, Kind::Script).unwrap();
    assert_eq!(places.answered(answered), None);
    let (_, gave_way) = places.enter(peer(5));
    assert_eq!(gave_way, Some(answered));
}

#[test]
fn who_is_being_answered_never_gives_way() {
    let mut places = Places::new(LIMITS);
    let reads = asks(&mut places, 1, Kind::Download).unwrap();
    let script = asks(&mut places, 1, Kind::Script).unwrap();
    for last in 0..100 {
        let (_, gave_way) = places.enter(peer(last));
        assert!(gave_way != Some(reads) && gave_way != Some(script));
    }
    for number in [reads, script] {
        places.answered(number);
        assert_eq!(places.ask(number, Kind::Script), Err(Refused::GaveWay));
    }
}

#[test]
fn an_address_has_its_share_and_the_last_quarter_is_one_for_each() {
    let mut places = Places::new(LIMITS);
    for _ in 0..4 {
        asks(&mut places, 1, Kind::Download).unwrap();
    }
    assert_eq!(asks(&mut places, 1, Kind::Download), Err(Refused::Full));
    asks(&mut places, 1, Kind::Script).unwrap();
    assert_eq!(asks(&mut places, 1, Kind::Script), Err(Refused::Full));
    for _ in 0..2 {
        asks(&mut places, 2, Kind::Download).unwrap();
    }
    assert_eq!(asks(&mut places, 2, Kind::Download), Err(Refused::Full));
    asks(&mut places, 3, Kind::Download).unwrap();
    asks(&mut places, 4, Kind::Download).unwrap();
    assert_eq!(asks(&mut places, 5, Kind::Download), Err(Refused::Full));
}

#[test]
fn every_place_comes_back() {
    let mut places = Places::new(LIMITS);
    for _ in 0..100 {
        let number = entered(&mut places, 1);
        places.ask(number, Kind::Download).unwrap();
        places.answered(number);
        places.ask(number, Kind::Script).unwrap();
        places.leave(number);
        places.leave(number);
    }
    assert!(places.connections.is_empty());
    assert_eq!((places.idle.len, places.unheard.len), (0, 0));
    assert_eq!((places.scripts.all, places.downloads.all), (0, 0));
    assert!(places.idle.sizes.is_empty() && places.unheard.peers.is_empty());
    assert!(places.scripts.peers.is_empty() && places.downloads.peers.is_empty());
}

#[test]
fn few_connections_still_have_each_kind_of_place() {
    for connections in [0, 1, 8, 512, 8192] {
        let limits = PlaceLimits::of(connections);
        assert!(limits.waiting > 0 && limits.scripts > 0 && limits.downloads > 0);
        let all = limits.waiting + limits.scripts + limits.downloads;
        assert!(all <= connections.max(3), "{limits:?}");
    }
}
