//! What holds for each source file by itself: it says what it is, has a name that means something,
//! and hides no warning and no debt.

use crate::rust_text::numbered;
use crate::workspace::SourceFile;

/// What of a file breaks a rule, a line for each, with path and line number.
pub fn breaches(file: &SourceFile) -> Vec<String> {
    let header = (!file.text.starts_with("//!")).then(|| {
        format!(
            "{}:1: wanted a header, `//!` and what this file is",
            file.path
        )
    });
    let name = banned_name(&file.path)
        .map(|name| format!("{}: `{name}` says nothing of what is in it", file.path));
    let lines = numbered(&file.text).flat_map(|(number, line)| {
        line_breaches(line).map(move |what| format!("{}:{number}: {what}", file.path))
    });
    header.into_iter().chain(name).chain(lines).collect()
}

/// The file's name, or that of a folder it is in, if it is one of those that fit anything.
fn banned_name(path: &str) -> Option<&str> {
    let below = path
        .split_once("/src/")
        .or_else(|| path.split_once("/tests/"))
        .map_or(path, |it| it.1);
    let parts = below.split('/').map(|part| part.trim_end_matches(".rs"));
    parts.into_iter().find(|part| NAMES.contains(part))
}

fn line_breaches(line: &str) -> impl Iterator<Item = &'static str> {
    let allows = (line.contains(ALLOW) || line.contains(ALLOW_ALL))
        .then_some("wanted `expect` with a reason, got `allow`");
    let owes = owes(line).then_some("wanted an issue's number behind it: (#12)");
    let ignores = line
        .trim_start()
        .starts_with(IGNORE)
        .then_some("wanted the reason why a test is not run: `ignore = \"…\"`");
    allows.into_iter().chain(owes).chain(ignores)
}

/// Whether a line has one of the words of debt, and no issue's number behind it.
fn owes(line: &str) -> bool {
    let boundary = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    DEBTS.iter().any(|debt| {
        line.match_indices(debt).any(|(at, _)| {
            let before = line.get(..at).and_then(|text| text.chars().next_back());
            let after = line.get(at + debt.len()..).unwrap_or_default();
            let is_word = boundary(before) && boundary(after.chars().next());
            is_word && !names_issue(after)
        })
    })
}

fn names_issue(after: &str) -> bool {
    let number = after
        .strip_prefix("(#")
        .and_then(|rest| rest.split_once(')'));
    number
        .is_some_and(|(number, _)| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
}

/// Names under which anything could stand.
const NAMES: [&str; 14] = [
    "utils", "util", "helpers", "helper", "common", "misc", "types", "manager", "handler",
    "handlers", "service", "context", "data", "stuff",
];
// Written so that this file does not break its own rules.
const ALLOW: &str = concat!("#[", "allow(");
const ALLOW_ALL: &str = concat!("#![", "allow(");
const IGNORE: &str = concat!("#[", "ignore]");
const DEBTS: [&str; 4] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("HA", "CK"),
    concat!("XX", "X"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches_in(path: &str, text: &str) -> Vec<String> {
        breaches(&SourceFile {
            path: path.to_owned(),
            text: text.to_owned(),
        })
    }

    #[test]
    fn a_file_that_keeps_the_rules_passes() {
        let text = format!(
            "//! What it is.\n\n// {}(#12): later\n#[expect(x, reason = \"y\")]\n",
            DEBTS[0]
        );
        assert!(breaches_in("a/src/lease.rs", &text).is_empty());
    }

    #[test]
    fn a_file_without_a_header_is_found() {
        for text in ["", "use a;\n//! late", "// plain\n", "/// of an item\n"] {
            assert_eq!(breaches_in("a/src/lease.rs", text).len(), 1, "{text:?}");
        }
    }

    #[test]
    fn names_that_fit_anything_are_found() {
        for path in [
            "a/src/utils.rs",
            "a/src/common/lease.rs",
            "a/tests/helpers/mod.rs",
            "a/src/b/types.rs",
        ] {
            assert_eq!(breaches_in(path, "//! x").len(), 1, "{path}");
        }
        for path in [
            "a/src/service_log.rs",
            "common/src/lease.rs",
            "a/src/database.rs",
        ] {
            assert!(breaches_in(path, "//! x").is_empty(), "{path}");
        }
    }

    #[test]
    fn hidden_warnings_debts_and_tests_that_are_not_run_are_found() {
        for line in [
            format!("{ALLOW}dead_code)]"),
            format!("    {ALLOW_ALL}clippy::all)]"),
            format!("// {}: later", DEBTS[0]),
            format!("// {}(#x)", DEBTS[0]),
            format!("let a = 1; // {} me", DEBTS[1]),
            format!("    {IGNORE}"),
        ] {
            assert_eq!(
                breaches_in("a/src/lease.rs", &format!("//! x\n{line}")).len(),
                1,
                "{line}"
            );
        }
        let words = format!("// MAC {}XX, {}S, a{}", DEBTS[3], DEBTS[0], DEBTS[2]);
        assert!(breaches_in("a/src/lease.rs", &format!("//! x\n{words}")).is_empty());
    }
}
