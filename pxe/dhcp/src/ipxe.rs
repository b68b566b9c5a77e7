//! What iPXE says of itself in its encapsulated option 175, and what we say back.
//!
//! Sub-options have the form of options: code, length, value. The features are flags of one byte
//! each; 235 is the version. What is malformed is left out: a client with a broken 175 is iPXE all
//! the same.

use std::fmt;

use crate::option::OptionCode;
use crate::option_list::OptionList;

/// Option 175 of our replies when we are the only DHCP server: sub-option 176, `no-pxedhcp` = 1.
/// Without it iPXE waits 2 to 3 seconds for a proxy offer (`DHCP_DISC_PROXY_TIMEOUT_SEC`).
pub const NO_PROXY: [u8; 3] = [176, 1, 1];

/// An iPXE client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ipxe {
    /// Its version, if it says one. Not to be trusted for "chain if old": Debian 13's
    /// `undionly.kpxe` still says 1.0.0, and such a rule loops for ever.
    pub version: Option<IpxeVersion>,
    /// What it was built with.
    pub features: IpxeFeatures,
}

impl Ipxe {
    /// iPXE names itself in the user class, plain or in RFC 3004's list, or has sent its own option
    /// 175.
    pub(crate) fn from_options(options: &OptionList) -> Option<Self> {
        let encapsulated = options.get(OptionCode::IPXE);
        let named = options.get(OptionCode::USER_CLASS).is_some_and(is_named);
        match encapsulated {
            Some(bytes) => Some(Self::from_bytes(bytes)),
            None => named.then(Self::default),
        }
    }

    /// What the value of option 175 says.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let encapsulated = OptionList::encapsulated(bytes);
        let mut ipxe = Self::default();
        for (code, value) in encapsulated.iter() {
            match (code.0, value) {
                (235, [major, minor, patch]) => {
                    ipxe.version = Some(IpxeVersion {
                        major: *major,
                        minor: *minor,
                        patch: *patch,
                    });
                }
                (feature, [on, ..]) if *on != 0 => ipxe.features.insert(feature),
                _ => {}
            }
        }
        ipxe
    }
}

/// Whether iPXE is in a user class: the text itself, or one of several, each behind its length (RFC
/// 3004 §4).
fn is_named(class: &[u8]) -> bool {
    const NAME: &[u8] = b"iPXE";
    let mut rest = class;
    let mut listed = std::iter::from_fn(|| {
        let (length, behind) = rest.split_first()?;
        let (name, behind) = behind.split_at_checked(usize::from(*length))?;
        rest = behind;
        Some(name)
    });
    class == NAME || listed.any(|name| name == NAME)
}

/// A version of iPXE: `1.21.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IpxeVersion {
    /// The first number.
    pub major: u8,
    /// The second.
    pub minor: u8,
    /// The third.
    pub patch: u8,
}

impl fmt::Display for IpxeVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// A feature that iPXE may have been built with (`src/include/ipxe/features.h`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IpxeFeature {
    /// Downloads over HTTP.
    Http,
    /// Downloads over HTTPS.
    Https,
    /// Downloads over TFTP.
    Tftp,
    /// Resolves names.
    Dns,
    /// Boots Linux kernels.
    BzImage,
    /// Boots EFI images.
    Efi,
    /// Tags frames.
    Vlan,
    /// Has menus.
    Menu,
}

impl IpxeFeature {
    /// Its sub-option.
    pub const fn code(self) -> u8 {
        match self {
            Self::Http => 19,
            Self::Https => 20,
            Self::Tftp => 21,
            Self::Dns => 23,
            Self::BzImage => 24,
            Self::Efi => 36,
            Self::Vlan => 38,
            Self::Menu => 39,
        }
    }
}

/// The features of one build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IpxeFeatures(u64);

impl IpxeFeatures {
    /// Whether it has `feature`.
    pub const fn has(self, feature: IpxeFeature) -> bool {
        self.0 & (1 << feature.code()) != 0
    }

    /// Whether it told none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn insert(&mut self, code: u8) {
        self.0 |= 1_u64.checked_shl(u32::from(code)).unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_and_features_are_read() {
        let ipxe = Ipxe::from_bytes(&[177, 1, 5, 19, 1, 1, 36, 1, 1, 20, 1, 0, 235, 3, 2, 0, 0]);
        assert_eq!(ipxe.version.unwrap().to_string(), "2.0.0");
        assert!(ipxe.features.has(IpxeFeature::Http) && ipxe.features.has(IpxeFeature::Efi));
        assert!(!ipxe.features.has(IpxeFeature::Https) && !ipxe.features.has(IpxeFeature::Menu));
    }

    #[test]
    fn what_is_broken_is_left_out() {
        assert_eq!(Ipxe::from_bytes(&[]), Ipxe::default());
        let ipxe = Ipxe::from_bytes(&[235, 2, 1, 0, 19, 1, 1, 24, 9, 1]);
        assert_eq!(ipxe.version, None);
        assert!(ipxe.features.has(IpxeFeature::Http) && !ipxe.features.has(IpxeFeature::BzImage));
    }
}
