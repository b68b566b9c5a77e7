//! A message between client and server (RFC 8415 §8): a kind, a transaction, options.

use crate::dropped::Dropped;
use crate::message_kind::MessageKind;
use crate::option::Options;

/// A message of a client or a server, as it is on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// What it is.
    pub kind: MessageKind,
    /// The transaction, chosen by the client.
    pub transaction: [u8; 3],
    /// The options.
    pub options: Options<'a>,
}

impl<'a> Message<'a> {
    /// Reads a message that no relay carries.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Dropped> {
        let length = bytes.len();
        let header = bytes.split_first_chunk::<4>();
        let (header, options) = header.ok_or(Dropped::TooShort { length })?;
        let [code, transaction @ ..] = *header;
        let kind = MessageKind::from_code(code).ok_or(Dropped::NoKind { code })?;
        Ok(Self {
            kind,
            transaction,
            options: Options::new(options),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_a_header_and_options() {
        let message = Message::decode(&[1, 2, 3, 4, 0, 14, 0, 0]).unwrap();
        assert_eq!(
            (message.kind, message.transaction),
            (MessageKind::Solicit, [2, 3, 4])
        );
        assert_eq!(message.options.iter().count(), 1);
        assert_eq!(
            Message::decode(&[1, 2, 3]),
            Err(Dropped::TooShort { length: 3 })
        );
        assert_eq!(
            Message::decode(&[99, 2, 3, 4]),
            Err(Dropped::NoKind { code: 99 })
        );
    }
}
