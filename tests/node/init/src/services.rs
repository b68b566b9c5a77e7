//! What a running node serves: its API, trustd on a control plane, a port where the Kubernetes API
//! would be; and what it asks of others until they answer.

use crate::api;
use crate::certificates::{Authority, Identity};
use crate::console;
use crate::error::InitError;
use crate::inbox::Inbox;
use crate::resources::Resources;
use crate::trust;
use node::action::Happened;
use node::config::MachineConfig;
use node::endpoint::Endpoint;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::UnboundedSender;

/// The names in the node's certificate: its addresses, its host name, and what the config adds.
pub(crate) fn names(addresses: &[IpAddr], hostname: &str, config: &MachineConfig) -> Vec<String> {
    let mut names = vec![hostname.to_owned()];
    names.extend(addresses.iter().map(IpAddr::to_string));
    names.extend(config.cert_sans.iter().cloned());
    names
}

/// A control plane's API and trustd.
pub(crate) fn serve_control_plane(
    inbox: UnboundedSender<Inbox>,
    resources: Resources,
    config: &MachineConfig,
    names: Vec<String>,
) -> Result<(), InitError> {
    let ca = config
        .accepted_cas
        .first()
        .map(String::as_str)
        .unwrap_or_default();
    let authority = Authority::new(ca, config.ca_key.expose())?;
    let for_trustd = authority.issue(names.clone())?;
    serve_api(inbox, resources, authority.issue(names)?, config);
    let token = config.token.clone();
    tokio::spawn(async move {
        let served = match TcpListener::bind((Ipv4Addr::UNSPECIFIED, trust::PORT)).await {
            Ok(listener) => trust::serve(listener, authority, token, &for_trustd).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = served {
            console::say(&format!("trustd: {error}"));
        }
    });
    Ok(())
}

/// The API with a certificate that is there.
pub(crate) fn serve_api(
    inbox: UnboundedSender<Inbox>,
    resources: Resources,
    identity: Identity,
    config: &MachineConfig,
) {
    let accepted = config.accepted_cas.clone();
    tokio::spawn(async move {
        let served = match TcpListener::bind((Ipv4Addr::UNSPECIFIED, api::PORT)).await {
            Ok(listener) => api::serve(listener, inbox, resources, identity, &accepted).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = served {
            console::say(&format!("apid: {error}"));
        }
    });
}

/// Asks trustd for a certificate until it gives one, then says so.
pub(crate) fn request_certificate(
    inbox: UnboundedSender<Inbox>,
    host: String,
    config: &MachineConfig,
    names: Vec<String>,
) {
    let (token, authority) = (config.token.clone(), config.accepted_cas.join("\n"));
    tokio::spawn(async move {
        loop {
            match trust::obtain((&host, trust::PORT), &token, &authority, names.clone()).await {
                Ok(identity) => {
                    console::say("certificate from trustd");
                    let _gone = inbox.send(Inbox::Certificate(identity));
                    return;
                }
                Err(error) => console::say(&format!("no certificate yet: {error}")),
            }
            tokio::time::sleep(AGAIN).await;
        }
    });
}

/// Connects to the cluster's endpoint until something answers.
pub(crate) fn probe(inbox: UnboundedSender<Inbox>, endpoint: Endpoint) {
    tokio::spawn(async move {
        loop {
            let place = (endpoint.host.as_str(), endpoint.port);
            let connected = tokio::time::timeout(AGAIN, TcpStream::connect(place)).await;
            if connected.is_ok_and(|result| result.is_ok()) {
                let _gone = inbox.send(Inbox::Happened(Happened::EndpointAnswers));
                return;
            }
            tokio::time::sleep(AGAIN).await;
        }
    });
}

/// Accepts connections where the Kubernetes API would be.
pub(crate) fn serve_kubernetes(port: u16) {
    tokio::spawn(async move {
        match TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await {
            Ok(listener) => loop {
                let _closed = listener.accept().await;
            },
            Err(error) => console::say(&format!("port {port}: {error}")),
        }
    });
}

const AGAIN: Duration = Duration::from_secs(1);
