//! Reading the documents that are applied.

use std::io::IsTerminal;
use std::path::Path;

use crate::error::CommandError;

/// Reads a document and says what to call it in messages.
pub(crate) async fn read_document(path: &Path) -> Result<(String, String), CommandError> {
    let unreadable = |error: std::io::Error| CommandError::Unreadable {
        path: path.to_owned(),
        why: error.to_string(),
    };
    if path.as_os_str() != "-" {
        let text = tokio::fs::read_to_string(path).await.map_err(unreadable)?;
        return Ok((path.display().to_string(), text));
    }
    if std::io::stdin().is_terminal() {
        let why = "standard input is a terminal: pipe a document into it".to_owned();
        return Err(CommandError::Unreadable {
            path: path.to_owned(),
            why,
        });
    }
    let text = std::io::read_to_string(std::io::stdin()).map_err(unreadable)?;
    Ok(("standard input".to_owned(), text))
}
