//! Attackers in the lab's network: they have overheard tokens, copied cards, taken addresses over.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use config_talos::event::{Publication, TalosEvent};
use config_talos::receiver::EventReceiver;
use machine_core::hardware::MacAddress;
use pxe_server::directory::DocumentRequest;

use crate::attack::{Attack, LIE};
use crate::drover::Drover;
use crate::lab::{Lab, World};
use crate::node::{Loaded, Node};
use crate::wire::request_config;

/// The card of somebody who is no machine of the lab.
const STRANGER: MacAddress = MacAddress::new([2, 0, 0, 0, 0, 66]);

/// An address that no lease of the lab is of.
const NOBODY: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 77, 255, 252));

/// An attacker does his deed; `loaded` is what he has overheard.
pub(crate) fn attack(
    lab: &Arc<Lab>,
    drover: &Drover,
    victim: usize,
    (attack, loaded): (Attack, Option<Loaded>),
) {
    if attack == Attack::Liar {
        return lie(lab, drover, victim);
    }
    let Some(loaded) = loaded else { return };
    let request = lab.with(|world| {
        world.note(|| format!("{attack:?} asks for the config of node {victim}"));
        request(world, victim, (attack, loaded))
    });
    let (lab, directory, db) = (
        Arc::clone(lab),
        drover.parts.directory.clone(),
        drover.parts.db.clone(),
    );
    drover.spawn(async move {
        request_config(&lab, (&db, &directory), request, None).await;
    });
}

fn request(world: &World, victim: usize, (attack, loaded): (Attack, Loaded)) -> DocumentRequest {
    let node = &world.nodes[victim];
    let is_another = |it: &&Node| it.address != node.address && !it.address.is_unspecified();
    let another = world.nodes.iter().find(is_another);
    let another = another.map_or(NOBODY, |it| it.address);
    let (peer, hardware, knows_board) = match attack {
        Attack::Stranger { behind_a_relay } => {
            let card = (!behind_a_relay).then_some(STRANGER);
            (NOBODY, card, false)
        }
        Attack::CopiedCard => (another, Some(node.mac), false),
        Attack::Double | Attack::Forger | Attack::Liar => (node.address, Some(node.mac), true),
    };
    DocumentRequest {
        token: if attack == Attack::Forger {
            forged(&loaded.token)
        } else {
            loaded.token
        },
        name: loaded.name,
        peer,
        hardware,
        uuid: knows_board.then_some(node.uuid),
        serial: knows_board.then(|| node.serial.clone()),
    }
}

/// The token of the same attempt, with another code: its last 16 bytes.
fn forged(token: &str) -> String {
    const OF_CODE: usize = 30;
    let change = |(at, digit): (usize, char)| match (at, digit) {
        (OF_CODE, 'A') => 'B',
        (OF_CODE, _) => 'A',
        (_, digit) => digit,
    };
    token.chars().enumerate().map(change).collect()
}

/// Takes the address over for one message, which ends the attempt if it is believed.
fn lie(lab: &Arc<Lab>, drover: &Drover, victim: usize) {
    let address = lab.with(|world| {
        world.note(|| format!("somebody lies in the name of node {victim}"));
        let address = world.nodes[victim].address;
        world.spoofed.insert(address, STRANGER);
        address
    });
    let said = Publication {
        id: "a lie".to_owned(),
        actor: String::new(),
        event: TalosEvent::ConfigLoadError {
            error: LIE.to_owned(),
        },
    };
    let (lab, reports) = (Arc::clone(lab), Arc::clone(&drover.parts.reports));
    drover.spawn(async move {
        // Whether he is acknowledged is nothing to him.
        let _ = EventReceiver::receive(&*reports, address, said).await;
        lab.with(|world| world.spoofed.remove(&address));
    });
}
