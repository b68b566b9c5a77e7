//! What tells a repeated request from another one under the same key.
//!
//! Requests hold passwords of at most 20 characters: a plain hash of one would let whoever reads the
//! database try them out. This one is an HMAC (RFC 2104) with a key that the sealing key gives.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::seal::SealKey;

/// The code of a request, over its parts, each with its length.
pub fn request_code(seal: &SealKey, parts: &[&str]) -> [u8; 32] {
    let mut derived = keyed(seal.bytes());
    derived.update(b"drover request code 1");
    let derived = Zeroizing::new(derived.finalize().into_bytes().into());
    let mut code = keyed(&derived);
    for part in parts {
        code.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        code.update(part.as_bytes());
    }
    code.finalize().into_bytes().into()
}

/// RFC 2104 §2: a key that is shorter than a block is filled up with zeros.
fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = Zeroizing::new([0; BLOCK]);
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    Hmac::new((&*block).into())
}

/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::random;

    #[test]
    fn the_same_request_has_the_same_code_under_one_key_only() {
        let key = || SealKey::from_bytes(random().unwrap());
        let (one, other) = (key(), key());
        let code = request_code(&one, &["apply", "ab"]);
        assert_eq!(code, request_code(&one, &["apply", "ab"]));
        assert_ne!(code, request_code(&one, &["applya", "b"]));
        assert_ne!(code, request_code(&other, &["apply", "ab"]));
    }
}
