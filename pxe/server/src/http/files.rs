//! The files that HTTP gives: kernels and initial RAM disks, and bootloaders.

use std::net::IpAddr;
use std::sync::Arc;

use http::header::{CONTENT_TYPE, ETAG};
use machine_core::boot::BootStep;
use machine_core::id::BootId;
use pxe_loader::asked_name::AskedName;
use pxe_loader::bootloaders::find;
use pxe_loader::made::Made;

use crate::asset::Asset;
use crate::assets::Found;
use crate::directory::{Directory, ObservedStep, StepOwner};
use crate::hashing::hex;
use crate::http::HttpServer;
use crate::http::answers::base;
use crate::http::connection::Connection;
use crate::http::delivery::{Delivery, Ended};
use crate::http::range::Range;
use crate::http::reply::{Reply, not_found, script_text, unavailable, with_header};
use crate::neighbour::find_neighbour;
use crate::script::early_script;

impl<D: Directory> HttpServer<D> {
    pub(super) fn asset(
        &self,
        peer: IpAddr,
        (digest, boot): (&[u8; 32], Option<(BootId, BootStep)>),
        range: Range,
        head_only: bool,
    ) -> Reply {
        let asset = match self.assets.find(digest) {
            Found::Asset(asset) => asset,
            Found::Nothing => return not_found(),
            Found::Altered => {
                self.assets.restore(*digest);
                self.complaints.note(
                    peer,
                    &"an image whose file was altered: it is looked at anew",
                );
                return unavailable();
            }
        };
        let Asset { bytes, seal } = asset;
        // A part of it, or only its header, is not a step of a boot.
        let whose = boot.filter(|_| !head_only && range == Range::Whole);
        let delivery = whose.map(|(boot, step)| self.delivery(peer, (boot, step), bytes.len()));
        let reply = range.reply(bytes).map(|body| {
            let body = body.sealed(seal);
            match delivery {
                Some(delivery) => body.delivered(delivery),
                None => body,
            }
        });
        with_header(reply, ETAG, &format!("\"{}\"", hex(digest)))
    }

    /// Notes the step of a boot once its file has gone out, and complains if it does not.
    fn delivery(&self, peer: IpAddr, (boot, step): (BootId, BootStep), size: usize) -> Delivery {
        let directory = self.directory.clone();
        let complaints = Arc::clone(&self.complaints);
        Delivery::new(move |ended| match ended {
            Ended::Whole => directory.step(ObservedStep {
                whose: StepOwner::Boot(boot),
                step,
                detail: format!("{size} bytes"),
            }),
            Ended::CutOff { sent } => {
                let why = format!("it stopped reading its {step} after {sent} of {size} bytes");
                complaints.note(peer, &why);
            }
        })
    }

    /// A bootloader; for firmware that does UEFI HTTP boot it is a step of its boot.
    pub(super) async fn loader(
        &self,
        connection: Connection,
        (file, boot): (&[u8], Option<BootId>),
        head_only: bool,
    ) -> Reply {
        // What GRUB asks for is said in names that only TFTP carries.
        if AskedName::new(file).made() == Some(Made::Autoexec) {
            return self.autoexec(connection).await;
        }
        let (Some(content), Some(named)) = (self.loaders.find(file), find(file)) else {
            return not_found();
        };
        let whose = boot.filter(|_| !head_only);
        let (size, step) = (content.len(), BootStep::Loader);
        let delivery = whose.map(|boot| self.delivery(connection.peer, (boot, step), size));
        let reply = Range::Whole.reply(content).map(|body| match delivery {
            Some(delivery) => body.delivered(delivery),
            None => body,
        });
        with_header(reply, CONTENT_TYPE, named.media_type())
    }

    /// The script that iPXE asks for before it has done DHCP: for the peer that holds a boot.
    async fn autoexec(&self, connection: Connection) -> Reply {
        let hardware = find_neighbour(connection.peer).await;
        match self.directory.held(connection.peer, hardware).await {
            Ok(Some(held)) => script_text(early_script(base(connection), held.boot)),
            Ok(None) => not_found(),
            Err(error) => {
                let why = format!("no script: {error}");
                self.complaints.note(connection.peer, &why);
                unavailable()
            }
        }
    }
}
