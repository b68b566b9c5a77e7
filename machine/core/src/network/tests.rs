//! What lies in a network and in a range, and which texts are neither.

use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_network_has_its_last_address_for_all() {
    for (network, last) in [
        ("10.77.0.0/24", Some("10.77.0.255")),
        ("10.77.0.16/28", Some("10.77.0.31")),
        ("0.0.0.0/0", Some("255.255.255.255")),
        ("10.77.0.0/31", None),
        ("10.77.0.1/32", None),
        ("fd00::/64", None),
    ] {
        let network: Network = network.parse().unwrap();
        let wanted = last.map(|it| it.parse().unwrap());
        assert_eq!(network.broadcast(), wanted, "{network}");
    }
}

#[test]
fn a_network_holds_its_addresses() {
    let network: Network = "10.77.0.0/24".parse().unwrap();
    assert!(network.contains(ip("10.77.0.255")));
    assert!(!network.contains(ip("10.77.1.0")));
    assert!(!network.contains(ip("fd77::1")));
    assert!(
        "0.0.0.0/0"
            .parse::<Network>()
            .unwrap()
            .contains(ip("203.0.113.1"))
    );
}

#[test]
fn host_bits_and_long_prefixes_are_refused() {
    for text in ["10.77.0.1/24", "10.77.0.0/33", "10.77.0.0", "x/8", ""] {
        assert!(text.parse::<Network>().is_err(), "{text}");
    }
}

#[test]
fn a_range_has_an_order_and_one_family() {
    assert!(AddressRange::new(ip("10.0.0.2"), ip("10.0.0.1")).is_none());
    assert!(AddressRange::new(ip("10.0.0.2"), ip("fd77::1")).is_none());
    let range: AddressRange = "10.77.0.50-10.77.0.60".parse().unwrap();
    assert!(range.contains(ip("10.77.0.60")) && !range.contains(ip("10.77.0.61")));
    assert_eq!(range.to_string(), "10.77.0.50-10.77.0.60");
}
