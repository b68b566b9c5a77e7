//! Rights that are made up, and what is said of them.

use super::*;

const ROOT: u64 = 0x1ff_ffff_ffff;

fn may(capabilities: u64) -> Privileges {
    Privileges {
        user: 65_534,
        capabilities: Some(capabilities),
        free_from: USUALLY_FREE_FROM,
    }
}

fn needs(leases: bool) -> Needs {
    Needs {
        ports: vec![(67, "DHCP"), (4011, "proxy DHCP"), (69, "TFTP")],
        leases,
    }
}

#[test]
fn the_effective_capabilities_are_read_and_nothing_else() {
    let status = "Name:\tdrover\nCapPrm:\t000001ffffffffff\nCapEff:\t0000000000002400\n";
    assert_eq!(effective(status), Some(0x2400));
    for unreadable in ["", "CapEff:\tmany\n", "CapPrm:\t0000000000002400\n"] {
        assert_eq!(effective(unreadable), None, "{unreadable}");
    }
}

#[test]
fn only_rights_that_are_not_needed_are_too_many() {
    for (capabilities, wanted) in [
        (ROOT, true),
        (BIND_SERVICE | RAW, false),
        (NEEDED, false),
        (0, false),
        (1 << 1, true),
    ] {
        assert_eq!(
            may(capabilities).excess().is_some(),
            wanted,
            "{capabilities:x}"
        );
    }
}

#[test]
fn the_right_that_is_missing_is_named_and_what_for() {
    for (capabilities, refused, worse) in [
        (ROOT, false, false),
        (BIND_SERVICE | RAW, false, false),
        (BIND_SERVICE, false, true),
        (RAW, true, false),
        (0, true, true),
    ] {
        let own = may(capabilities);
        let refusal = own.permit(&needs(true)).err().map(|it| it.to_string());
        assert_eq!(refusal.is_some(), refused, "{capabilities:x}");
        let shortfall = own.shortfall(&needs(true));
        assert_eq!(shortfall.is_some(), worse, "{capabilities:x}");
        if let Some(refusal) = refusal {
            let begin = "CAP_NET_BIND_SERVICE is missing, without which user 65534 can't have the \
                         ports 67 (DHCP), 69 (TFTP), and";
            assert!(refusal.starts_with(begin), "{refusal}");
            assert_eq!(
                refusal.contains("CAP_NET_RAW is missing"),
                worse,
                "{refusal}"
            );
        }
        if let Some(shortfall) = shortfall {
            assert!(
                shortfall.starts_with("CAP_NET_RAW is missing"),
                "{shortfall}"
            );
            assert!(!shortfall.contains("CAP_NET_BIND"), "{shortfall}");
        }
    }
}

#[test]
fn who_leases_nothing_needs_no_packet_sockets() {
    assert_eq!(may(BIND_SERVICE).shortfall(&needs(false)), None);
    let refusal = may(0).permit(&needs(false)).unwrap_err();
    assert_eq!(refusal.also, "");
}

#[test]
fn ports_that_everybody_may_have_need_no_right() {
    let free_from = |free_from| Privileges {
        free_from,
        ..may(RAW)
    };
    assert_eq!(free_from(0).permit(&needs(true)), Ok(()));
    assert_eq!(free_from(67).permit(&needs(true)), Ok(()));
    let refusal = free_from(68).permit(&needs(true)).unwrap_err();
    assert_eq!(refusal.ports, "67 (DHCP)");
}

#[test]
fn a_system_that_does_not_say_is_taken_for_willing() {
    let silent = Privileges {
        capabilities: None,
        ..may(0)
    };
    assert_eq!(silent.permit(&needs(true)), Ok(()));
    assert_eq!(silent.shortfall(&needs(true)), None);
    assert_eq!(silent.excess(), None);
}
