//! What a command that can't be carried out has to say: one sentence with the facts, and an exit
//! code that is not 0.

use crate::place::Said;

/// Holds what was said to the rule; the sentence.
pub(crate) fn assert_refused(said: &Said, facts: &[&str]) -> String {
    let code = said.code.unwrap_or_default();
    assert!((1..=6).contains(&code), "{said:?}");
    let complaints: Vec<&str> = said
        .err
        .lines()
        .filter_map(|line| line.strip_prefix("drover: "))
        .collect();
    let [sentence] = complaints.as_slice() else {
        panic!("wanted one sentence: {said:?}");
    };
    assert_eq!(
        said.err.lines().last(),
        Some(&*format!("drover: {sentence}"))
    );
    for fact in facts {
        assert!(
            sentence.contains(fact),
            "{fact:?} is missing in: {sentence}"
        );
    }
    let mut parts: Vec<&str> = sentence.split(": ").collect();
    let count = parts.len();
    parts.sort_unstable();
    parts.dedup();
    assert_eq!(parts.len(), count, "it repeats itself: {sentence}");
    println!("{sentence}");
    (*sentence).to_owned()
}
