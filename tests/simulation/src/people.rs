//! What people do: they register, accept, cancel and retry through the real use cases, press
//! buttons, and pull plugs.

use std::sync::Arc;

use api_server::caller::{Asked, Caller};
use api_server::error::UseCaseError;
use api_server::operations::Operations;
use api_server::operations::endings::Ending;
use api_server::operations::release_hold::Choice;
use api_server::role::Role;
use machine_core::hardware::MacAddress;
use machine_core::lifecycle::State;
use machine_core::machine::Machine;

use crate::drover::Drover;
use crate::event::{Deed, Event};
use crate::lab::{Lab, World};
use crate::node::Node;
use crate::revision::revise;
use crate::situation::Moment;

/// A person does something with a machine.
pub(crate) fn act(lab: &Arc<Lab>, drover: Option<&Drover>, index: usize, deed: Deed) {
    match deed {
        Deed::Press => return lab.with(|world| world.power_on(index)),
        Deed::Cycle => return lab.with(|world| world.cycle(index)),
        Deed::Amend => lab.with(|world| world.amend(index)),
        Deed::Register | Deed::Accept | Deed::Cancel | Deed::Retry => {}
        Deed::RetryWithWipe | Deed::ReleaseHold | Deed::IgnoreUuid => {}
        Deed::WriteDown | Deed::Revise => {}
    }
    let Some(drover) = drover else {
        // He finds nobody, and tries again.
        return lab.with(|world| {
            let after = world.random.seconds(20, 60);
            world.schedule(after, Event::Deed(index, deed));
        });
    };
    let revision = match deed {
        Deed::Revise => match lab.with(|world| world.revision(index)) {
            Some(revision) => Some(revision),
            None => return,
        },
        _ => None,
    };
    let (names, document, number, word) = lab.with(|world| {
        let number = world.number();
        world.asking.insert(number, (index, deed));
        let word = world.words.ask(index, deed, world.now);
        (world.names(index), world.document(), number, word)
    });
    let card = lab.with(|world| world.nodes[index].speaks);
    let key = format!("{deed:?}-{number}");
    let (lab, operations) = (Arc::clone(lab), drover.parts.operations.clone());
    drover.spawn(async move {
        let done = match (deed, revision) {
            (Deed::WriteDown, _) => write_down(&lab, &operations, (index, &names), key).await,
            (_, Some(revision)) => match asked(key) {
                Ok(asked) => revise(&lab, &operations, revision, &asked).await,
                Err(refused) => Err(refused),
            },
            (Deed::Register | Deed::Amend, _) => register(&operations, &document, key).await,
            _ => do_to_first(&operations, &names, (deed, card), &key).await,
        };
        lab.with(|world| {
            // What the database did not answer may have been carried out.
            if !matches!(done, Err(UseCaseError::Store(_))) {
                let told = (world.now, done.is_ok());
                world.words.answer(index, word, told);
            }
            world.asking.remove(&number);
            world.has_done(index, deed, done);
        });
    });
}

/// To the first of these names that a machine has.
async fn do_to_first(
    operations: &Operations,
    names: &[String],
    deed: (Deed, MacAddress),
    key: &str,
) -> Result<(), UseCaseError> {
    let mut done = Ok(());
    for name in names {
        done = do_to(operations, name, deed, key.to_owned()).await;
        if !matches!(done, Err(UseCaseError::NotFound { .. })) {
            break;
        }
    }
    done
}

async fn register(
    operations: &Operations,
    document: &str,
    key: String,
) -> Result<(), UseCaseError> {
    let asked = asked(key)?;
    let applied = operations.apply_machines("lab.yaml", document, &asked);
    applied.await.map(|_| ())
}

/// Writes down what was found: by the name that Drover has given it, with all its cards. What was
/// found twice, over one card and over the other, is one machine: he says so first.
async fn write_down(
    lab: &Lab,
    operations: &Operations,
    (index, names): (usize, &[String]),
    key: String,
) -> Result<(), UseCaseError> {
    let (mut found, mut missing) = (Vec::new(), UseCaseError::Overtaken);
    for name in names {
        match operations.show_machine(&alice(), name).await {
            Ok(shown) => found.push(shown.view.machine),
            Err(why) => missing = why,
        }
    }
    // The one that has come furthest stays.
    found.sort_by_key(|it| (it.state != State::Active, it.state == State::Discovered));
    let mut found = found.into_iter();
    let name = found.next().ok_or(missing)?.name;
    for twin in found {
        end_twin(operations, (&twin, &name), &key).await?;
    }
    let document = lab.with(|world| world.document_with(index, &name));
    register(operations, &document, key).await?;
    // It stands nowhere before Drover has said so: what was refused is written down again.
    lab.with(|world| world.nodes[index].is_written_as(name));
    Ok(())
}

/// Ends the second record of a machine, as he is told to: what was only found is merged, and what
/// was installed by that record is retired and forgotten.
async fn end_twin(
    operations: &Operations,
    (twin, into): (&Machine, &str),
    key: &str,
) -> Result<(), UseCaseError> {
    let endings = match twin.state {
        State::Active => return Ok(()),
        State::Discovered => vec![Ending::Merge { into, board: false }],
        _ => vec![Ending::Retire, Ending::Forget],
    };
    for (number, ending) in endings.into_iter().enumerate() {
        let asked = asked(format!("{key}-{}-{number}", twin.name))?;
        operations.end(&twin.name, ending, &asked).await?;
    }
    Ok(())
}

/// Whoever accepts a boot stands before the machine, and names the card that it speaks with.
async fn do_to(
    operations: &Operations,
    name: &str,
    (deed, card): (Deed, MacAddress),
    key: String,
) -> Result<(), UseCaseError> {
    let asked = asked(key)?;
    match deed {
        Deed::Accept => operations.accept(name, &asked).await.map(|_| ()),
        Deed::Retry => operations.retry(name, &asked).await.map(|_| ()),
        Deed::RetryWithWipe => {
            let wiped = operations.retry_with_wipe((name, name), &asked);
            wiped.await.map(|_| ())
        }
        Deed::Cancel => operations
            .end(name, Ending::Cancel, &asked)
            .await
            .map(|_| ()),
        Deed::IgnoreUuid => operations
            .end(name, Ending::IgnoreUuid, &asked)
            .await
            .map(|_| ()),
        Deed::ReleaseHold => {
            let choice = Choice {
                card: Some(card),
                ..Choice::default()
            };
            let released = operations.release_hold(name, &choice, &asked);
            released.await.map(|_| ())
        }
        Deed::Register | Deed::Press | Deed::Cycle => Ok(()),
        Deed::WriteDown | Deed::Amend | Deed::Revise => Ok(()),
    }
}

fn asked(key: String) -> Result<Asked, UseCaseError> {
    Asked::new(alice(), "it is time".to_owned(), key)
}

fn alice() -> Caller {
    Caller::in_process("alice", Role::ALL)
}

impl World {
    fn cycle(&mut self, index: usize) {
        self.power_off(index);
        // In peace he also picks the network in the firmware's menu, as he is told to.
        self.nodes[index].override_network |= self.is_calm;
        self.power_on(index);
    }

    /// What became of what a person did; what he does next.
    fn has_done(&mut self, index: usize, deed: Deed, done: Result<(), UseCaseError>) {
        let told = done.as_ref().err().map(ToString::to_string);
        self.note(|| {
            let outcome = told.as_deref().unwrap_or("done");
            format!("a person: {deed:?} for node {index}: {outcome}")
        });
        let is_patient = matches!(deed, Deed::Accept | Deed::Register | Deed::WriteDown);
        match (deed, done.is_ok()) {
            (Deed::Accept, true) => self.comes_to(index, Moment::Accepted),
            (Deed::Cancel, true) => self.comes_to(index, Moment::TakenBack),
            (Deed::ReleaseHold, true) => _ = self.vouched.insert(index),
            _ => {}
        }
        if deed == Deed::Revise {
            return self.has_revised(index);
        }
        if deed == Deed::Register {
            self.has_registered(told.as_deref());
        }
        match (deed, done) {
            (Deed::Cancel, Ok(())) => {
                // Who cancelled an install decides for it again later: nobody else does.
                let later = self.random.seconds(60, 3600);
                self.schedule(later, Event::Deed(index, Deed::Accept));
            }
            (_, Err(UseCaseError::NotFound { .. } | UseCaseError::Store(_))) if is_patient => {
                let later = self.random.seconds(60, 120);
                self.schedule(later, Event::Deed(index, deed));
            }
            _ => {}
        }
    }

    /// A machine that was found before somebody wrote it down has a name already: he is told which,
    /// and says in his document that it is the same one.
    fn has_registered(&mut self, refusal: Option<&str>) {
        let Some(refusal) = refusal else {
            self.nodes.iter_mut().for_each(|node| node.found_as = None);
            return;
        };
        for index in 0..self.nodes.len() {
            let words = format!("wanted a card of node-{index}, but ");
            let found = refusal.split_once(&words);
            let found = found.and_then(|(_, rest)| rest.split_whitespace().next());
            if let Some(found) = found {
                self.nodes[index].found_as = Some(found.to_owned());
                let soon = self.random.seconds(60, 120);
                self.schedule(soon, Event::Deed(0, Deed::Register));
            }
        }
    }

    /// Whoever got no answer, because Drover has ended, asks again.
    pub(crate) fn ask_again(&mut self) {
        for (index, deed) in std::mem::take(&mut self.asking).into_values() {
            let later = self.random.seconds(60, 120);
            self.schedule(later, Event::Deed(index, deed));
        }
    }

    /// Whether another board has the same UUID.
    pub(crate) fn shares_uuid(&self, index: usize) -> bool {
        let uuid = self.nodes[index].uuid;
        self.nodes.iter().filter(|it| it.uuid == uuid).count() > 1
    }

    /// The board's UUID is written down, or left out.
    fn amend(&mut self, index: usize) {
        let is_alone = !self.shares_uuid(index);
        let node = &mut self.nodes[index];
        node.knows_board = is_alone && !node.knows_board;
    }

    /// What a node's machine may be called.
    pub(crate) fn names(&self, index: usize) -> Vec<String> {
        let node = &self.nodes[index];
        if let Some(name) = &node.written_as {
            return vec![name.clone()];
        }
        if node.is_registered {
            return vec![format!("node-{index}")];
        }
        let cards = node.cards.iter();
        cards.map(|card| Machine::generated_name(*card)).collect()
    }

    /// The same, with one more that was found under this name.
    fn document_with(&self, index: usize, name: &str) -> String {
        let mut node = self.nodes[index].clone();
        if node.is_registered || node.written_as.is_some() {
            return self.document();
        }
        node.is_written_as(name.to_owned());
        self.document() + &entry(index, &node)
    }

    /// The document of those machines that are registered before they are seen.
    fn document(&self) -> String {
        let registered = self.nodes.iter().enumerate();
        let registered =
            registered.filter(|(_, node)| node.is_registered || node.written_as.is_some());
        let machines: Vec<String> = registered.map(|(index, node)| entry(index, node)).collect();
        format!("machines:\n{}", machines.join(""))
    }
}

impl Node {
    fn is_written_as(&mut self, name: String) {
        if !self.is_registered {
            self.written_as = Some(name);
        }
    }
}

fn entry(index: usize, node: &Node) -> String {
    let cards = node.cards.iter();
    let cards: Vec<String> = cards.map(|card| format!("{{ mac: \"{card}\" }}")).collect();
    let name = node.written_as.clone();
    let name = name.unwrap_or_else(|| format!("node-{index}"));
    let named = format!("  - name: {name}\n    nics: [{}]\n", cards.join(", "));
    let found = node.found_as.as_ref();
    let found = found.map(|found| format!("    renamed_from: {found}\n"));
    let board = node
        .knows_board
        .then(|| format!("    uuid: {}\n", node.uuid));
    let disk = node.arranged.document_disk;
    let disk = disk.map(|it| format!("    disk: {{ serial: {it} }}\n"));
    let bmc = node.bmc.map(|_| {
        let address = Node::nth_bmc(node.arranged.bmc_of.unwrap_or(index));
        format!("    bmc: {{ ipmi: {address}, username: drover, password: secret }}\n")
    });
    [Some(named), found, board, disk, bmc]
        .into_iter()
        .flatten()
        .collect()
}
