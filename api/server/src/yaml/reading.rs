//! Reading the documents of a text.

use serde::de::DeserializeOwned;
use serde_saphyr::{Options, Spanned};

use crate::yaml::words::mistake;
use crate::yaml::{Form, Mistake};

/// Every document of a text, each with its place. Empty ones, and ones of comments alone, are none.
pub fn read<T: DeserializeOwned>(text: &str, form: &Form) -> Result<Vec<Spanned<T>>, Mistake> {
    serde_saphyr::from_multiple_with_options(text, options())
        .map_err(|error| mistake(&error, text, form))
}

/// Booleans are `true` and `false`, as YAML 1.2 has them: `yes` and `on` are texts.
fn options() -> Options {
    serde_saphyr::options! { with_snippet: false, strict_booleans: true }
}
