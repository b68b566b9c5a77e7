//! What people said of each node, as they typed it, and what their words permit.
//!
//! A word counts as a yes from when it was asked for, and as a no from when it was carried out: what
//! was under way in between may go either way. One that was never answered counts as a yes only.

use std::collections::BTreeMap;

use machine_core::time::Timestamp;

use crate::event::Deed;

/// What people said so far.
#[derive(Debug, Default)]
pub(crate) struct Words {
    of_nodes: BTreeMap<usize, Vec<Word>>,
    /// The nodes that Drover has shown to people as active, and since when.
    members: BTreeMap<usize, Timestamp>,
}

/// One thing that a person said.
#[derive(Debug, Clone, Copy)]
struct Word {
    is_yes: bool,
    /// Whether it asks for an older install to be wiped.
    asks_for_wipe: bool,
    asked: Timestamp,
    /// When it was carried out or refused.
    answered: Option<(Timestamp, bool)>,
}

impl Words {
    /// A person asks Drover for something; the number of his word, if it permits or forbids.
    pub(crate) fn ask(&mut self, node: usize, deed: Deed, at: Timestamp) -> Option<usize> {
        let is_yes = match deed {
            Deed::Accept | Deed::Retry | Deed::RetryWithWipe => true,
            Deed::Cancel => false,
            Deed::Register | Deed::Press | Deed::Cycle | Deed::ReleaseHold => return None,
            Deed::WriteDown | Deed::Amend | Deed::Revise | Deed::IgnoreUuid => return None,
        };
        let words = self.of_nodes.entry(node).or_default();
        words.push(Word {
            is_yes,
            asks_for_wipe: deed == Deed::RetryWithWipe,
            asked: at,
            answered: None,
        });
        Some(words.len() - 1)
    }

    /// Drover has answered.
    pub(crate) fn answer(&mut self, node: usize, word: Option<usize>, told: (Timestamp, bool)) {
        let words = self.of_nodes.entry(node).or_default();
        if let Some(word) = word.and_then(|word| words.get_mut(word)) {
            word.answered = Some(told);
        }
    }

    /// Drover shows a node as active; whether that is new.
    pub(crate) fn shown_active(&mut self, node: usize, at: Timestamp) -> bool {
        let before = self.members.len();
        self.members.entry(node).or_insert(at);
        self.members.len() > before
    }

    /// Whether Drover had shown a node as active before this moment.
    pub(crate) fn is_member(&self, node: usize, at: Timestamp) -> bool {
        self.members.get(&node).is_some_and(|since| *since < at)
    }

    /// Whether people permit what is asked for at this moment, where their documents do.
    pub(crate) fn permit(&self, node: usize, is_auto: bool, at: Timestamp) -> bool {
        let since = self.last_no(node, at);
        let has_said_yes = |since| self.yes(node, since).next().is_some();
        let is_open = has_said_yes(since) || (since.is_none() && is_auto);
        let member = self.members.get(&node).filter(|since| **since < at);
        is_open && member.is_none_or(|since| has_said_yes(Some(*since)))
    }

    /// Whether a person asks for an older install to be wiped, and nobody has taken that back.
    pub(crate) fn ask_for_wipe(&self, node: usize, at: Timestamp) -> bool {
        let member = self.members.get(&node).filter(|since| **since < at);
        let since = self.last_no(node, at).max(member.copied());
        self.yes(node, since).any(|it| it.asks_for_wipe)
    }

    /// When the last no was said that had been carried out before this moment.
    fn last_no(&self, node: usize, at: Timestamp) -> Option<Timestamp> {
        let is_done = |it: &&Word| it.answered.is_some_and(|(when, done)| done && when < at);
        let last = self.of(node).iter().rfind(|it| !it.is_yes && is_done(it));
        last.map(|it| it.asked)
    }

    /// What permits, and was not refused, of what was said since then.
    fn yes(&self, node: usize, since: Option<Timestamp>) -> impl Iterator<Item = &Word> {
        self.of(node).iter().filter(move |it| {
            let is_refused = it.answered.is_some_and(|(_, done)| !done);
            it.is_yes && !is_refused && since.is_none_or(|since| it.asked >= since)
        })
    }

    fn of(&self, node: usize) -> &[Word] {
        self.of_nodes.get(&node).map_or(&[], Vec::as_slice)
    }
}
