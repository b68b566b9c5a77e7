//! What Talos 1.13.9 was recorded to do (`config/talos/tests/recordings/README.md`).

use serde_json::Value;
use std::path::Path;

/// The lines of a file of a recording.
pub(crate) fn lines(situation: &str, file: &str) -> Vec<Value> {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../config/talos/tests/recordings"
    );
    let path = Path::new(folder).join(situation).join(file);
    #[expect(clippy::disallowed_methods, reason = "a test reads its recordings")]
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
