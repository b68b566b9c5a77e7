//! The members of a cluster's document: the rules by which machines are taken.

use machine_core::cluster::{Acceptance, MemberRule, Pattern, Selector};
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::document::disk::{DiskDocument, disk_identity};
use crate::document::{DocumentError, Reader};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MemberDocument {
    role: Spanned<String>,
    #[serde(default)]
    machine: Option<Spanned<String>>,
    #[serde(default, rename = "match")]
    pattern: Option<PatternDocument>,
    #[serde(default)]
    accept: Option<Spanned<String>>,
    #[serde(default)]
    disk: Option<Spanned<DiskDocument>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PatternDocument {
    #[serde(default)]
    manufacturer: Option<String>,
    #[serde(default)]
    product: Option<String>,
    #[serde(default)]
    arch: Option<Spanned<String>>,
    #[serde(default)]
    firmware: Option<Spanned<String>>,
}

/// The rules, in their order: every one, or a mistake of each that has one, and each machine that is
/// named twice.
pub(super) fn rules(
    reader: Reader<'_>,
    members: &[Spanned<MemberDocument>],
) -> Result<Vec<MemberRule>, DocumentError> {
    let rules = all_of(members.iter().map(|member| rule(reader, member)))?;
    named_once(reader, members)?;
    Ok(rules)
}

/// Every rule, or a mistake of each that has one.
fn all_of(
    rules: impl Iterator<Item = Result<MemberRule, DocumentError>>,
) -> Result<Vec<MemberRule>, DocumentError> {
    let (mut members, mut errors) = (Vec::new(), Vec::new());
    for rule in rules {
        match rule {
            Ok(rule) => members.push(rule),
            Err(error) => errors.push(error),
        }
    }
    DocumentError::all(errors)?;
    Ok(members)
}

/// Of two rules that name one machine only the first would ever take it.
fn named_once(
    reader: Reader<'_>,
    members: &[Spanned<MemberDocument>],
) -> Result<(), DocumentError> {
    let mut named: Vec<&Spanned<String>> = Vec::new();
    let mut errors = Vec::new();
    for machine in members.iter().filter_map(|it| it.value.machine.as_ref()) {
        match named.iter().find(|it| it.value == machine.value) {
            None => named.push(machine),
            Some(first) => {
                let line = first.referenced.line();
                let wanted = format!("each machine once, and line {line} names it");
                let got = machine.value.clone();
                errors.push(reader.wrong(machine, "members.machine", wanted, got));
            }
        }
    }
    DocumentError::all(errors)
}

fn rule(reader: Reader<'_>, member: &Spanned<MemberDocument>) -> Result<MemberRule, DocumentError> {
    let document = &member.value;
    let selector = match (&document.machine, &document.pattern) {
        (Some(name), None) => Selector::Named(reader.name(name, "members.machine")?),
        (None, Some(pattern)) => Selector::Matching(self::pattern(reader, member, pattern)?),
        (Some(_), Some(_)) | (None, None) => {
            let wanted = "either machine: NAME or match: { … }";
            let got = if document.machine.is_some() {
                "both"
            } else {
                "neither"
            };
            return Err(reader.wrong(member, "members", wanted, got));
        }
    };
    Ok(MemberRule {
        role: reader.parsed(&document.role, "members.role", "controlplane or worker")?,
        selector,
        acceptance: acceptance(reader, document.accept.as_ref())?,
        disk: document
            .disk
            .as_ref()
            .map(|disk| disk_identity(reader, disk))
            .transpose()?,
    })
}

fn acceptance(
    reader: Reader<'_>,
    accept: Option<&Spanned<String>>,
) -> Result<Acceptance, DocumentError> {
    let Some(accept) = accept else {
        return Ok(Acceptance::Auto);
    };
    match accept.value.as_str() {
        "auto" => Ok(Acceptance::Auto),
        "wait" => Ok(Acceptance::Wait),
        got => Err(reader.wrong(accept, "members.accept", "auto or wait", got)),
    }
}

fn pattern(
    reader: Reader<'_>,
    member: &Spanned<MemberDocument>,
    document: &PatternDocument,
) -> Result<Pattern, DocumentError> {
    let arch = document.arch.as_ref();
    let firmware = document.firmware.as_ref();
    let pattern = Pattern {
        manufacturer: document.manufacturer.clone(),
        product: document.product.clone(),
        arch: arch
            .map(|it| reader.parsed(it, "match.arch", "amd64 or arm64"))
            .transpose()?,
        firmware: firmware
            .map(|it| reader.parsed(it, "match.firmware", "bios or uefi"))
            .transpose()?,
    };
    if pattern == Pattern::default() {
        let wanted = "at least one of manufacturer, product, arch, firmware";
        return Err(reader.wrong(member, "match", wanted, "nothing"));
    }
    Ok(pattern)
}
