//! Option 43 of replies: PXE's encapsulated sub-options.

use crate::option::OptionCode;

/// PXE discovery control, as the whole of option 43: sub-option 6 with bit 3, "use the boot file of
/// this reply and ask nobody" (PXE 2.1 §2.4.1), and the end mark.
///
/// Without any of the sub-options 6 to 10, EDK2 takes a reply with option 60 for BINL and asks
/// again on port 4011.
pub const DISCOVERY_CONTROL: [u8; 4] = [6, 1, 8, 255];

/// Inside option 43: which boot server, and which of its files (PXE 2.1 §2.4.4).
pub const BOOT_ITEM: OptionCode = OptionCode(71);

/// Option 43 of a reply: whether the file of this reply is to be used at once
/// ([`DISCOVERY_CONTROL`]), and the boot item that was asked for. None if it would say nothing.
pub fn vendor_options(controls: bool, boot_item: Option<[u8; 4]>) -> Option<Vec<u8>> {
    let [control @ .., end] = DISCOVERY_CONTROL;
    let mut value = Vec::new();
    if controls {
        value.extend(control);
    }
    if let Some(item) = boot_item {
        value.extend([BOOT_ITEM.0, 4]);
        value.extend(item);
    }
    if value.is_empty() {
        return None;
    }
    value.push(end);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boot_item_is_given_back_behind_the_control() {
        let item = Some([0x80, 0, 0, 0]);
        for (controls, item, expected) in [
            (true, None, Some(DISCOVERY_CONTROL.to_vec())),
            (true, item, Some(vec![6, 1, 8, 71, 4, 128, 0, 0, 0, 255])),
            (false, item, Some(vec![71, 4, 128, 0, 0, 0, 255])),
            (false, None, None),
        ] {
            assert_eq!(vendor_options(controls, item), expected);
        }
    }
}
