//! Compiles the API's protocol definitions, without `protoc`, and derives the JSON of the views
//! from them: what is an enum is its word there, what is a time is RFC 3339, what is absent is null.

use std::fmt::Write as _;
use std::path::PathBuf;

use prost_types::field_descriptor_proto::Type;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
};
use tonic_prost_build::Builder;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    const FILE: &str = "proto/drover/v1/drover.proto";
    println!("cargo::rerun-if-changed={FILE}");
    let descriptors = protox::compile([FILE], ["proto"])?;
    let ours = descriptors.file.iter().find(|it| it.package() == PACKAGE);
    let ours = ours.ok_or("the definitions have no package drover.v1")?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("words.rs"), words(ours)?)?;
    let builder = tonic_prost_build::configure()
        .skip_debug(SECRET.map(|message| format!(".{PACKAGE}.{message}")));
    let views = ours.message_type.iter().filter(|it| is_view(it.name()));
    views
        .fold(builder, with_json)
        .compile_fds(descriptors.clone())?;
    Ok(())
}

/// Whether a message is one that answers are made of.
fn is_view(message: &str) -> bool {
    !message.ends_with("Request") && message != "Mutation" && !SECRET.contains(&message)
}

/// Attaches the derives of a view, and how its enums and times are written.
fn with_json(builder: Builder, message: &DescriptorProto) -> Builder {
    const DERIVES: &str = "#[derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema)]";
    let path = format!(".{PACKAGE}.{}", message.name());
    let builder = builder.type_attribute(&path, DERIVES);
    message.field.iter().fold(builder, |builder, field| {
        let path = format!("{path}.{}", field.name());
        match attribute(field) {
            Some(attribute) => builder.field_attribute(path, attribute),
            None => builder,
        }
    })
}

/// How a field is written, if serde does not know it.
fn attribute(field: &FieldDescriptorProto) -> Option<String> {
    let ours = format!(".{PACKAGE}.");
    let is_optional = field.proto3_optional();
    match (field.r#type(), field.type_name().strip_prefix(&ours)) {
        (Type::Enum, Some(name)) => {
            let (of, value) = if is_optional {
                ("optional_word", format!("Option<{name}>"))
            } else {
                ("word", name.to_owned())
            };
            Some(format!(
                "#[serde(serialize_with = \"crate::{of}::serialize::<{name}, _>\", \
                 deserialize_with = \"crate::{of}::deserialize::<{name}, _>\")] \
                 #[schema(value_type = {value})]"
            ))
        }
        (Type::Message, None) if field.type_name() == ".google.protobuf.Timestamp" => {
            let value = if is_optional {
                "Option<String>"
            } else {
                "String"
            };
            Some(format!(
                "#[serde(with = \"crate::time\")] \
                 #[schema(value_type = {value}, format = DateTime)]"
            ))
        }
        _ => None,
    }
}

/// The words of the enums, without the one that stands for nothing.
fn words(file: &FileDescriptorProto) -> Result<String, Failure> {
    let mut text = String::new();
    for it in &file.enum_type {
        let (mut all, mut to, mut from) = (String::new(), String::new(), String::new());
        for value in it.value.iter().filter(|it| it.number() != 0) {
            let (full, word) = (value.name(), word(it, value.name()));
            write!(all, "{word:?}, ")?;
            write!(to, "{full:?} => {word:?}, ")?;
            write!(from, "{word:?} => Self::from_str_name({full:?}), ")?;
        }
        let name = it.name();
        writeln!(
            text,
            "impl crate::word::Word for crate::v1::{name} {{\n\
             const ALL: &'static [&'static str] = &[{all}];\n\
             fn word(self) -> &'static str {{ match self.as_str_name() {{ {to} _ => \"\" }} }}\n\
             fn from_word(word: &str) -> Option<Self> {{ match word {{ {from} _ => None }} }}\n\
             }}\n\
             impl utoipa::PartialSchema for crate::v1::{name} {{\n\
             fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {{ \
             crate::word::schema::<Self>() }}\n\
             }}\n\
             impl utoipa::ToSchema for crate::v1::{name} {{\n\
             fn name() -> std::borrow::Cow<'static, str> {{ {name:?}.into() }}\n\
             }}"
        )?;
    }
    Ok(text)
}

/// `ATTEMPT_END_TIMED_OUT` of `AttemptEnd` is `timed_out`.
fn word(of: &EnumDescriptorProto, value: &str) -> String {
    let mut prefix = String::new();
    for c in of.name().chars() {
        if c.is_ascii_uppercase() && !prefix.is_empty() {
            prefix.push('_');
        }
        prefix.push(c.to_ascii_uppercase());
    }
    prefix.push('_');
    let word = value.strip_prefix(&prefix).unwrap_or(value);
    word.to_ascii_lowercase()
}

const PACKAGE: &str = "drover.v1";

/// Messages that hold passwords or keys. `src/secret_messages.rs` writes their `Debug`.
const SECRET: [&str; 5] = [
    "ApplyMachinesRequest",
    "TalosConfigResponse",
    "KubeConfigResponse",
    "ExportSecretsResponse",
    "ImportSecretsRequest",
];
