//! The files that are made for whoever asks: scripts by the peer that holds a boot, and images by
//! their digest.
//!
//! A boot's id is a secret of its machine. So what names it goes to the address and the card that
//! hold the boot, and anybody else is told that there is no such file.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use machine_core::boot::BootStep;
use machine_core::hardware::MacAddress;
use pxe_loader::grub_configs;
use pxe_loader::made::Made;
use thiserror::Error;

use crate::asset::{Asset, Seal};
use crate::assets::{Assets, Found};
use crate::directory::{Directory, HeldBoot, ScriptAnswer, ScriptRefusal, Unavailable};
use crate::grub_request::grub_request;
use crate::grub_script::answer_config;
use crate::hashing::parse_digest;
use crate::script::{ScriptError, draw_pause, early_script};
use crate::shared_chains::SharedChains;

/// What they are made from.
#[derive(Debug)]
pub(crate) struct MadeFiles<D> {
    pub(crate) directory: D,
    pub(crate) assets: Arc<Assets>,
    pub(crate) chains: SharedChains,
}

/// Who asks, and where it finds our HTTP.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker {
    pub(crate) peer: IpAddr,
    pub(crate) hardware: Option<MacAddress>,
    pub(crate) http: SocketAddr,
}

/// A file as it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    pub(crate) bytes: Bytes,
    /// The step that a boot has made once it has the file.
    pub(crate) step: Option<BootStep>,
    /// What tells whether the bytes of a mapped file are still those that were verified.
    pub(crate) seal: Option<Arc<Seal>>,
}

/// Why there is no file.
#[derive(Debug, Error)]
pub(crate) enum NotMade {
    /// As far as the asker is concerned, there is none.
    #[error("it holds no boot, or not the card of it")]
    NotHeld,
    #[error("there is no such image")]
    NoImage,
    #[error("the image was altered: it is looked at anew")]
    Altered,
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    #[error(transparent)]
    Unwritable(#[from] ScriptError),
}

impl Content {
    /// Bytes that are held in memory.
    pub(crate) const fn held(bytes: Bytes, step: Option<BootStep>) -> Self {
        Self {
            bytes,
            step,
            seal: None,
        }
    }

    fn text(text: String) -> Self {
        Self::held(text.into(), None)
    }

    /// Whether the bytes can be read, and are those that were verified.
    pub(crate) fn is_intact(&self) -> bool {
        self.seal.as_ref().is_none_or(|seal| seal.check().is_ok())
    }
}

impl<D: Directory> MadeFiles<D> {
    /// The file for this asker.
    pub(crate) async fn make(&self, made: Made<'_>, asker: Asker) -> Result<Content, NotMade> {
        match made {
            Made::Autoexec => {
                let held = self.held(asker).await?;
                Ok(Content::text(early_script(asker.http, held.boot)?))
            }
            Made::GrubConfig => Ok(Content::text(grub_configs::identify().to_string())),
            Made::GrubScript(said) => self.grub_script(asker, said).await,
            Made::Asset { digest, name } => self.asset(digest, name),
        }
    }

    async fn held(&self, asker: Asker) -> Result<HeldBoot, NotMade> {
        let held = self.directory.held(asker.peer, asker.hardware).await?;
        held.ok_or(NotMade::NotHeld)
    }

    /// Who holds no boot is sent to its disk, as an iPXE is: its GRUB would ask for ever.
    async fn grub_script(&self, asker: Asker, said: &[u8]) -> Result<Content, NotMade> {
        let answered = match self.held(asker).await {
            Ok(held) => {
                // Nothing is wrong with its chain.
                self.chains.started(held.mac);
                let request = grub_request(held, (asker.peer, asker.hardware), said);
                self.directory.script(request).await
            }
            Err(NotMade::NotHeld) => Err(ScriptRefusal::NotFound),
            Err(other) => return Err(other),
        };
        let answer = match answered {
            Ok(answer) => answer,
            Err(ScriptRefusal::NotFound) => ScriptAnswer::LocalDisk {
                because: "there is no boot here for this address".to_owned(),
            },
            Err(ScriptRefusal::Unavailable(error)) => return Err(error.into()),
        };
        Ok(Content::text(answer_config(&answer, draw_pause())?))
    }

    fn asset(&self, digest: &[u8], name: &[u8]) -> Result<Content, NotMade> {
        let step = match name {
            b"kernel" => BootStep::Kernel,
            b"initrd" => BootStep::Initrd,
            _ => return Err(NotMade::NoImage),
        };
        let digest = parse_digest(digest).ok_or(NotMade::NoImage)?;
        match self.assets.find(&digest) {
            Found::Asset(Asset { bytes, seal }) => Ok(Content {
                bytes,
                step: Some(step),
                seal: Some(seal),
            }),
            Found::Altered => {
                self.assets.restore(digest);
                Err(NotMade::Altered)
            }
            Found::Nothing => Err(NotMade::NoImage),
        }
    }
}
