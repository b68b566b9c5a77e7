//! Who may make a call of the node's APIs: the roles in the client's certificate say it.

use node::access::{Call, authorize};
use tonic::{Request, Status};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Refuses a call that no role of its client permits.
pub(crate) fn admit<T>(request: &Request<T>, call: Call) -> Result<(), Status> {
    let chain = request.peer_certs().unwrap_or_default();
    let organizations = chain
        .first()
        .map(|leaf| organizations(leaf))
        .unwrap_or_default();
    authorize(&organizations, call)
        .map_err(|refused| Status::permission_denied(refused.to_string()))
}

/// The organizations (O) in a certificate's subject.
fn organizations(certificate: &[u8]) -> Vec<String> {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else {
        return Vec::new();
    };
    let attributes = certificate.subject().iter_organization();
    attributes
        .filter_map(|attribute| attribute.as_str().ok())
        .map(str::to_owned)
        .collect()
}
