//! Graphs from metadata and from a document, and what differs between them.

use super::*;

fn drawn(lines: &str) -> CrateGraph {
    CrateGraph::of_document(&format!("a\n{BEGIN}\n```text\n{lines}\n```\n{END}\nb")).unwrap()
}

const SMALL: &str =
    "daemon -> pxe/server, api/cli\npxe/server -> machine/core\napi/cli\nmachine/core";

#[test]
fn cargos_answer_and_the_drawing_are_one_graph() {
    let package = |name: &str, dependencies: &str| {
        format!(r#"{{"manifest_path":"/w/{name}/Cargo.toml","dependencies":[{dependencies}]}}"#)
    };
    let on = |name: &str, kind: &str| format!(r#"{{"kind":{kind},"path":"/w/{name}"}}"#);
    let json = format!(
        r#"{{"workspace_root":"/w","packages":[{},{},{},{},{}]}}"#,
        package(
            "daemon",
            &[on("pxe/server", "null"), on("api/cli", "null")].join(",")
        ),
        package(
            "pxe/server",
            &[
                on("machine/core", "null"),
                on("api/cli", "\"dev\""),
                on("machine/core", "\"build\""),
                r#"{"kind":null,"path":null}"#.to_owned(),
            ]
            .join(",")
        ),
        package("api/cli", ""),
        package("machine/core", ""),
        package("tests/suite", &on("daemon", "null")),
    );
    assert_eq!(CrateGraph::of_metadata(&json).unwrap(), drawn(SMALL));
}

#[test]
fn every_difference_is_named() {
    let (drawn, other) = (drawn(SMALL), drawn(&SMALL.replace(", api/cli", "")));
    assert_eq!(drawn.beyond(&other), ["daemon -> api/cli"]);
    assert!(other.beyond(&drawn).is_empty());
    let fewer = CrateGraph::default();
    assert_eq!(drawn.beyond(&fewer).len(), 4 + 3);
}

#[test]
fn an_open_crate_may_depend_on_any() {
    let open = drawn(&SMALL.replace("daemon -> pxe/server, api/cli", "daemon -> *"));
    assert!(drawn(SMALL).beyond(&open).is_empty());
    assert!(open.beyond(&drawn(SMALL)).is_empty());
}

#[test]
fn sideways_arrows_and_arrows_to_the_top_are_found() {
    assert!(drawn(SMALL).sideways().is_empty());
    assert!(drawn(SMALL).to_the_top().is_empty());
    let bad =
        drawn("pxe/server -> bmc/ipmi, pxe/dhcp\nmachine/store -> pxe/dhcp6\nbmc/ipmi -> daemon");
    assert_eq!(bad.sideways(), ["pxe/server -> bmc/ipmi"]);
    assert_eq!(bad.to_the_top(), ["bmc/ipmi -> daemon"]);
}

#[test]
fn the_longest_chain_is_counted() {
    assert_eq!(
        drawn(SMALL).longest_chain(),
        ["daemon", "pxe/server", "machine/core"]
    );
    assert_eq!(
        drawn("a -> b\nb -> a").longest_chain().len(),
        CHAIN_LIMIT + 1
    );
}

#[test]
fn a_drawing_that_can_not_be_read_is_refused() {
    for text in ["", BEGIN, "a -> b"] {
        assert!(
            matches!(CrateGraph::of_document(text), Err(GraphError::NoBlock)),
            "{text}"
        );
    }
    for line in ["Daemon -> x", "a b", "a -> b c", "-> b"] {
        let text = format!("{BEGIN}\n{line}\n{END}");
        assert!(
            matches!(CrateGraph::of_document(&text), Err(GraphError::Line(_))),
            "{line}"
        );
    }
}
