//! The documents of `tests/cases`: each was accepted once and did harm. What each must come to.

use std::path::Path;

use api_server::error::UseCaseError;

use crate::around::{Around, asked};
use crate::permitted::Begun;

/// What must come of a document.
enum Wanted {
    /// It is refused, and says all of this.
    Refused(&'static [&'static str]),
    /// It is applied, and its notes say this.
    Noted(&'static str),
    /// It is applied without a word of trouble.
    Applied,
}

use Wanted::{Applied, Noted, Refused};

/// A document, what was applied before it, and what must come of it.
type Case = (&'static str, &'static [&'static str], Wanted);

const CP_1: &str = "machines:
  - { name: cp-1, nics: [{ mac: \"52:54:00:77:00:01\" }], bmc: { ipmi: 10.0.0.7, username: a, password: b } }
";
const Y_1: &str = "machines:
  - { name: y-1, nics: [{ mac: \"52:54:00:77:02:01\" }], disk: { serial: D1 } }
";
const A_AND_B: &str = "machines:
  - { name: a, nics: [{ mac: \"52:54:00:00:00:0a\" }], disk: { serial: A } }
  - { name: b, nics: [{ mac: \"52:54:00:00:00:0b\" }], disk: { serial: B } }
";
const D_5: &str = include_str!("../cases/machines/bmc-dup2.yaml");

const W_1: &str = "machines:
  - { name: w-1, nics: [{ mac: \"52:54:00:77:05:01\", address: 10.77.0.21 }] }
";

const MACHINES: &[Case] = &[
    (
        "addr-bcast",
        &[],
        Refused(&["addr-bcast.yaml:3: nics.address", "not the broadcast"]),
    ),
    (
        "addr-moved",
        &[W_1],
        Noted("cleared, for its entry leaves it out: address 10.77.0.21"),
    ),
    (
        "addr-of-another",
        &[W_1],
        Refused(&[
            "addr-of-another.yaml:3: nics.address",
            "an address for w-2, but this one is kept for w-1 (discovered), card 52:54:00:77:05:01",
            "got \"10.77.0.21\"",
        ]),
    ),
    (
        "bmc-dup",
        &[],
        Refused(&["bmc-dup.yaml:4: bmc.ipmi", "d-3 has it in line 3"]),
    ),
    ("bmc-dup2", &[], Applied),
    (
        "bmc-dup3",
        &[D_5],
        Refused(&[
            "bmc-dup3.yaml:3: bmc.ipmi",
            "the BMC of d-6",
            "d-5 (discovered) has this one",
        ]),
    ),
    (
        "bmc-null",
        &[CP_1],
        Noted("cp-1: cleared, for its entry leaves it out: bmc 10.0.0.7:623"),
    ),
    (
        "bmc-same-by-port",
        &[CP_1],
        Refused(&[
            "bmc-same-by-port.yaml:3: bmc.ipmi",
            "the BMC of d-8",
            "cp-1 (discovered) has this one as 10.0.0.7:623, which is the same BMC",
            "got \"10.0.0.7:443\"",
        ]),
    ),
    (
        "bmc-twice-by-port",
        &[],
        Refused(&["bmc-twice-by-port.yaml:4: bmc.ipmi", "d-1 has it in line 3"]),
    ),
    ("bmcs-of-an-emulator", &[], Applied),
    (
        "disk-removed",
        &[Y_1],
        Noted("y-1: cleared, for its entry leaves it out: disk serial:D1"),
    ),
    (
        "disk-serial-glob",
        &[],
        Refused(&["disk-serial-glob.yaml:3: disk.serial", "a pattern"]),
    ),
    (
        "disk-wwn-bad",
        &[],
        Refused(&["disk-wwn-bad.yaml:3: disk.wwn", "such as naa."]),
    ),
    ("disk-wwn-bare", &[], Applied),
    (
        "glob",
        &[],
        Refused(&["glob.yaml:3: disk.serial", "a pattern"]),
    ),
    (
        "mac-multicast",
        &[],
        Refused(&["mac-multicast.yaml:3: nics.mac", "not a multicast"]),
    ),
    (
        "mac-zero",
        &[],
        Refused(&[
            "mac-zero.yaml:3: nics.mac",
            "not a multicast, broadcast or zero",
        ]),
    ),
    ("rename-done", &[W_1], Noted("unchanged: w-1")),
    (
        "rename-nobody-like-it",
        &[W_1],
        Refused(&["see drover machine list", "got \"nobody\""]),
    ),
    (
        "rename-nobody",
        &[W_1],
        Refused(&[
            "rename-nobody.yaml:5: machines.renamed_from",
            "neither this one nor w-7",
            "did you mean w-1?",
            "got \"w-0\"",
        ]),
    ),
    (
        "rename-silent",
        &[CP_1],
        Refused(&[
            "rename-silent.yaml:3: nics.mac",
            "a card of cp-9",
            "cp-1 (discovered)",
            "renamed_from: cp-1",
        ]),
    ),
    (
        "steal",
        &[A_AND_B],
        Refused(&[
            "steal.yaml:3: nics.mac",
            "but a (discovered)",
            "but b (discovered)",
        ]),
    ),
    (
        "two-errors",
        &[],
        Refused(&["two-errors.yaml:3: nics.mac", "two-errors.yaml:4: nics.mac"]),
    ),
];

const A_1: &str = "machines:
  - { name: a-1, nics: [{ mac: \"52:54:00:77:04:01\" }], disk: { wwn: naa.5000c500a1b2c3d4 } }
";

const CLUSTERS: &[Case] = &[
    (
        "ep-lo",
        &[],
        Refused(&["ep-lo.yaml:3: endpoint", "at which every machine reaches"]),
    ),
    (
        "ep-nobody",
        &[A_1],
        Noted("no control plane of the file has the address 10.88.0.199"),
    ),
    (
        "match-glob",
        &[],
        Noted("match.manufacturer is compared letter by letter, so \"Super*\""),
    ),
    (
        "member-dup",
        &[],
        Refused(&["member-dup.yaml:9: members.machine", "line 8 names it"]),
    ),
    (
        "member-removed",
        &[],
        Noted("y-1: the permission to erase serial:D1 was withdrawn; nothing was written"),
    ),
];

#[tokio::test]
async fn every_document_of_machines_comes_to_what_is_right() {
    for (name, before, wanted) in all("machines", MACHINES) {
        let around = Around::new().await;
        for (number, document) in before.iter().enumerate() {
            around.rack(document, &number.to_string()).await.unwrap();
        }
        let (file, text, asked) = (
            format!("{name}.yaml"),
            document("machines", name),
            asked("case"),
        );
        let applied = around.operations.apply_machines(&file, &text, &asked).await;
        check(name, applied.map(|it| it.notes), wanted);
    }
}

#[tokio::test]
async fn every_document_of_a_cluster_comes_to_what_is_right() {
    for (name, before, wanted) in all("clusters", CLUSTERS) {
        let around = Around::new().await;
        for (number, document) in before.iter().enumerate() {
            around.rack(document, &number.to_string()).await.unwrap();
        }
        if name == "member-removed" {
            let with = document("clusters", name) + "  - { role: worker, machine: y-1 }\n";
            around.rack(Y_1, "y-1").await.unwrap();
            around.cluster(&with, "with").await.unwrap();
            around.begin("y-1", "lab2", Begun::Permitted).await;
        }
        let (file, text, asked) = (
            format!("{name}.yaml"),
            document("clusters", name),
            asked("case"),
        );
        let applied = around.operations.apply_cluster(&file, &text, &asked).await;
        check(name, applied.map(|it| it.notes), wanted);
    }
}

/// The cases of a folder: one for each of its files.
fn all(
    folder: &str,
    cases: &'static [Case],
) -> impl Iterator<Item = (&'static str, &'static [&'static str], &'static Wanted)> {
    let files = std::fs::read_dir(path(folder)).unwrap();
    let mut files: Vec<String> = files
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let named: Vec<String> = cases.iter().map(|it| format!("{}.yaml", it.0)).collect();
    assert_eq!(files, named, "each file of {folder} has its case");
    cases
        .iter()
        .map(|(name, before, wanted)| (*name, *before, wanted))
}

fn path(folder: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cases")
        .join(folder)
}

fn document(folder: &str, name: &str) -> String {
    std::fs::read_to_string(path(folder).join(format!("{name}.yaml"))).unwrap()
}

fn check(name: &str, came: Result<Vec<String>, UseCaseError>, wanted: &Wanted) {
    match (came, wanted) {
        (Err(error), Refused(texts)) => {
            let said = error.to_string();
            for text in *texts {
                assert!(said.contains(text), "{name}: wanted {text:?} in {said}");
            }
        }
        (Ok(notes), Noted(text)) => {
            assert!(
                notes.iter().any(|it| it.contains(text)),
                "{name}: {notes:?}"
            );
        }
        (Ok(_), Applied) => {}
        (came, _) => panic!("{name}: {came:?}"),
    }
}
