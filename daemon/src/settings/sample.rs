//! The sample settings file, printed from the declarations in [`crate::settings::file`].

use std::fmt::Write;

use crate::settings::file::{FieldDocument, LIST_SECTIONS, SINGLE_SECTIONS};

/// What most subnets do without, commented out: the rest of the example stands as it is.
const RARE: &[&str] = &["network", "relays"];

/// The sample file: every setting with its documentation. Single values are commented out and show
/// their defaults; the lists hold one example each.
pub fn sample() -> String {
    let mut text = String::from(
        "# Settings of `drover serve`. `drover serve --check --config FILE` checks them.\n\
         # A single value can also be set by the environment: DROVER_HTTP_PORT=8080.\n",
    );
    for (name, lines, fields) in SINGLE_SECTIONS {
        header(&mut text, lines);
        let _ = writeln!(text, "#{name}:");
        for field in fields {
            document(&mut text, field, "#  # ");
            let _ = writeln!(text, "#  {}: {}", field.name, field.sample);
        }
    }
    for (name, lines, fields) in LIST_SECTIONS {
        header(&mut text, lines);
        let _ = writeln!(text, "{name}:");
        for (index, field) in fields.iter().enumerate() {
            document(&mut text, field, "    # ");
            let lead = if index == 0 {
                "  - "
            } else if RARE.contains(&field.name) {
                "    #"
            } else {
                "    "
            };
            let _ = writeln!(text, "{lead}{}: {}", field.name, field.sample);
        }
    }
    text
}

fn header(text: &mut String, lines: &[&str]) {
    text.push('\n');
    for line in lines {
        let _ = writeln!(text, "#{line}");
    }
}

fn document(text: &mut String, field: &FieldDocument, lead: &str) {
    for line in field.lines {
        let _ = writeln!(text, "{lead}{}", line.trim_start());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::file::SettingsFile;

    #[test]
    fn the_sample_is_a_settings_file() {
        let file: SettingsFile = serde_saphyr::from_str(&sample()).unwrap();
        assert_eq!(file.subnets.len(), 1);
        assert_eq!(file.images.len(), 1);
    }

    #[test]
    fn uncommented_it_still_is_one() {
        let uncommented: String = sample()
            .lines()
            .map(|line| match line.trim_start().strip_prefix('#') {
                Some(setting) if line.starts_with("    #") && !setting.starts_with(' ') => {
                    assert!(RARE.iter().any(|it| setting.starts_with(it)), "{line}");
                    line
                }
                _ => line,
            })
            .map(|line| match line.strip_prefix('#') {
                Some(setting) if setting.starts_with("  ") || !setting.starts_with(' ') => setting,
                _ => line,
            })
            .flat_map(|line| [line, "\n"])
            .collect();
        let file: SettingsFile = serde_saphyr::from_str(&uncommented).unwrap();
        assert_eq!(file.http.port.map(|port| port.value.0), Some(8080));
        assert_eq!(
            file.reconcile.interval.map(|interval| interval.value.0),
            Some(30)
        );
    }
}
