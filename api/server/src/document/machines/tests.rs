//! What a file of machines says, and each mistake in it with its line.

use super::*;

const RACK: &str = "\
machines:
  - name: cp-1
    nics: [{ mac: \"52:54:00:77:00:01\", address: 10.77.0.10 }]
    disk: { serial: CP1 }
    bmc: { ipmi: 10.77.1.11, username: ADMIN, password: canary-123 }
  - name: w-1
    nics: [{ mac: \"52:54:00:77:00:02\" }]
";

#[test]
fn a_rack_is_registered() {
    let machines = parse("rack.yaml", RACK).unwrap();
    let [first, second] = machines.as_slice() else {
        panic!()
    };
    assert_eq!(
        first.bmc.as_ref().unwrap().endpoint.address(),
        "10.77.1.11:623".parse().unwrap()
    );
    assert_eq!(first.nics[0].address, Some("10.77.0.10".parse().unwrap()));
    assert_eq!((second.name.as_str(), &second.bmc), ("w-1", &None));
    assert!(!format!("{machines:?}").contains("canary"));
}

#[test]
fn each_mistake_is_told_with_its_line_and_no_password() {
    for (from, to, wanted) in [
        (
            "00:77:00:02",
            "00:77:00:01",
            "rack.yaml:7: nics.mac: wanted each card once, and cp-1 has it in line 3",
        ),
        (
            "w-1",
            "cp-1",
            "rack.yaml:6: machines.name: wanted each name once, and cp-1 has it in line 2",
        ),
        (
            "10.77.1.11",
            "bmc1",
            "rack.yaml:5: bmc.ipmi: wanted an address",
        ),
        (
            "canary-123",
            "canary-123-canary-123",
            "rack.yaml:5: bmc.password: wanted 1 to 20 characters, got \"21 characters\"",
        ),
        ("canary-123", "[canary]", "rack.yaml:5: "),
        (
            "canary-123",
            "…",
            "rack.yaml:5: bmc.password: wanted the BMC's password: … stands for it in examples",
        ),
        (
            "[{ mac: \"52:54:00:77:00:02\" }]",
            "[]",
            "rack.yaml:6: nics: wanted at least one card",
        ),
        (
            "nics: [{ mac: \"52:54:00:77:00:02\" }]",
            "nick: []",
            "rack.yaml:7: ",
        ),
    ] {
        let text = RACK.replacen(from, to, 1);
        let got = parse("rack.yaml", &text).unwrap_err().to_string();
        assert!(
            got.starts_with(wanted),
            "{to:?}: wanted {wanted:?}, got {got:?}"
        );
        assert!(!got.contains("canary"), "{got}");
    }
}

#[test]
fn what_identifies_a_board_stands_once_and_is_no_placeholder() {
    let uuid = "4c4c4544-0042-4b10-8051-b3c04f564231";
    let swapped = "44454c4c-4200-104b-8051-b3c04f564231";
    for (one, other, wanted) in [
        (
            format!("uuid: {uuid}"),
            format!("uuid: {swapped}"),
            "rack.yaml:9: uuid: wanted each UUID once, and cp-1 has it in line 6",
        ),
        (
            "serial: S1".to_owned(),
            "serial: S1".to_owned(),
            "rack.yaml:9: serial: wanted each serial number once, and cp-1 has it in line 6",
        ),
        (
            "serial: S1".to_owned(),
            "serial: To Be Filled By O.E.M.".to_owned(),
            "rack.yaml:9: serial: wanted one that tells the machine from others",
        ),
        (
            format!("uuid: {uuid}"),
            "uuid: 00000000-0000-0000-0000-000000000000".to_owned(),
            "rack.yaml:9: uuid: wanted one that tells the machine from others",
        ),
    ] {
        let text = RACK.replace("  - name: w-1", &format!("    {one}\n  - name: w-1"));
        let text = format!("{text}    {other}\n");
        let got = parse("rack.yaml", &text).unwrap_err().to_string();
        assert!(got.starts_with(wanted), "wanted {wanted:?}, got {got:?}");
    }
}

#[test]
fn a_mistake_of_each_entry_is_told() {
    let text = RACK
        .replace("77:00:01", "77:00:0g")
        .replace("77:00:02", "77:00");
    let got = parse("rack.yaml", &text).unwrap_err().to_string();
    let lines: Vec<&str> = got.lines().collect();
    assert_eq!(lines.len(), 2, "{got}");
    assert!(lines[0].starts_with("rack.yaml:3: nics.mac"), "{got}");
    assert!(lines[1].starts_with("rack.yaml:7: nics.mac"), "{got}");
}

#[test]
fn several_documents_in_one_file_are_read_as_one_with_the_lines_of_the_file() {
    let more = RACK.replace("cp-1", "cp-2").replace("w-1", "w-2");
    let more = more.replace("77:00:0", "77:00:1");
    let more = more
        .replace("0.77.0.10", "0.77.0.20")
        .replace("1.11", "1.12");
    let text = format!("---\n{RACK}---\n# nothing\n---\n{more}...\n");
    let machines = parse("rack.yaml", &text).unwrap();
    let told: Vec<_> = machines.iter().map(|it| (&*it.name, it.line)).collect();
    assert_eq!(told, [("cp-1", 3), ("w-1", 7), ("cp-2", 13), ("w-2", 17)]);
}

#[test]
fn what_is_written_empty_is_left_out() {
    let text = RACK
        .replace("{ serial: CP1 }", "null")
        .replace("bmc: {", "bmc: # {")
        + "    uuid:\n    serial: \"\"\n    bmc: ~\n";
    let machines = parse("rack.yaml", &text).unwrap();
    assert_eq!((&machines[0].disk, &machines[0].bmc), (&None, &None));
    assert_eq!((machines[1].uuid, &machines[1].serial), (None, &None));
}

#[test]
fn a_key_that_stands_twice_is_told_with_both_lines() {
    let text = RACK.replace("  - name: w-1\n", "  - name: w-1\n    name: w-2\n");
    let got = parse("rack.yaml", &text).unwrap_err().to_string();
    assert_eq!(got, "rack.yaml:7: name stands twice: in line 6 already");
}
