//! What nodes ask of Drover and tell it: each on its way through the real boot plane's directory, or
//! the real receivers, in the life of Drover that is under way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use config_talos::command_line::{BootSource, CommandLine};
use config_talos::event::Publication;
use config_talos::log_line::{LogLine, LogSource};
use config_talos::receiver::{EventReceiver, LogReceiver};
use fleet::boots::BootAnswers;
use fleet::node_reports::NodeReports;
use machine_core::hardware::{Arch, MacAddress};
use machine_core::id::{AttemptId, BootId};
use machine_core::time::Timestamp;
use pxe_server::directory::{
    Directory, Document, DocumentRefusal, DocumentRequest, ObservedStep, ScriptAnswer,
    ScriptRequest, StepOwner,
};

use machine_store::db::Db;

use crate::config::Config;
use crate::dhcp_client::Load;
use crate::drover::{Drover, Parts};
use crate::event::Event;
use crate::invariant::Violation;
use crate::lab::{Lab, World};
use crate::node::{Errand, Message, Node, NodeStep, Question, Reply};
use crate::papers::Papers;

/// Carries an errand to Drover.
pub(crate) fn carry(lab: &Arc<Lab>, drover: &Drover, errand: Errand) {
    match errand {
        Errand::Step(index, step) => {
            let (boot, card) = lab.with(|world| (world.nodes[index].boot, world.nodes[index].mac));
            let _context = drover.enter();
            drover.parts.directory.step(ObservedStep {
                // TFTP knows who asks by the card behind the address.
                whose: boot.map_or(StepOwner::Card(card), StepOwner::Boot),
                step,
                detail: "as the lab does".to_owned(),
            });
        }
        Errand::Ask(index, number, question) => {
            let node = lab.with(|world| world.nodes[index].clone());
            let (lab, parts) = (Arc::clone(lab), drover.parts.clone());
            drover.spawn(async move {
                let asked = lab.with(|world| world.now);
                let reply = ask(&lab, &parts, (index, &node), question).await;
                lab.with(|world| {
                    world.judge_reply(index, asked, &reply);
                    if !world.fails(5) {
                        let after = world.latency();
                        let step = NodeStep::Answer(number, reply);
                        world.schedule(after, Event::Node(index, node.generation, step));
                    }
                });
            });
        }
        Errand::Report(index, number, message) => {
            let (lab, reports) = (Arc::clone(lab), Arc::clone(&drover.parts.reports));
            drover.spawn(async move { report(&lab, &reports, (index, number), message).await });
        }
    }
}

/// A node tells something, under a number.
async fn report(
    lab: &Arc<Lab>,
    reports: &NodeReports,
    (index, number): (usize, u64),
    message: Message,
) {
    let (address, away) = lab.with(|world| (world.nodes[index].address, world.away));
    let kept = match message {
        Message::Event(event) => {
            let id = format!("{index}-{number}");
            let actor = String::new();
            let said = Publication { id, actor, event };
            EventReceiver::receive(reports, address, said).await
        }
        Message::Kernel(source, at) => {
            LogReceiver::receive(reports, address, kernel_line(source, at)).await
        }
        Message::Service(attempt) => {
            let tag = (AttemptId::LOG_TAG.to_owned(), attempt.to_string());
            let line = line(LogSource::Service("apid".to_owned()), [tag].into());
            LogReceiver::receive(reports, address, line).await
        }
    };
    lab.with(|world| {
        if kept.is_ok() && away.is_some() && world.away == away {
            world.judge(Err(Violation::AcknowledgedUnkept { node: index }));
        }
        // Whoever is not heard to say that it is kept is told again.
        if kept.is_ok() && !world.fails(5) {
            world.nodes[index].unheard.remove(&number);
        }
    });
}

impl World {
    /// A member that boots from the network is sent to its disk, whatever it asks; and nothing is
    /// wiped that people do not permit to wipe.
    fn judge_reply(&mut self, index: usize, asked: Timestamp, reply: &Reply) {
        if let Reply::Script(Some(answer)) = reply {
            self.judge_wipe(index, asked, answer);
        }
        let is_kept = match reply {
            Reply::Dhcp(answer) => answer.is_some_and(|it| it.load != Load::Nothing),
            Reply::Script(answer) => !matches!(answer, None | Some(ScriptAnswer::LocalDisk { .. })),
            Reply::Config(_) => false,
        };
        let node = &self.nodes[index];
        // A card that nobody registered has to say who it is first, and so have two with one board.
        let is_known = node.is_registered || node.cards.len() == 1;
        let is_alone = self.nodes.iter().filter(|it| it.uuid == node.uuid).count() == 1;
        if is_kept && is_known && is_alone && self.words.is_member(index, asked) {
            self.judge(Err(Violation::KeptFromDisk { node: index }));
        }
    }
}

async fn ask(
    lab: &Arc<Lab>,
    parts: &Parts,
    (index, node): (usize, &Node),
    question: Question,
) -> Reply {
    let directory = &parts.directory;
    match question {
        Question::Dhcp(asker, _) => Reply::Dhcp(parts.links.lease(lab, node, asker).await),
        Question::Script(_) => {
            let Some(boot) = node.boot else {
                return Reply::Script(None);
            };
            let answer = directory.script(script_request(node, boot)).await.ok();
            Reply::Script(answer)
        }
        Question::Config(_) => {
            let drover = (&parts.db, directory);
            Reply::Config(fetch(lab, drover, (index, node)).await)
        }
    }
}

fn script_request(node: &Node, boot: BootId) -> ScriptRequest {
    ScriptRequest {
        boot,
        peer: node.address,
        hardware: Some(node.mac),
        mac: Some(node.mac),
        macs: node.cards.iter().copied().collect::<BTreeSet<MacAddress>>(),
        uuid: Some(node.uuid),
        serial: Some(node.serial.clone()),
        manufacturer: Some(node.manufacturer.clone()),
        product: None,
        platform: Some((Arch::X86_64, node.firmware)),
        version: None,
    }
}

/// Asks for the config of a node as its system does.
async fn fetch(
    lab: &Arc<Lab>,
    drover: (&Db, &BootAnswers),
    (index, node): (usize, &Node),
) -> Option<Document> {
    let loaded = node.loaded.clone()?;
    let request = DocumentRequest {
        token: loaded.token,
        name: loaded.name,
        peer: node.address,
        hardware: Some(node.mac),
        uuid: Some(node.uuid),
        serial: Some(node.serial.clone()),
    };
    request_config(lab, drover, request, Some(index)).await
}

/// Asks for a config, as a node or as somebody who is none. What goes out is written down.
pub(crate) async fn request_config(
    lab: &Arc<Lab>,
    (db, directory): (&Db, &BootAnswers),
    request: DocumentRequest,
    to: Option<usize>,
) -> Option<Document> {
    let asked = lab.with(|world| world.now);
    match directory.document(request).await {
        Ok(document) => {
            let text = String::from_utf8_lossy(&document.body);
            if let Some(config) = Config::read(&text) {
                let papers = Papers::read(db, config.attempt).await;
                lab.with(|world| {
                    let now = world.drover_now();
                    world.handed_out(config, to, asked);
                    if let Ok(Some(papers)) = papers {
                        world.judge(papers.check(now));
                    }
                });
            }
            Some(document)
        }
        Err(DocumentRefusal::Refused) => {
            lab.with(|world| world.ledger.refusals += 1);
            None
        }
        Err(DocumentRefusal::Unavailable(_)) => None,
    }
}

fn kernel_line(source: BootSource, at: String) -> LogLine {
    LogLine {
        at_text: Some(at),
        command_line: Some(CommandLine { source }),
        ..line(LogSource::Kernel, BTreeMap::new())
    }
}

fn line(source: LogSource, tags: BTreeMap<String, String>) -> LogLine {
    LogLine {
        source,
        message: "a line".to_owned(),
        level: None,
        sequence: None,
        at_text: None,
        command_line: None,
        tags,
    }
}
