//! Every packet of `tests/packets` and its right answer, which stands in the file beside it: in
//! `NAME.hex` the packet, and what it is composed from; in `NAME.answer` what is made of it, and what
//! is answered to a machine that is to boot from the network, where we give the addresses and where
//! another server does. After a change that is meant, take the text that the failed test prints.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use crate::dump;
use crate::scene::{Files, PACKETS, answer, client, instruction, stateful, stateless};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/packets");

#[test]
fn every_packet_has_its_answer() {
    let mut wrong = String::new();
    for Files {
        name,
        answer: wanted,
        ..
    } in PACKETS
    {
        let client = client(name);
        let boot = instruction(&client);
        let got = format!(
            "{}\nthe only server: {}\nbeside another: {}",
            dump::client(&client),
            dump::reply(&answer(&stateful(), &client, &boot)),
            dump::reply(&answer(&stateless(), &client, &boot)),
        );
        if got != *wanted {
            write!(wrong, "===== {name}.answer\n{got}=====\n").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_file_is_looked_at() {
    let files = fs::read_dir(FOLDER).unwrap();
    let found = files.map(|it| it.unwrap().file_name().into_string().unwrap());
    let found: BTreeSet<String> = found.collect();
    let both = |it: &Files| [".answer", ".hex"].map(|end| format!("{}{end}", it.name));
    assert_eq!(found, PACKETS.iter().flat_map(both).collect());
}
