//! Documents that can't be read: each file of `tests/documents` is refused with the words that stand
//! beside it (`NAME.txt`), which are ours and tell no secret.

#![expect(
    clippy::unwrap_used,
    reason = "a test that fails says what was missing"
)]

use std::path::{Path, PathBuf};

use api_server::document::{cluster, machines};

type Parse = fn(&str, &str) -> Result<(), String>;

#[test]
fn no_word_of_the_yaml_library_reaches_who_applies_machines() {
    refused("machines", |file, text| {
        let parsed = machines::parse(file, text);
        parsed.map(|_| ()).map_err(|error| error.to_string())
    });
}

#[test]
fn no_word_of_the_yaml_library_reaches_who_applies_a_cluster() {
    refused("clusters", |file, text| {
        let parsed = cluster::parse(file, text);
        parsed.map(|_| ()).map_err(|error| error.to_string())
    });
}

/// Every document of a folder against the words beside it; all that differ are told at once.
fn refused(folder: &str, parse: Parse) {
    let mut wrong = Vec::new();
    let documents = documents(folder);
    assert!(!documents.is_empty());
    for path in documents {
        let file = path.file_name().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let wanted = std::fs::read_to_string(path.with_extension("txt")).unwrap_or_default();
        let got = parse(file, &text).map_or_else(|said| said, |()| "accepted".to_owned());
        assert!(!got.contains("CANARY"), "{got}");
        if got != wanted.trim_end() {
            wrong.push(format!("{file}\n  wanted {wanted}\n  got    {got}\n"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

fn documents(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/documents")
        .join(folder);
    let files = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = files.map(|it| it.unwrap().path()).collect();
    files.retain(|it| it.extension().is_some_and(|it| it == "yaml"));
    files.sort();
    files
}
