//! Imports between the files of one crate, and the circles among them.
//!
//! A file imports another when its code names a path into it: `crate::a::B`, `super::a::B`, or
//! `a::B` where `a` is a module that it declares. To declare a module is not to import it, so the
//! table of cases may stand above its cases as long as they do not look back up at it.

use std::collections::{BTreeMap, BTreeSet};

use crate::rust_text::{code_lines, test_modules};
use crate::workspace::SourceFile;

/// A module: its path below the crate; the crate's root is empty.
type Module = Vec<String>;

/// The circles of a crate, one for each module from which one can be walked, as the paths of its
/// files. `sources` is the crate's `src` folder, with all its files.
pub fn circles(sources: &str, files: &[SourceFile]) -> Vec<Vec<String>> {
    let crate_files = modules(sources, files);
    let edges: BTreeMap<&Module, BTreeSet<Module>> = crate_files
        .iter()
        .map(|(module, file)| (module, imports(module, &file.text, &crate_files)))
        .collect();
    let path = |module: &Module| crate_files.get(module).map(|file| file.path.clone());
    let mut found: Vec<Vec<String>> = Vec::new();
    let mut known = BTreeSet::new();
    for start in edges.keys() {
        if let Some(circle) = circle_from(start, &edges) {
            let members: BTreeSet<Module> = circle.iter().cloned().collect();
            if known.insert(members) {
                found.push(circle.iter().filter_map(path).collect());
            }
        }
    }
    found
}

/// The modules of a crate, without those that are only for tests.
fn modules<'a>(sources: &str, files: &'a [SourceFile]) -> BTreeMap<Module, &'a SourceFile> {
    let named = files
        .iter()
        .filter_map(|file| Some((module(sources, &file.path)?, file)));
    let all: BTreeMap<Module, &SourceFile> = named.collect();
    let for_tests: BTreeSet<Module> = all
        .iter()
        .flat_map(|(module, file)| {
            let child = |name: String| module.iter().cloned().chain([name]).collect::<Module>();
            test_modules(&file.text).into_iter().map(child)
        })
        .collect();
    let is_for_tests = |module: &Module| {
        (1..=module.len()).any(|length| {
            module
                .get(..length)
                .is_some_and(|above| for_tests.contains(above))
        })
    };
    all.into_iter()
        .filter(|(module, _)| !is_for_tests(module))
        .collect()
}

fn module(sources: &str, path: &str) -> Option<Module> {
    let below = path
        .strip_prefix(sources)?
        .trim_start_matches('/')
        .strip_suffix(".rs")?;
    let below = below.strip_suffix("/mod").unwrap_or(below);
    if below.starts_with("bin/") {
        return None;
    }
    let is_root = matches!(below, "lib" | "main");
    Some(if is_root {
        Module::new()
    } else {
        below.split('/').map(str::to_owned).collect()
    })
}

/// The modules into which the code of a module names paths.
fn imports(module: &Module, text: &str, files: &BTreeMap<Module, &SourceFile>) -> BTreeSet<Module> {
    let code: String = code_lines(text)
        .flat_map(|(_, line)| [line, "\n"])
        .collect();
    let children = files.keys().filter_map(|other| match other.split_last() {
        Some((name, above)) if above == module => Some((name.as_str(), other.clone())),
        _ => None,
    });
    let mut roots: Vec<(&str, Module)> = children.collect();
    roots.push(("crate", Module::new()));
    roots.push(("self", module.clone()));
    if let Some((_, above)) = module.split_last() {
        roots.push(("super", above.to_vec()));
    }
    let mut found = BTreeSet::new();
    for (word, base) in roots {
        for rest in after_word(&code, word) {
            for path in paths(rest, &base) {
                found.insert(resolve(&path, files));
            }
        }
    }
    found.remove(module);
    found
}

/// What stands behind each `word::` that begins a path.
fn after_word<'a>(code: &'a str, word: &str) -> Vec<&'a str> {
    let starts_path = |at: usize| {
        let before = code.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '$'))
    };
    code.match_indices(word)
        .filter(|(at, _)| starts_path(*at))
        .filter_map(|(at, _)| code.get(at + word.len()..)?.strip_prefix("::"))
        .collect()
}

/// The paths that begin here: one, or those of a group in braces.
fn paths(text: &str, base: &Module) -> Vec<Module> {
    let text = text.trim_start();
    if let Some(group) = text.strip_prefix('{') {
        return group_parts(group)
            .into_iter()
            .flat_map(|part| paths(part, base))
            .collect();
    }
    let length = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(length);
    let mut path = base.clone();
    if name == "super" {
        path.pop();
    } else if !name.is_empty() && name != "self" {
        path.push(name.to_owned());
    }
    match rest.strip_prefix("::") {
        Some(rest) if !name.is_empty() => paths(rest, &path),
        _ => vec![path],
    }
}

/// The parts of a group, up to its closing brace, split at the commas of its own level.
fn group_parts(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_usize, 0, Vec::new());
    for (at, c) in group.char_indices() {
        let ends_part = depth == 0 && matches!(c, ',' | '}');
        if ends_part {
            parts.extend(
                group
                    .get(start..at)
                    .map(str::trim)
                    .filter(|part| !part.is_empty()),
            );
            start = at + 1;
        }
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            _ => {}
        }
    }
    parts
}

/// The file that a path leads into: its longest beginning that is a module.
fn resolve(path: &Module, files: &BTreeMap<Module, &SourceFile>) -> Module {
    let beginnings = (0..=path.len())
        .rev()
        .filter_map(|length| path.get(..length));
    let found = beginnings
        .into_iter()
        .find(|beginning| files.contains_key(*beginning));
    found.unwrap_or_default().to_vec()
}

/// A shortest way from a module back to itself.
fn circle_from<'a>(
    start: &'a Module,
    edges: &'a BTreeMap<&Module, BTreeSet<Module>>,
) -> Option<Vec<Module>> {
    let mut ways = vec![vec![start.clone()]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in &ways {
            for next in way
                .last()
                .and_then(|last| edges.get(last))
                .into_iter()
                .flatten()
            {
                let mut further = way.clone();
                further.push(next.clone());
                if next == start {
                    return Some(further);
                }
                if seen.insert(next.clone()) {
                    longer.push(further);
                }
            }
        }
        ways = longer;
    }
    None
}

#[cfg(test)]
mod tests;
