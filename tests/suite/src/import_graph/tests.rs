//! Which paths count as imports, and which circles are found among them.

use super::*;

fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
    let files: Vec<SourceFile> = files
        .iter()
        .map(|(path, text)| SourceFile {
            path: format!("a/src/{path}"),
            text: (*text).to_owned(),
        })
        .collect();
    let short = |path: &String| path.trim_start_matches("a/src/").to_owned();
    circles("a/src", &files)
        .iter()
        .map(|circle| circle.iter().map(short).collect::<Vec<_>>().join(" -> "))
        .collect()
}

#[test]
fn files_that_import_downwards_make_no_circle() {
    let files = [
        ("lib.rs", "//! x\npub mod oses;\npub mod os;\n"),
        ("os.rs", "pub trait Os {}\n"),
        (
            "oses.rs",
            "mod talos;\nuse crate::os::Os;\npub static ALL: &Os = &talos::Talos;\n",
        ),
        ("oses/talos.rs", "use crate::os::Os;\nuse std::fmt;\n"),
    ];
    assert!(circles_of(&files).is_empty());
}

#[test]
fn circles_are_found_in_every_way_of_writing_them() {
    for (b, c) in [
        ("use crate::c::C;", "use crate::b::B;"),
        (
            "use crate::{x::X, c::{self, C}};",
            "pub fn f() -> crate::b::B {}",
        ),
        ("use crate::{\n    x::X,\n    c,\n};", "use super::b::B;"),
        ("use super::{c};", "fn f() { crate::b::g() }"),
        (
            "use self::super::c::C;",
            "use super::super::b::B; use crate::b::B;",
        ),
    ] {
        let files = [
            ("lib.rs", ""),
            ("b.rs", b),
            ("c.rs", c),
            ("x.rs", "pub struct X;"),
        ];
        assert_eq!(circles_of(&files), ["b.rs -> c.rs -> b.rs"], "{b} / {c}");
    }
}

#[test]
fn a_case_that_looks_up_at_its_table_makes_a_circle() {
    let files = [
        (
            "oses.rs",
            "mod talos;\npub static ALL: &Os = &talos::Talos;\n",
        ),
        ("oses/talos.rs", "use super::Os;\n"),
    ];
    assert_eq!(circles_of(&files), ["oses.rs -> oses/talos.rs -> oses.rs"]);
}

#[test]
fn an_export_from_the_root_makes_a_circle_with_who_uses_it() {
    let files = [
        ("lib.rs", "mod b;\npub use b::B;\n"),
        ("b.rs", "use crate::C;\n"),
    ];
    assert_eq!(circles_of(&files), ["lib.rs -> b.rs -> lib.rs"]);
}

#[test]
fn a_longer_circle_is_told_once() {
    let files = [
        ("b.rs", "use crate::c::C;"),
        ("c.rs", "use crate::d::D;"),
        ("d.rs", "use crate::b::B;"),
    ];
    assert_eq!(circles_of(&files), ["b.rs -> c.rs -> d.rs -> b.rs"]);
}

#[test]
fn comments_and_tests_make_no_circle() {
    let files = [
        ("b.rs", "use crate::c::C;\n#[cfg(test)]\nmod tests;\n"),
        ("b/tests.rs", "use super::*; use crate::c::C;"),
        (
            "c.rs",
            "//! See [`crate::b`].\n// use crate::b::B;\n#[cfg(test)]\nmod tests {\n    use crate::b::B;\n}\n",
        ),
    ];
    assert!(circles_of(&files).is_empty());
}

#[test]
fn names_that_only_look_alike_make_no_circle() {
    let files = [
        (
            "b.rs",
            "use crate::c::C;\nmod inner {}\nuse other_crate::b;\n",
        ),
        (
            "c.rs",
            "use my::crate_b::B;\nlet c = $crate::b::x;\nlet cb::d = b::e;",
        ),
    ];
    assert!(circles_of(&files).is_empty());
}
