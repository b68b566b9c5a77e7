//! The emitter against what Go's package wrote, and against a reader.
#![expect(clippy::unwrap_used, reason = "a test stops where it stands")]

use config_render::yaml::{Mapping, Value, document, stream};
use proptest::prelude::*;

fn both_places(text: &str) -> String {
    let mapping = Mapping::new().with("k", text).with("l", vec![text]);
    document(&Value::Mapping(mapping)).to_string()
}

#[test]
fn texts_are_written_as_go_writes_them() {
    let rows: Vec<(String, String)> =
        serde_json::from_str(include_str!("golden/go-yaml.json")).unwrap();
    assert!(rows.len() > 90, "{}", rows.len());
    for (text, expected) in rows {
        assert_eq!(both_places(&text), expected, "{text:?}");
    }
}

/// Where Go writes what it does not read back, ours differs on purpose.
#[test]
fn what_go_loses_is_kept() {
    for (text, expected) in [
        (
            " a\nb\n",
            "k: |4\n     a\n    b\nl:\n    - |2\n       a\n      b\n",
        ),
        ("\n a", "k: |4-\n\n     a\nl:\n    - |2-\n\n       a\n"),
        ("\ta\nb", "k: \"\\ta\\nb\"\nl:\n    - \"\\ta\\nb\"\n"),
        ("a\u{2028}b", "k: \"a\\Lb\"\nl:\n    - \"a\\Lb\"\n"),
    ] {
        assert_eq!(both_places(text), expected, "{text:?}");
    }
}

#[test]
fn layout() {
    let nested = Mapping::new()
        .with("name", "x")
        .with("map", Mapping::new().with("a", 1).with("b", vec![true]))
        .with("list", vec![Value::from(vec![1, 2]), Value::Null]);
    let root = Mapping::new()
        .with("empty", Mapping::new())
        .with("none", Vec::<i64>::new())
        .with("null", Value::Null)
        .with("items", vec![nested]);
    let expected = "\
empty: {}
none: []
\"null\": null
items:
    - name: x
      map:
        a: 1
        b:
            - true
      list:
        - - 1
          - 2
        - null
";
    assert_eq!(*document(&Value::Mapping(root)), expected);
}

#[test]
fn keys() {
    let long = "k".repeat(129);
    let mapping = Mapping::new()
        .with("", 1)
        .with("no", 2)
        .with("a: b", 3)
        .with("x\ny", 4)
        .with(&long, "v");
    let expected = format!("\"\": 1\n\"no\": 2\n'a: b': 3\n? \"x\\ny\"\n: 4\n? {long}\n: v\n");
    assert_eq!(*document(&Value::Mapping(mapping)), expected);
}

#[test]
fn setting_a_key_again_keeps_its_place() {
    let mapping = Mapping::new().with("a", 1).with("b", 2).with("a", 3);
    assert_eq!(*document(&Value::Mapping(mapping)), "a: 3\nb: 2\n");
}

#[test]
fn documents_are_separated() {
    let documents = [Mapping::new().with("a", 1), Mapping::new().with("b", 2)];
    assert_eq!(*stream(&documents), "a: 1\n---\nb: 2\n");
}

#[test]
fn debug_shows_no_text() {
    let value = Value::Mapping(Mapping::new().with("key", "hush-hush"));
    assert!(!format!("{value:?}").contains("hush"));
}

fn values() -> impl Strategy<Value = serde_json::Value> {
    let texts = prop_oneof![
        any::<String>(),
        "[ -~\n]{0,40}",
        "[0-9_.:eExobT+-]{1,12}",
        "[ \n\tab#:]{0,12}",
    ];
    let leaves = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        texts.prop_map(Into::into),
    ];
    leaves.prop_recursive(4, 48, 5, |inner| {
        let keys = prop_oneof!["[ -~\n]{0,20}", "[0-9a-z]{129,140}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::btree_map(keys, inner, 0..5)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

fn to_yaml(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => (*value).into(),
        serde_json::Value::Number(value) => value.as_i64().unwrap().into(),
        serde_json::Value::String(text) => text.as_str().into(),
        serde_json::Value::Array(items) => Value::Sequence(items.iter().map(to_yaml).collect()),
        serde_json::Value::Object(entries) => {
            let mut mapping = Mapping::new();
            for (key, value) in entries {
                mapping.set(key, to_yaml(value));
            }
            mapping.into()
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back(inner in values()) {
        let value = serde_json::json!({ "root": inner });
        let text = document(&to_yaml(&value));
        let back: serde_json::Value = serde_saphyr::from_str(&text)
            .map_err(|error| TestCaseError::fail(format!("{error}\n{}", *text)))?;
        prop_assert_eq!(back, value, "{}", *text);
    }
}
