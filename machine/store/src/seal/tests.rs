//! What is sealed and opened again, and what is refused.

use super::*;
use proptest::prelude::*;

fn place() -> Place {
    Place::new("cluster", "00ff", "bundle")
}

proptest! {
    #[test]
    fn what_is_sealed_opens(bytes: Vec<u8>) {
        let key = SealKey::generate().unwrap();
        let sealed = key.seal(&place(), &bytes).unwrap();
        let opened = key.unseal(&place(), &sealed).unwrap();
        prop_assert_eq!(opened.expose(), bytes.as_slice());
    }
}

#[test]
fn another_place_does_not_open_it() {
    let key = SealKey::generate().unwrap();
    let sealed = key.seal(&place(), b"canary").unwrap();
    for elsewhere in [
        Place::new("machine", "00ff", "bundle"),
        Place::new("cluster", "00fe", "bundle"),
        Place::new("cluster", "00ff", "token"),
    ] {
        let place = elsewhere.clone();
        assert_eq!(
            key.unseal(&elsewhere, &sealed),
            Err(SealError::NotAuthentic { place })
        );
    }
}

#[test]
fn another_key_is_named() {
    let (key, other) = (SealKey::generate().unwrap(), SealKey::generate().unwrap());
    let sealed = key.seal(&place(), b"canary").unwrap();
    assert_eq!(
        other.unseal(&place(), &sealed),
        Err(SealError::OtherKey {
            place: place(),
            wanted: key.id(),
            got: other.id(),
        })
    );
}

#[test]
fn any_changed_byte_is_noticed() {
    let key = SealKey::generate().unwrap();
    let sealed = key.seal(&place(), b"canary").unwrap();
    let mut changed = vec![sealed.clone(); 3];
    changed[0].ciphertext[0] ^= 1;
    changed[1].nonce[0] ^= 1;
    changed[2].wrapped_key[30] ^= 1;
    for sealed in changed {
        assert!(matches!(
            key.unseal(&place(), &sealed),
            Err(SealError::NotAuthentic { .. })
        ));
    }
    let short = Sealed {
        wrapped_key: vec![0; 5],
        ..sealed.clone()
    };
    assert!(key.unseal(&place(), &short).is_err());
    let newer = Sealed {
        version: 2,
        ..sealed
    };
    assert!(matches!(
        key.unseal(&place(), &newer),
        Err(SealError::OtherFormat { found: 2, .. })
    ));
}

#[test]
fn nothing_prints_what_is_secret() {
    let key = SealKey::from_bytes(Zeroizing::new([0x5a; 32]));
    let sealed = key.seal(&place(), b"canary").unwrap();
    let opened = key.unseal(&place(), &sealed).unwrap();
    let shown = format!("{key:?} {opened:?}");
    assert!(
        !shown.contains("5a5a") && !shown.contains("90, 90"),
        "{shown}"
    );
    assert!(
        !shown.contains("canary") && !shown.contains("99, 97"),
        "{shown}"
    );
}

#[test]
fn key_ids_come_back() {
    let id = SealKey::from_bytes(Zeroizing::new([7; 32])).id();
    assert_eq!(id.to_string().parse(), Ok(id));
    assert!("+123456789abcdef".parse::<KeyId>().is_err());
}
