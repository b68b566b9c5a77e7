//! Reads back how a client's key is printed: the records keep it as text.

use std::str::FromStr;

use thiserror::Error;

use crate::network::ClientKey;

/// A text that is no client's key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("wanted a MAC address or duid:…/iaid:…, got {got:?}")]
pub struct ParseClientKeyError {
    /// What came, at most its first 64 characters.
    pub got: String,
}

/// Accepts what [`ClientKey`] prints.
impl FromStr for ClientKey {
    type Err = ParseClientKeyError;

    fn from_str(text: &str) -> Result<Self, ParseClientKeyError> {
        let refused = || ParseClientKeyError {
            got: text.chars().take(64).collect(),
        };
        let Some(rest) = text.strip_prefix("duid:") else {
            return text.parse().map(Self::Hardware).map_err(|_| refused());
        };
        let (duid, iaid) = rest.split_once("/iaid:").ok_or_else(refused)?;
        let is_hexadecimal = iaid.len() == 8 && iaid.bytes().all(|it| it.is_ascii_hexdigit());
        let iaid = is_hexadecimal.then(|| u32::from_str_radix(iaid, 16).ok());
        Ok(Self::Duid {
            duid: duid.parse().map_err(|_| refused())?,
            iaid: iaid.flatten().ok_or_else(refused)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::duid::Duid;
    use crate::hardware::MacAddress;

    fn duid(iaid: u32) -> ClientKey {
        let duid = Duid::new(&[0, 4, 0x4c, 0x4c, 0, 1]).unwrap();
        ClientKey::Duid { duid, iaid }
    }

    #[test]
    fn both_kinds_print_apart_and_are_read_back() {
        let card = ClientKey::Hardware(MacAddress::new([0x52, 0x54, 0, 0x77, 0, 1]));
        for (key, text) in [
            (card, "52:54:00:77:00:01"),
            (duid(42), "duid:00:04:4c:4c:00:01/iaid:0000002a"),
            (duid(u32::MAX), "duid:00:04:4c:4c:00:01/iaid:ffffffff"),
        ] {
            assert_eq!(key.to_string(), text);
            assert_eq!(text.parse(), Ok(key));
        }
    }

    #[test]
    fn other_texts_are_refused_with_what_came() {
        for text in [
            "",
            "52:54:00:77:00",
            "00:04:4c:4c:00:01:00",
            "duid:00:04:4c:4c:00:01",
            "duid:00:04/iaid:0000002a",
            "duid:00:04:4c:4c:00:01/iaid:2a",
            "duid:00:04:4c:4c:00:01/iaid:+000002a",
            "duid:00:04:4c:4c:00:01/iaid:0000002a0",
        ] {
            let error = text.parse::<ClientKey>().unwrap_err();
            assert_eq!(error.got, text);
        }
    }

    #[test]
    fn a_key_stays_small() {
        // Tables of 60,000 DHCPv4 leases hold several of each.
        assert!(size_of::<ClientKey>() <= 16);
    }
}
