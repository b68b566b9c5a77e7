//! Tests that span crates, and the readers that they need.
//!
//! The readers hold the workspace against its own rules: the crate graph against ARCHITECTURE.md
//! ([`crate_graph`]), the walls of the pure crates ([`dependency_tree`], [`purity`]), what a source
//! file may hold ([`source_rules`]), what a text tells a person to type ([`command_texts`]), and imports without circles ([`import_graph`]). They are pure
//! functions of text, each with a test that it finds what it is there to find; [`workspace`] is
//! the one file that runs cargo and reads files.

pub mod command_texts;
pub mod crate_graph;
pub mod dependency_tree;
pub mod import_graph;
pub mod purity;
pub mod rust_text;
pub mod source_rules;
pub mod workspace;
