//! The recorded session with `ipmi_sim`, read by the model, which was written from the specification:
//! the codes of the login, and what the encrypted commands say, are not the word of the code under
//! test alone.

use crate::model::Bmc;

const RECORDING: &str = include_str!("../golden/ipmi_sim-suite-3.txt");
/// Where the session id of the Open Session Response stands, and in RAKP-2 the random number and the
/// GUID: behind 16 bytes of headers (IPMI 2.0, tables 13-10 and 13-12).
const SESSION_ID: usize = 16 + 8;
const RANDOM_NUMBER: usize = 16 + 8;
const GUID: usize = 16 + 24;

fn datagrams(direction: &str) -> Vec<Vec<u8>> {
    let lines = RECORDING.lines();
    let hex = lines.filter_map(|line| line.strip_prefix(direction));
    hex.map(super::refusals::bytes).collect()
}

fn at<const LENGTH: usize>(datagram: &[u8], offset: usize) -> [u8; LENGTH] {
    *datagram.get(offset..).unwrap().first_chunk().unwrap()
}

#[test]
fn the_recorded_session_is_what_the_specification_says() {
    let (questions, answers) = (datagrams("> "), datagrams("< "));
    let [_, opened, rakp_2, rakp_4, ..] = answers.as_slice() else {
        panic!("a login has four answers")
    };
    let id = at(opened, SESSION_ID);
    let mut bmc = Bmc::new();
    bmc.guid = at(rakp_2, GUID);
    bmc.draws = Some((id, at(rakp_2, RANDOM_NUMBER)));
    let said: Vec<_> = questions.iter().map(|it| bmc.answer(it)).collect();
    assert!(said.iter().all(Option::is_some), "each is read: {said:?}");
    assert_eq!(said[2].as_ref(), Some(rakp_2));
    assert_eq!(said[3].as_ref(), Some(rakp_4));
    let wanted = [
        // Set Session Privilege Level (22.18): operator.
        (0x06, 0x3b, vec![0x03]),
        // Get Chassis Status (28.2), Chassis Control (28.3): power up, and the status again.
        (0x00, 0x01, vec![]),
        (0x00, 0x02, vec![0x01]),
        (0x00, 0x01, vec![]),
        // Set System Boot Options (28.12), parameter 5: valid, EFI; PXE. Then it is read.
        (0x00, 0x08, vec![0x05, 0xa0, 0x04, 0x00, 0x00, 0x00]),
        (0x00, 0x09, vec![0x05, 0x00, 0x00]),
        // Close Session (22.19).
        (0x06, 0x3c, id.to_vec()),
    ];
    assert_eq!(bmc.command_log, wanted);
}
