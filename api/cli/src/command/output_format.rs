//! How a command prints.

use clap::ValueEnum;

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people
    Table,
    /// For people with a wide terminal
    Wide,
    /// For programs: one JSON document, or one a line for what goes on
    Json,
    /// For programs and people: YAML
    Yaml,
    /// Only the names, a line each
    Name,
}

impl OutputFormat {
    /// Whether it is a table, in which words for people have a place.
    pub const fn is_for_people(self) -> bool {
        match self {
            Self::Table | Self::Wide => true,
            Self::Json | Self::Yaml | Self::Name => false,
        }
    }

    /// Whether it is for programs: JSON or YAML.
    pub const fn is_structured(self) -> bool {
        match self {
            Self::Json | Self::Yaml => true,
            Self::Table | Self::Wide | Self::Name => false,
        }
    }
}
