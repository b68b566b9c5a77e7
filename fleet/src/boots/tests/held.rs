//! Which boot a peer holds that names none: its id is a secret of its machine.

use machine_core::boot::Boot;

use super::*;

#[tokio::test]
async fn a_boot_is_held_by_its_card_at_its_address_until_it_is_sent_to_its_disk() {
    let directory = directory(UnknownPolicy::Inspect).await;
    let held = async |peer: IpAddr, card| {
        let held = directory.held(peer, card).await.unwrap();
        held.map(|held| (held.boot, held.mac))
    };
    assert_eq!(
        held(ADDRESS, Some(CARD)).await,
        None,
        "it has not asked yet"
    );
    let boot = directory.loads().await;
    let other = IpAddr::from([10, 77, 0, 66]);
    let foreign = MacAddress::new([0x52, 0x54, 0, 0x66, 0, 6]);
    // No address was leased: whoever has the card holds it.
    assert_eq!(held(other, Some(CARD)).await, Some((boot, CARD)));
    assert_eq!(held(ADDRESS, Some(foreign)).await, None);
    let unknown = directory.held(ADDRESS, None).await;
    assert!(unknown.is_err(), "nobody knows the card at this moment");

    // It becomes a machine, at its address.
    directory.asks_for_its_script(boot).await;
    assert_eq!(held(ADDRESS, Some(CARD)).await, Some((boot, CARD)));
    assert_eq!(held(other, Some(CARD)).await, None);
    let kept = directory.find_boot(boot).await.unwrap().unwrap();
    let gone = Boot {
        sent_to_disk: true,
        ..kept
    };
    directory.keep(gone).await.unwrap();
    assert_eq!(held(ADDRESS, Some(CARD)).await, None);
}
