//! What GRUB says of its machine in the name of the file that it asks for.
//!
//! The values are as they are: GRUB escapes nothing. So each begins at its key and ends at the key of
//! the next, in the order in which GRUB was told to say them; what people and vendors chose comes
//! last, and can displace nothing of the others.

use std::collections::BTreeSet;

use crate::directory::{HeldBoot, ScriptRequest};
use crate::http::query::{Seen, platform_of, printable};

/// The request that the rest of a name makes, of the peer that holds this boot.
pub(crate) fn grub_request(held: HeldBoot, seen: Seen, said: &[u8]) -> ScriptRequest {
    let text = String::from_utf8_lossy(said);
    let (uuid, rest) = field(&text, "uuid=", "&platform=");
    let (platform, rest) = field(rest, "", "&arch=");
    let (arch, rest) = field(rest, "", "&mac=");
    let (mac, rest) = field(rest, "", "&serial=");
    let (serial, rest) = field(rest, "", "&manufacturer=");
    let (manufacturer, product) = field(rest, "", "&product=");
    let mac = mac.parse().ok();
    let (peer, hardware) = seen;
    ScriptRequest {
        boot: held.boot,
        peer,
        hardware,
        mac,
        macs: BTreeSet::from_iter(mac),
        uuid: uuid.parse().ok(),
        serial: serial.parse().ok(),
        manufacturer: printable(manufacturer),
        product: printable(product),
        platform: platform_of(platform, arch),
        version: None,
    }
}

/// What stands between a key and the next, and what follows that.
fn field<'a>(text: &'a str, key: &str, next: &str) -> (&'a str, &'a str) {
    let text = text.strip_prefix(key).unwrap_or_default();
    text.split_once(next).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use machine_core::hardware::{Arch, Firmware, MacAddress};
    use machine_core::id::BootId;
    use proptest::prelude::*;

    const MAC: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 1]);

    fn request(said: &[u8]) -> ScriptRequest {
        let boot = BootId::from_bytes([1; 16]);
        grub_request(
            HeldBoot { boot, mac: MAC },
            ([10, 0, 0, 1].into(), None),
            said,
        )
    }

    #[test]
    fn what_grub_says_is_understood() {
        let said = request(
            b"uuid=4c4c4544-0000-4000-8000-000000000001&platform=efi&arch=x86_64\
              &mac=52:54:00:77:00:01&serial=LAB 1%20/x&manufacturer=A & B Inc.&product=",
        );
        let uuid = "4c4c4544-0000-4000-8000-000000000001".parse().ok();
        assert_eq!((said.uuid, said.mac), (uuid, Some(MAC)));
        assert_eq!(said.platform, Some((Arch::X86_64, Firmware::Uefi)));
        assert_eq!(said.serial.unwrap().as_str(), "LAB 1%20/x");
        assert_eq!(said.manufacturer.as_deref(), Some("A & B Inc."));
        assert_eq!(said.product, None);
    }

    #[test]
    fn a_text_of_the_board_takes_no_other_field_s_place() {
        let said = request(
            b"uuid=&platform=efi&arch=arm64&mac=x&serial=S&uuid=4c4c4544-0000-4000-8000-000000000001\
              &mac=52:54:00:77:00:01&manufacturer=\x1b[2J&product=P&manufacturer=M",
        );
        assert_eq!((said.uuid, said.mac, said.manufacturer), (None, None, None));
        assert_eq!(said.platform, Some((Arch::Arm64, Firmware::Uefi)));
    }

    proptest! {
        #[test]
        fn no_name_panics(said: Vec<u8>) {
            let said = request(&said);
            prop_assert!(said.macs.len() <= 1);
        }
    }
}
