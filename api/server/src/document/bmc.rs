//! The BMC that a document names, and how to log in to it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use machine_core::endpoint::{BmcEndpoint, BmcProtocol};
use serde::Deserialize;
use serde_saphyr::Spanned;
use zeroize::Zeroizing;

use crate::document::{DocumentError, Reader};

/// The port of RMCP (IPMI 2.0 §13.1.2).
const RMCP_PORT: u16 = 623;

/// What stands in examples where a password belongs.
const EXAMPLE: &str = "…";

/// A BMC and how to log in to it.
#[derive(Clone, PartialEq, Eq)]
pub struct BmcSpec {
    /// Where it is.
    pub endpoint: BmcEndpoint,
    /// The password.
    pub password: Zeroizing<String>,
    /// The line of its address.
    pub line: u64,
}

/// The password stays out of it.
impl fmt::Debug for BmcSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BmcSpec")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BmcDocument {
    ipmi: Spanned<String>,
    username: Spanned<String>,
    password: Spanned<Zeroizing<String>>,
}

pub(crate) fn bmc(reader: Reader<'_>, document: &BmcDocument) -> Result<BmcSpec, DocumentError> {
    let username = document.username.value.clone();
    // IPMI 2.0 §22.28, §22.30: user names of 16 bytes, passwords of 20.
    if !(1..=16).contains(&username.len()) {
        let wanted = "1 to 16 characters";
        return Err(reader.wrong(&document.username, "bmc.username", wanted, username));
    }
    if !(1..=20).contains(&document.password.value.len()) {
        let got = format!("{} characters", document.password.value.len());
        let wanted = "1 to 20 characters";
        return Err(reader.wrong(&document.password, "bmc.password", wanted, got));
    }
    if document.password.value.as_str() == EXAMPLE {
        let wanted = format!("the BMC's password: {EXAMPLE} stands for it in examples");
        return Err(reader.wrong(&document.password, "bmc.password", wanted, EXAMPLE));
    }
    Ok(BmcSpec {
        endpoint: BmcEndpoint {
            protocol: BmcProtocol::Ipmi,
            address: address(reader, &document.ipmi)?,
            username,
        },
        password: document.password.value.clone(),
        line: document.ipmi.referenced.line(),
    })
}

/// In one form, so that one BMC has one text: with its port, and IPv4 as such.
fn address(reader: Reader<'_>, ipmi: &Spanned<String>) -> Result<SocketAddr, DocumentError> {
    let text = &ipmi.value;
    let with_port = text.parse::<SocketAddr>();
    let address = with_port.or_else(|_| {
        text.parse::<IpAddr>()
            .map(|ip| SocketAddr::new(ip, RMCP_PORT))
    });
    let wanted = "an address such as 10.77.1.11 or 10.77.1.11:623";
    // In front of an @ people write who logs in, with the password.
    let shown = text.rsplit('@').next().unwrap_or_default();
    let wrong = || reader.wrong(ipmi, "bmc.ipmi", wanted, shown);
    let address = address.map_err(|_| wrong())?;
    let ip = address.ip().to_canonical();
    if ip.is_unspecified() || ip.is_multicast() || ip == IpAddr::from([255; 4]) {
        return Err(wrong());
    }
    Ok(SocketAddr::new(ip, address.port()))
}
