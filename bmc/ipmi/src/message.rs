//! The message within a packet: addresses, two checksums, sequence number, command (§13.8,
//! table 13-8, and the Intelligent Platform Management Bus Protocol v1.0 §2.11).

use ipmi_rs_core::connection::Message;

use crate::command::{CommandName, CompletionCode};
use crate::error::Ignored;
use crate::reader::Reader;
use crate::reply::Reply;

/// The BMC.
const BMC: u8 = 0x20;
/// Remote console software 1 (§5.5, table 5-4).
const CONSOLE: u8 = 0x81;

/// `message` to the BMC; the lower six bits of `sequence` come back in the answer.
pub(crate) fn encode(message: &Message, sequence: u8) -> Vec<u8> {
    let head = [BMC, message.netfn_raw() << 2];
    let body = [&[CONSOLE, sequence << 2, message.cmd()][..], message.data()].concat();
    [&head[..], &[checksum(&head)], &body, &[checksum(&body)]].concat()
}

/// The BMC's answer to `request`, if `bytes` is that.
pub(crate) fn decode(bytes: &[u8], request: &Message, sequence: u8) -> Result<Reply, Ignored> {
    let Some((_, checked)) = bytes.split_last().filter(|_| bytes.len() >= 8) else {
        return Err(Ignored::Malformed);
    };
    let (head, body) = bytes.split_at_checked(3).ok_or(Ignored::Malformed)?;
    if checksum(head) != 0 || checksum(body) != 0 {
        return Err(Ignored::Checksum);
    }
    let mut reader = Reader::new(checked);
    let address = reader.take::<6>().ok_or(Ignored::Malformed)?;
    let completion = reader.take::<1>();
    let wanted = [
        CONSOLE,
        (request.netfn_raw() | 1) << 2,
        checksum(&[CONSOLE, (request.netfn_raw() | 1) << 2]),
        BMC,
        sequence << 2,
        request.cmd(),
    ];
    match completion {
        Some([completion]) if address == wanted => Ok(Reply {
            command: CommandName::of(request),
            completion: CompletionCode(completion),
            payload: reader.rest().to_vec(),
        }),
        _ => Err(Ignored::AnotherMessage),
    }
}

/// What makes the sum of `bytes` and itself zero.
fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_sub(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipmi_rs_core::connection::NetFn;

    fn status() -> Message {
        Message::new_request(NetFn::Chassis, 0x01, Vec::new())
    }

    fn answer() -> Vec<u8> {
        vec![0x81, 0x04, 0x7b, 0x20, 0x14, 0x01, 0x00, 0x21, 0xaa]
    }

    #[test]
    fn a_request_and_its_answer() {
        // As ipmitool 1.8.19 sends it with `-v -v`.
        assert_eq!(
            encode(&status(), 5),
            [0x20, 0x00, 0xe0, 0x81, 0x14, 0x01, 0x6a]
        );
        let reply = decode(&answer(), &status(), 5).unwrap();
        assert_eq!(reply.completion, CompletionCode::OK);
        assert_eq!(reply.payload, [0x21]);
    }

    #[test]
    fn every_byte_of_an_answer_counts() {
        for index in 0..answer().len() {
            let mut wrong = answer();
            wrong[index] ^= 0x40;
            assert_eq!(
                decode(&wrong, &status(), 5),
                Err(Ignored::Checksum),
                "byte {index}"
            );
        }
        for length in 0..8 {
            assert_eq!(
                decode(&answer()[..length], &status(), 5),
                Err(Ignored::Malformed)
            );
        }
    }

    #[test]
    fn the_answer_to_another_request_is_none() {
        let guid = Message::new_request(NetFn::App, 0x37, Vec::new());
        for (request, sequence) in [(status(), 4), (status(), 6), (guid, 5)] {
            assert_eq!(
                decode(&answer(), &request, sequence),
                Err(Ignored::AnotherMessage)
            );
        }
    }
}
