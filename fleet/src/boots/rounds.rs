//! Boot questions of one card, one after the other. Whoever asks what is being worked out already
//! gets the same answer: so however often a card repeats itself, it costs one read at a time and
//! begins one boot.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use machine_core::hardware::MacAddress;
use pxe_server::directory::{BootAnswer, BootQuestion, Unavailable};
use tokio::sync::{Mutex as Turn, OnceCell};

type Answer = OnceCell<Result<BootAnswer, Unavailable>>;

/// What is being worked out.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    cards: Mutex<BTreeMap<MacAddress, Card>>,
}

#[derive(Debug, Default)]
struct Card {
    turn: Arc<Turn<()>>,
    questions: Vec<(BootQuestion, Arc<Answer>)>,
    askers: usize,
}

/// Somebody who waits for an answer.
struct Asker<'a> {
    rounds: &'a Rounds,
    mac: MacAddress,
    answer: Arc<Answer>,
}

impl Rounds {
    /// The answer to a question, worked out by `work` unless that is being done.
    pub(super) async fn answer<F>(
        &self,
        question: &BootQuestion,
        work: impl FnOnce() -> F,
    ) -> Result<BootAnswer, Unavailable>
    where
        F: Future<Output = Result<BootAnswer, Unavailable>>,
    {
        let (asker, turn) = self.ask(question);
        let answered = asker.answer.get_or_init(async || {
            let _turn = turn.lock().await;
            let answered = work().await;
            // Who asks from here on gets an answer of his own.
            self.close(asker.mac, &asker.answer);
            answered
        });
        answered.await.clone()
    }

    fn ask(&self, question: &BootQuestion) -> (Asker<'_>, Arc<Turn<()>>) {
        let mut cards = self.lock();
        let card = cards.entry(question.mac).or_default();
        card.askers += 1;
        let open = card.questions.iter().find(|(asked, _)| asked == question);
        let answer = if let Some((_, answer)) = open {
            Arc::clone(answer)
        } else {
            let answer = Arc::<Answer>::default();
            card.questions.push((question.clone(), Arc::clone(&answer)));
            answer
        };
        let asker = Asker {
            rounds: self,
            mac: question.mac,
            answer,
        };
        (asker, Arc::clone(&card.turn))
    }

    fn close(&self, mac: MacAddress, answer: &Arc<Answer>) {
        if let Some(card) = self.lock().get_mut(&mac) {
            card.questions
                .retain(|(_, open)| !Arc::ptr_eq(open, answer));
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<MacAddress, Card>> {
        self.cards.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Asker<'_> {
    fn drop(&mut self) {
        let mut cards = self.rounds.lock();
        if let Some(card) = cards.get_mut(&self.mac) {
            card.askers -= 1;
            if card.askers == 0 {
                cards.remove(&self.mac);
            }
        }
    }
}
