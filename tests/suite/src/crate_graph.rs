//! The crate graph: as cargo knows it, as ARCHITECTURE.md draws it, and the rules for both.
//!
//! Crates are named by their folders (`pxe/dhcp`). Only normal dependencies between crates of the
//! workspace are arrows; the crates below `tests/` may see everything and are left out.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use thiserror::Error;

/// Which crate depends on which.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CrateGraph {
    /// Every crate, and the crates that it depends on.
    pub dependencies: BTreeMap<String, BTreeSet<String>>,
    /// Crates drawn as `crate -> *`: they may depend on any, and their arrows are not compared.
    pub open: BTreeSet<String>,
}

/// A graph that can't be read.
#[derive(Debug, Error)]
pub enum GraphError {
    /// Cargo's answer is not what we expect.
    #[error("could not read the answer of cargo metadata")]
    Metadata(#[from] serde_json::Error),
    /// The document has no graph.
    #[error("wanted a graph between {BEGIN:?} and {END:?}, found none")]
    NoBlock,
    /// A line of the graph.
    #[error("wanted `crate -> crate, crate` or `crate`, got {0:?}")]
    Line(String),
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: String,
}

#[derive(Deserialize)]
struct Package {
    manifest_path: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    kind: Option<String>,
    path: Option<String>,
}

impl CrateGraph {
    /// The graph in the answer of `cargo metadata --no-deps`.
    pub fn of_metadata(json: &str) -> Result<Self, GraphError> {
        let metadata: Metadata = serde_json::from_str(json)?;
        let folder = |path: &str| {
            let below = path.strip_prefix(&metadata.workspace_root)?;
            Some(
                below
                    .trim_start_matches('/')
                    .trim_end_matches("/Cargo.toml")
                    .to_owned(),
            )
        };
        let is_ours = |folder: &String| !folder.starts_with("tests/");
        let arrows = |package: &Package| {
            package
                .dependencies
                .iter()
                .filter(|dependency| dependency.kind.is_none())
                .filter_map(|dependency| folder(dependency.path.as_deref()?))
                .collect()
        };
        let dependencies = metadata
            .packages
            .iter()
            .filter_map(|package| Some((folder(&package.manifest_path)?, arrows(package))))
            .filter(|(folder, _)| is_ours(folder))
            .collect();
        Ok(Self {
            dependencies,
            open: BTreeSet::new(),
        })
    }

    /// The graph that a document draws between the two marks: a line per crate.
    pub fn of_document(text: &str) -> Result<Self, GraphError> {
        let (_, rest) = text.split_once(BEGIN).ok_or(GraphError::NoBlock)?;
        let (block, _) = rest.split_once(END).ok_or(GraphError::NoBlock)?;
        let lines = block.lines().map(str::trim);
        let drawn = lines.filter(|line| !line.is_empty() && !line.starts_with("```"));
        let mut graph = Self::default();
        for (from, to) in drawn.map(arrows_of_line).collect::<Result<Vec<_>, _>>()? {
            if to.contains(ANY) {
                graph.open.insert(from.clone());
            }
            let to = to.into_iter().filter(|to| to != ANY).collect();
            graph.dependencies.insert(from, to);
        }
        Ok(graph)
    }

    /// What is here and not in `other`, a line for each crate or arrow.
    pub fn beyond(&self, other: &Self) -> Vec<String> {
        let nothing = BTreeSet::new();
        let crates = self
            .dependencies
            .keys()
            .filter(|name| !other.dependencies.contains_key(*name));
        let is_compared = |from: &String| !self.open.contains(from) && !other.open.contains(from);
        let compared = self
            .dependencies
            .iter()
            .filter(|(from, _)| is_compared(from));
        let arrows = compared.flat_map(|(from, to)| {
            let known = other.dependencies.get(from).unwrap_or(&nothing);
            to.difference(known)
                .map(move |to| format!("{from} -> {to}"))
        });
        crates.cloned().chain(arrows).collect()
    }

    /// Arrows between the four capabilities, which none may have.
    pub fn sideways(&self) -> Vec<String> {
        let group = |name: &str| {
            name.split('/')
                .next()
                .map(str::to_owned)
                .unwrap_or_default()
        };
        let is_sideways = |from: &str, to: &str| {
            let (from, to) = (group(from), group(to));
            from != to
                && CAPABILITIES.contains(&from.as_str())
                && CAPABILITIES.contains(&to.as_str())
        };
        self.arrows()
            .filter(|(from, to)| is_sideways(from, to))
            .map(show)
            .collect()
    }

    /// Arrows to a crate that nothing may depend on; what stands under the roof is known by the roof
    /// alone.
    pub fn to_the_top(&self) -> Vec<String> {
        self.arrows()
            .filter(|(from, to)| *to == TOP || (*to == UNDER_THE_ROOF && *from != TOP))
            .map(show)
            .collect()
    }

    /// A longest chain, from top to bottom. Cargo permits no circle among normal dependencies.
    pub fn longest_chain(&self) -> Vec<&str> {
        let chains = self
            .dependencies
            .keys()
            .map(|name| self.chain_from(name, CHAIN_LIMIT));
        chains.max_by_key(Vec::len).unwrap_or_default()
    }

    fn chain_from<'a>(&'a self, name: &'a str, depth: usize) -> Vec<&'a str> {
        let below = self.dependencies.get(name).into_iter().flatten();
        let longest = below
            .filter(|_| depth > 0)
            .map(|below| self.chain_from(below, depth - 1))
            .max_by_key(Vec::len)
            .unwrap_or_default();
        std::iter::once(name).chain(longest).collect()
    }

    fn arrows(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.dependencies.iter();
        pairs.flat_map(|(from, to)| to.iter().map(move |to| (from.as_str(), to.as_str())))
    }
}

fn show((from, to): (&str, &str)) -> String {
    format!("{from} -> {to}")
}

fn arrows_of_line(line: &str) -> Result<(String, BTreeSet<String>), GraphError> {
    let (from, to) = line.split_once("->").unwrap_or((line, ""));
    let name = |text: &str| {
        let text = text.trim();
        let is_name = text == ANY
            || !text.is_empty()
                && text
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '/');
        is_name
            .then(|| text.to_owned())
            .ok_or_else(|| GraphError::Line(line.to_owned()))
    };
    let to = to.split(',').filter(|part| !part.trim().is_empty());
    Ok((name(from)?, to.map(name).collect::<Result<_, _>>()?))
}

/// The mark before the graph.
const BEGIN: &str = "<!-- crate graph -->";
/// The mark behind it.
const END: &str = "<!-- end of crate graph -->";
/// Any crate.
const ANY: &str = "*";
/// What the four capabilities are: no arrow leads from one to another.
const CAPABILITIES: [&str; 4] = ["pxe", "bmc", "config", "api"];
/// The crate that knows everyone and that no one knows.
const TOP: &str = "daemon";
/// The crate that joins the four capabilities.
const UNDER_THE_ROOF: &str = "fleet";
/// Deeper than any chain, so that a drawn circle ends.
const CHAIN_LIMIT: usize = 16;

#[cfg(test)]
mod tests;
