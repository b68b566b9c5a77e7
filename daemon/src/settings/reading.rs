//! Reading the settings file's text, and what `--interface` says.
//!
//! The reader of YAML stops at the first thing that it can't read. So that a person is told all
//! mistakes at once, a text that is YAML and no settings file is read again: each section by itself,
//! and again without what could not be read.

use api_server::yaml::Mistake;
use api_server::yaml::reading::read;
use serde::de::IgnoredAny;

use crate::settings::file::SettingsFile;
use crate::settings::form::SETTINGS;
use crate::settings::{Place, SettingsError};

/// There are eleven sections; a text with many more names at its top is something else, and to read
/// it once for each of them would take long.
const MOST_SECTIONS: usize = 32;
/// How many mistakes of one section are looked for: more than a person corrects at once, and the
/// section is read once for each.
const MOST_MISTAKES: usize = 32;

/// Reads a settings file's text; one that says nothing leaves every setting as it is. What can't be
/// read is left out, and stands in [`SettingsFile::mistakes`].
pub fn parse(source: &str, text: &str) -> SettingsFile {
    let (mut file, mistakes) = match read_whole(text) {
        Ok(file) => (file, Vec::new()),
        Err(first) => read_sections(text, first),
    };
    let told = |mistake: Mistake| SettingsError::Malformed {
        place: Place {
            source: source.to_owned(),
            line: mistake.line,
        },
        why: mistake.why,
    };
    file.mistakes = mistakes.into_iter().map(told).collect();
    file
}

/// The settings that `--interface` makes: one proxy subnet. Only without subnets in the file.
pub fn with_interface(mut below: SettingsFile, interface: &str) -> SettingsFile {
    let flag = "--interface";
    if !below.subnets.is_empty() {
        below.mistakes.push(SettingsError::Value {
            place: Place {
                source: flag.to_owned(),
                line: 0,
            },
            field: "subnets".to_owned(),
            wanted: "either --interface or subnets in the settings file".to_owned(),
            got: "both".to_owned(),
        });
        return below;
    }
    let quoted = interface.replace('\'', "''");
    let mut told = parse(flag, &format!("subnets:\n  - interface: '{quoted}'\n"));
    told.elsewhere.insert("subnets".to_owned(), flag.to_owned());
    told.over(below)
}

fn read_whole(text: &str) -> Result<SettingsFile, Mistake> {
    let mut documents = read::<SettingsFile>(text, &SETTINGS)?.into_iter();
    let first = documents.next();
    match documents.next() {
        None => Ok(first.map_or_else(SettingsFile::default, |it| it.value)),
        Some(second) => Err(Mistake {
            line: second.referenced.line(),
            why: "a second document begins here: wanted all settings in one, without --- between \
                  them"
                .to_owned(),
        }),
    }
}

/// Each section by itself: those that can be read, and the mistakes of the others. `first` is what
/// the whole text was refused for.
fn read_sections(text: &str, first: Mistake) -> (SettingsFile, Vec<Mistake>) {
    let mut file = SettingsFile::default();
    let mut mistakes = Vec::new();
    // With & a section may lean on another, and then it can't be read alone.
    if !is_yaml(text) || text.contains('&') {
        return (file, vec![first]);
    }
    for section in sections(text) {
        let (told, of_section) = read_section(section);
        mistakes.extend(of_section);
        if let Some(told) = told {
            file = told.over(file);
        }
    }
    if !mistakes.contains(&first) {
        mistakes.insert(0, first);
    }
    (file, mistakes)
}

/// A section, read again and again without the lines that can't be read; none if it can't be read
/// without them. A mistake that stands no later than the one before follows from what was left out.
fn read_section(mut text: String) -> (Option<SettingsFile>, Vec<Mistake>) {
    let mut mistakes: Vec<Mistake> = Vec::new();
    while mistakes.len() < MOST_MISTAKES {
        let mistake = match read_whole(&text) {
            Ok(file) => return (Some(file), mistakes),
            Err(mistake) => mistake,
        };
        if mistakes.last().is_some_and(|it| it.line >= mistake.line) {
            break;
        }
        let rest = without(&text, mistake.line);
        mistakes.push(mistake);
        match rest.filter(|it| is_yaml(it)) {
            Some(rest) => text = rest,
            None => break,
        }
    }
    (None, mistakes)
}

/// A text without what stands in a line, and what belongs to it in the lines below. Empty lines stay
/// in their places. None if there is no such line.
fn without(text: &str, line: u64) -> Option<String> {
    let at = usize::try_from(line).ok()?.checked_sub(1)?;
    let lines: Vec<&str> = text.lines().collect();
    let wrong = lines.get(at)?;
    let indent = indent_of(wrong);
    let entry = wrong.trim_start().strip_prefix("- ");
    // The first field of an entry shares its line with the dash, which the others need.
    let (left, belongs) = match entry.filter(|it| is_field(it)) {
        Some(field) => {
            let dash = format!("{}-", " ".repeat(indent));
            (dash, indent + 2 + indent_of(field))
        }
        None => (String::new(), indent),
    };
    let mut rest: Vec<&str> = lines.clone();
    let below = lines.iter().enumerate().skip(at + 1);
    let below = below.take_while(|(_, it)| it.trim().is_empty() || indent_of(it) > belongs);
    for (index, _) in below {
        if let Some(line) = rest.get_mut(index) {
            *line = "";
        }
    }
    if let Some(line) = rest.get_mut(at) {
        *line = &left;
    }
    Some(rest.join("\n"))
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Whether a text begins with the name of a field: `mtu: 1500`.
fn is_field(text: &str) -> bool {
    let name = text.trim_start().split(':').next().unwrap_or_default();
    let is_name = |it: char| it.is_ascii_alphanumeric() || it == '_';
    text.contains(':') && !name.is_empty() && name.chars().all(is_name)
}

fn is_yaml(text: &str) -> bool {
    serde_saphyr::from_multiple::<IgnoredAny>(text).is_ok()
}

/// The text once for each section, with the lines of all others empty: so the numbers of the lines
/// stay. None if they can't be told apart.
fn sections(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let begins = |line: &&str| line.starts_with(|it: char| it.is_ascii_alphabetic());
    let firsts = lines.iter().enumerate();
    let firsts: Vec<usize> = firsts
        .filter_map(|(at, line)| begins(line).then_some(at))
        .collect();
    if firsts.len() > MOST_SECTIONS {
        return Vec::new();
    }
    let ends = firsts.iter().skip(1).copied().chain([lines.len()]);
    let ranges = firsts.iter().copied().zip(ends);
    ranges
        .map(|(first, end)| {
            let own = lines.get(first..end).unwrap_or_default().join("\n");
            "\n".repeat(first) + &own
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let file = parse("drover.yaml", text);
        file.mistakes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_mistake_of_each_section_is_told_and_the_others_are_read() {
        let text = "http:\n  port: many\ntftp:\n  port: 70\nlgo: {}\nsubnets:\n  - eth1\n";
        let file = parse("drover.yaml", text);
        let mistakes = told(text);
        let begins = [
            "drover.yaml:2: http.port",
            "drover.yaml:5: lgo",
            "drover.yaml:7: ",
        ];
        assert_eq!(mistakes.len(), begins.len(), "{mistakes:#?}");
        for (mistake, begin) in mistakes.iter().zip(begins) {
            assert!(mistake.starts_with(begin), "{mistake}");
        }
        assert_eq!(file.tftp.port.map(|it| it.value.0), Some(70));
    }

    #[test]
    fn what_is_no_yaml_or_leans_on_another_section_is_told_once() {
        for text in [
            "http: [\ntftp:\n  prt: 1\n",
            "http: &a { prt: 1 }\ntftp: *a\n",
            "http: { port: 1 }\n---\ntftp: { port: 2 }\n",
            "http: { port: 1 }\nhttp: { port: 2 }\n",
        ] {
            assert_eq!(told(text).len(), 1, "{text}: {:#?}", told(text));
        }
    }
}
