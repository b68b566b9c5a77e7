//! Reading the documents that are applied.

use std::io::{IsTerminal, Read};
use std::path::Path;

use crate::error::CommandError;

/// The largest document that is sent. The daemon takes messages of 4 MiB, and a request says a little
/// beside its document; 1,000 machines take about a quarter of it.
const LARGEST: usize = 4 * 1024 * 1024 - 64 * 1024;

/// Reads a document and says what to call it in messages.
pub(crate) async fn read_document(path: &Path) -> Result<(String, String), CommandError> {
    let unreadable = |error: std::io::Error| CommandError::Unreadable {
        path: path.to_owned(),
        why: error.to_string(),
    };
    let read = |bytes| {
        text_of(bytes).map_err(|why| CommandError::Unreadable {
            path: path.to_owned(),
            why,
        })
    };
    if path.as_os_str() != "-" {
        let bytes = tokio::fs::read(path).await.map_err(unreadable)?;
        return Ok((path.display().to_string(), read(bytes)?));
    }
    if std::io::stdin().is_terminal() {
        let why = "standard input is a terminal: pipe a document into it".to_owned();
        return Err(CommandError::Unreadable {
            path: path.to_owned(),
            why,
        });
    }
    let mut bytes = Vec::new();
    std::io::stdin()
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok(("standard input".to_owned(), read(bytes)?))
}

/// The text of a file, or why it has none.
pub fn text_of(bytes: Vec<u8>) -> Result<String, String> {
    // What PowerShell and Notepad write as "Unicode" begins so (UTF-16, a byte order mark).
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err("wanted text in UTF-8, got UTF-16: save it as UTF-8".to_owned());
    }
    if bytes.len() > LARGEST {
        return Err(format!(
            "wanted a document of at most {LARGEST} bytes, got {}: split it into several files",
            bytes.len()
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = error.as_bytes().iter().take(valid);
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        format!("wanted text in UTF-8, got other bytes in line {line}: save it as UTF-8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_is_too_large_is_refused_before_it_is_sent() {
        assert!(text_of(vec![b'#'; LARGEST]).is_ok());
        let said = text_of(vec![b'#'; LARGEST + 1]).unwrap_err();
        assert!(said.contains("at most") && said.contains("split"), "{said}");
    }

    #[test]
    fn what_is_no_utf_8_is_told_with_its_line() {
        let said = |bytes: &[u8]| text_of(bytes.to_vec()).unwrap_err();
        let latin = b"machines:\n  - name: caf\xe9\n";
        assert_eq!(
            said(latin),
            "wanted text in UTF-8, got other bytes in line 2: save it as UTF-8"
        );
        for utf_16 in [b"\xff\xfem\0", b"\xfe\xff\0m"] {
            assert!(said(utf_16).contains("got UTF-16"));
        }
        assert_eq!(text_of(b"\xef\xbb\xbfa".to_vec()).unwrap(), "\u{feff}a");
    }
}
