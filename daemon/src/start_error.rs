//! Why there is no daemon, or no more: each is one sentence with what to do about it.

use machine_store::error::StoreError;
use machine_store::key_file::KeyFileError;
use machine_store::token::TokenKeyError;
use pxe_server::asset_error::AssetError;
use pxe_server::bind_error::BindError;
use pxe_server::foreign_server::search::CannotAsk;
use thiserror::Error;

use fleet::error::chain;

use crate::host::HostError;
use crate::parts::PartEnded;
use crate::privileges::NoPorts;

/// Why the daemon does not start, or does not go on.
#[derive(Debug, Error)]
pub enum StartError {
    /// Several things are wrong.
    #[error("{}", lines(.0))]
    Several(Vec<Self>),
    /// The host does not fit the settings.
    #[error(transparent)]
    Host(#[from] HostError),
    /// There is nothing to serve.
    #[error(
        "no subnet is set: name an interface (--interface eth1), or a settings file (--config)"
    )]
    NoSubnet,
    /// The key that seals the secrets can't be had.
    #[error("the key file can't be used")]
    Key(#[from] KeyFileError),
    /// The key of the configs' tokens can't be had.
    #[error("the key of the tokens can't be used")]
    Token(#[from] TokenKeyError),
    /// The database can't be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An image can't be used.
    #[error("{place}: image {name}")]
    Image {
        /// Where it stands in the settings.
        place: String,
        /// Which image.
        name: String,
        /// Why.
        source: AssetError,
    },
    /// Another DHCP server is there already.
    #[error(
        "another DHCP server, {server}, answers on {interface}: two would lease the same addresses. \
         Use mode: proxy there, or switch the other one off"
    )]
    ForeignServer {
        /// Where.
        interface: String,
        /// Who.
        server: String,
    },
    /// Nobody could be asked whether there is another DHCP server.
    #[error(transparent)]
    CannotAsk(#[from] CannotAsk),
    /// The image cache can't be used.
    #[error(transparent)]
    Cache(AssetError),
    /// A part of the daemon ended before it was asked to.
    #[error(transparent)]
    Part(#[from] PartEnded),
    /// The ports of its protocols are not for this user.
    #[error(transparent)]
    Rights(#[from] NoPorts),
    /// A socket can't be had.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// A socket of the receivers or the API can't be had.
    #[error("can't listen at {at}")]
    Listen {
        /// Where.
        at: String,
        /// What the system says.
        source: std::io::Error,
    },
}

impl StartError {
    /// All that is wrong, as one error.
    pub fn all(mut mistakes: Vec<Self>) -> Result<(), Self> {
        match mistakes.len() {
            0 => Ok(()),
            1 => Err(mistakes.remove(0)),
            _ => Err(Self::Several(mistakes)),
        }
    }

    /// Whether the settings alone show it, on every host.
    pub fn is_wrong_input(&self) -> bool {
        match self {
            Self::NoSubnet => true,
            Self::Several(mistakes) => mistakes.iter().any(Self::is_wrong_input),
            _ => false,
        }
    }
}

fn lines(mistakes: &[StartError]) -> String {
    let lines: Vec<String> = mistakes.iter().map(|it| chain(it)).collect();
    lines.join("\n")
}
