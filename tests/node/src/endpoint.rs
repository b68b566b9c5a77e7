//! The cluster's endpoint, as far as a node cares: where the Kubernetes API answers one day.

/// Host and port of the cluster's endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// A name or an address, without brackets.
    pub host: String,
    /// The port; 443 if the URL has none.
    pub port: u16,
}

impl Endpoint {
    /// Reads `https://host[:port][/…]`.
    pub fn parse(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("https://")?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
            _ => (authority, 443),
        };
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        (!host.is_empty()).then_some(Self { host, port })
    }
}
