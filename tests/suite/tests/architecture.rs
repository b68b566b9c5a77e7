//! The workspace holds to ARCHITECTURE.md: its crate graph, the walls of its pure crates, the rules
//! for its files.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use suite::command_texts;
use suite::crate_graph::CrateGraph;
use suite::dependency_tree::packages;
use suite::import_graph::circles;
use suite::purity::{self, PURE_CRATES};
use suite::source_rules;
use suite::workspace::{cargo, read, rust_files};

fn assert_none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

fn actual_graph() -> CrateGraph {
    let metadata = cargo(&["metadata", "--no-deps", "--format-version", "1"]).unwrap();
    CrateGraph::of_metadata(&metadata).unwrap()
}

#[test]
fn the_crate_graph_is_the_one_in_architecture_md() {
    let actual = actual_graph();
    let drawn = CrateGraph::of_document(&read("ARCHITECTURE.md").unwrap()).unwrap();
    assert_none(
        "in the code and not in ARCHITECTURE.md",
        &actual.beyond(&drawn),
    );
    assert_none(
        "in ARCHITECTURE.md and not in the code",
        &drawn.beyond(&actual),
    );
}

#[test]
fn no_arrow_leads_sideways_or_to_the_top() {
    let graph = actual_graph();
    assert_none("between pxe, bmc, config and api", &graph.sideways());
    assert_none(
        "to the daemon, or to the fleet but from it",
        &graph.to_the_top(),
    );
    let chain = graph.longest_chain();
    assert!(
        chain.len() <= 5,
        "wanted chains of at most 5 crates, got {}",
        chain.join(" -> ")
    );
}

#[test]
fn pure_crates_reach_no_socket_clock_or_random_source() {
    for (package, _) in PURE_CRATES {
        let tree = cargo(&[
            "tree",
            "--package",
            package,
            "--edges",
            "normal,no-proc-macro",
            "--prefix",
            "depth",
            "--format",
            "{p}|{f}",
        ])
        .unwrap();
        let tree = packages(&tree).unwrap();
        assert_eq!(tree.first().map(|root| root.name.as_str()), Some(package));
        assert_none(
            &format!("in the tree of {package}"),
            &purity::breaches(&tree),
        );
    }
}

/// What only a simulation may turn on.
const FOR_SIMULATIONS: [&str; 2] = ["faults", "sabotage"];

#[test]
fn no_rule_can_be_broken_and_no_database_taken_away_in_the_program_that_ships() {
    let tree = cargo(&[
        "tree",
        "--package",
        "drover",
        "--edges",
        "normal,no-proc-macro",
        "--prefix",
        "depth",
        "--format",
        "{p}|{f}",
    ])
    .unwrap();
    let tree = packages(&tree).unwrap();
    let ours = ["machine-core", "machine-store"];
    for name in ours {
        assert!(tree.iter().any(|package| package.name == name), "{name}");
    }
    let found = tree.iter().filter(|it| ours.contains(&it.name.as_str()));
    let is_on = |feature: &&String| FOR_SIMULATIONS.contains(&feature.as_str());
    let found: Vec<String> = found
        .flat_map(|it| it.features.iter().filter(is_on).map(move |on| (it, on)))
        .map(|(it, on)| format!("{on}, by {}", it.chain.join(" > ")))
        .collect();
    assert_none("features of simulations in the program", &found);
}

#[test]
fn pure_crates_forbid_unsafe_code_and_share_one_clippy_toml() {
    let (_, first) = PURE_CRATES[0];
    let rules = read(&format!("{first}/clippy.toml")).unwrap();
    assert!(rules.contains("disallowed-methods") && rules.contains("std::time::SystemTime::now"));
    for (package, folder) in PURE_CRATES {
        let own = read(&format!("{folder}/clippy.toml")).unwrap();
        assert_eq!(
            own, rules,
            "{folder}/clippy.toml differs from {first}/clippy.toml"
        );
        let root = read(&format!("{folder}/src/lib.rs")).unwrap();
        assert!(
            root.contains("\n#![forbid(unsafe_code)]"),
            "{package} does not forbid unsafe code"
        );
    }
}

#[test]
fn every_source_file_keeps_the_rules() {
    let files = rust_files("").unwrap();
    assert!(
        files.len() > 100,
        "wanted the workspace's files, got {}",
        files.len()
    );
    let found: Vec<String> = files.iter().flat_map(source_rules::breaches).collect();
    assert_none("rules for source files", &found);
}

#[test]
fn every_command_that_a_text_tells_to_type_has_its_name() {
    let files = rust_files("").unwrap();
    let found: Vec<String> = files.iter().flat_map(command_texts::breaches).collect();
    assert_none("commands that can't be pasted", &found);
}

#[test]
fn no_crate_has_an_import_circle() {
    let metadata = cargo(&["metadata", "--no-deps", "--format-version", "1"]).unwrap();
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    let root = metadata["workspace_root"].as_str().unwrap();
    let mut found = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        let manifest = package["manifest_path"].as_str().unwrap();
        let folder = manifest.strip_prefix(root).unwrap().trim_start_matches('/');
        let sources = folder.replace("Cargo.toml", "src");
        let files = rust_files(&sources).unwrap();
        assert!(!files.is_empty(), "no files in {sources}");
        found.extend(
            circles(&sources, &files)
                .iter()
                .map(|circle| circle.join(" -> ")),
        );
    }
    assert_none("import circles", &found);
}
