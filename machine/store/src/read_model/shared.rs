//! The model as all parts of the process share it.
//!
//! It counts for nothing until it was read, and while something of it is in doubt: then whoever asks
//! reads the database. That is the border for several replicas, too: what another one has committed
//! is named to [`SharedModel::changed_elsewhere`] (PostgreSQL tells it by NOTIFY), and read anew.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use machine_core::id::MachineId;

use crate::read_model::ReadModel;
use crate::touched::{Parts, Touched};

/// The model of one open database.
#[derive(Debug, Default)]
pub struct SharedModel {
    state: RwLock<State>,
    /// One refreshes it at a time.
    pub(crate) turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    model: ReadModel,
    /// Whether somebody wants it: whoever opens the database for a moment does not.
    is_wanted: bool,
    is_read: bool,
    /// What may be otherwise in the database, by the number of the doubt.
    doubts: BTreeMap<u64, Touched>,
    doubt: u64,
    told: Told,
}

/// What has to be read anew.
#[derive(Debug, Clone, Default)]
pub(crate) struct Doubted {
    pub(crate) touched: Touched,
    /// The doubts that are settled once it was read.
    doubts: Vec<u64>,
}

/// What a commit touches, until it is held: if that never happens, because the commit failed or
/// whoever waited for it went away, it is in doubt.
pub(crate) struct Unread<'m> {
    model: &'m SharedModel,
    touched: Option<Touched>,
}

/// The numbers of the last events, as far as they are known.
#[derive(Debug, Default)]
struct Told {
    last: BTreeMap<MachineId, i64>,
    /// Counts when nothing of it holds any more.
    forgotten: u64,
}

/// How far the events of a machine are known: to be handed back with what was read after that.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TellMark {
    machine: MachineId,
    forgotten: u64,
}

impl SharedModel {
    /// What the model says, if all of it stands.
    pub fn read<T>(&self, what: impl FnOnce(&ReadModel) -> T) -> Option<T> {
        let state = self.state();
        let stands = state.is_read && state.doubts.is_empty() && state.model.is_whole();
        stands.then(|| what(&state.model))
    }

    /// What is held, also while something of it is in doubt.
    pub(crate) fn read_any<T>(&self, what: impl FnOnce(&ReadModel) -> T) -> T {
        what(&self.state().model)
    }

    /// What is touched may be otherwise in the database than here.
    pub(crate) fn doubt(&self, touched: Touched) {
        let mut state = self.change();
        state.told.forget();
        if !touched.is_empty() {
            state.doubt += 1;
            let number = state.doubt;
            state.doubts.insert(number, touched);
        }
    }

    /// Another process has committed changes of these machines: they are read anew, and until then
    /// the database is asked.
    pub fn changed_elsewhere(&self, machines: impl IntoIterator<Item = MachineId>) {
        let mut touched = Touched::default();
        for machine in machines {
            touched.machine(machine, Parts::ALL);
        }
        self.doubt(touched);
    }

    /// What a commit is about to touch.
    pub(crate) const fn unread(&self, touched: Touched) -> Unread<'_> {
        Unread {
            model: self,
            touched: Some(touched),
        }
    }

    /// What has to be read anew, besides what a commit touches itself; all of it at first.
    pub(crate) fn doubted(&self) -> Doubted {
        let state = self.state();
        let mut doubted = Doubted {
            doubts: state.doubts.keys().copied().collect(),
            ..Doubted::default()
        };
        for doubt in state.doubts.values() {
            doubted.touched.add(doubt.clone());
        }
        doubted.touched.everything |= !state.is_read;
        doubted
    }

    /// From now on it is read, and kept up to date.
    pub(crate) fn want(&self) {
        self.change().is_wanted = true;
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.state().is_wanted
    }

    /// Holds what was read anew; those doubts are settled.
    pub(crate) fn publish(&self, news: impl FnOnce(&mut ReadModel), settled: &Doubted) {
        let mut state = self.change();
        news(&mut state.model);
        state.is_read = true;
        for doubt in &settled.doubts {
            state.doubts.remove(doubt);
        }
    }

    /// Events were committed.
    pub(crate) fn tell(&self, touched: &Touched) {
        if touched.told.is_empty() && !touched.told_of_boots {
            return;
        }
        let mut state = self.change();
        if touched.told_of_boots {
            state.told.forget();
            return;
        }
        for (machine, number) in &touched.told {
            // Who follows nobody costs no memory: the first look puts it here.
            if let Some(last) = state.told.last.get_mut(machine) {
                *last = (*last).max(*number);
            }
        }
    }

    /// Whether a machine is known to have no event behind this number. Otherwise, a mark to hand
    /// back once that was read.
    pub(crate) fn has_told_since(&self, machine: MachineId, after: i64) -> Option<TellMark> {
        let mut state = self.change();
        let told = &mut state.told;
        if let Some(last) = told.last.get(&machine)
            && *last <= after
            && *last != UNKNOWN
        {
            return None;
        }
        // From here on what is committed is noted.
        told.last.entry(machine).or_insert(UNKNOWN);
        Some(TellMark {
            machine,
            forgotten: told.forgotten,
        })
    }

    /// All events of a machine up to this number were read since the mark was given.
    pub(crate) fn has_read_up_to(&self, mark: TellMark, last: i64) {
        let mut state = self.change();
        if state.told.forgotten == mark.forgotten
            && let Some(known) = state.told.last.get_mut(&mark.machine)
        {
            *known = (*known).max(last);
        }
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Less than any number of an event: nothing was read yet.
const UNKNOWN: i64 = -1;

impl Told {
    fn forget(&mut self) {
        self.last.clear();
        self.forgotten += 1;
    }
}

impl Unread<'_> {
    /// It is held.
    pub(crate) fn settle(mut self) {
        self.touched = None;
    }
}

impl Drop for Unread<'_> {
    fn drop(&mut self) {
        if let Some(touched) = self.touched.take() {
            self.model.doubt(touched);
        }
    }
}
