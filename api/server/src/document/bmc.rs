//! The BMC that a document names, and how to log in to it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use machine_core::bmc_secret::{BmcSecret, KEY_LENGTH, key_of_digits};
use machine_core::endpoint::{BmcEndpoint, IpmiEndpoint, IpmiWorkarounds};
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
    /// The password, and the BMC's own key.
    pub secret: BmcSecret,
    /// The line of its address.
    pub line: u64,
}

/// The secrets stay out of it.
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
    #[serde(default)]
    k_g: Option<Spanned<Zeroizing<String>>>,
    #[serde(default)]
    workarounds: Option<Vec<Spanned<String>>>,
}

pub(crate) fn bmc(reader: Reader<'_>, document: &BmcDocument) -> Result<BmcSpec, DocumentError> {
    let username = document.username.value.clone();
    // IPMI 2.0 §22.28; the anonymous user has no name (§13.28).
    if username.len() > 16 {
        let wanted = "at most 16 characters; \"\" is the anonymous user";
        return Err(reader.wrong(&document.username, "bmc.username", wanted, username));
    }
    Ok(BmcSpec {
        endpoint: BmcEndpoint::Ipmi(IpmiEndpoint {
            address: address(reader, &document.ipmi)?,
            username,
            workarounds: workarounds(reader, document)?,
        }),
        secret: BmcSecret {
            password: password(reader, &document.password)?,
            k_g: key(reader, document)?,
        },
        line: document.ipmi.referenced.line(),
    })
}

fn password(
    reader: Reader<'_>,
    password: &Spanned<Zeroizing<String>>,
) -> Result<Zeroizing<String>, DocumentError> {
    const FIELD: &str = "bmc.password";
    let length = password.value.len();
    // IPMI 2.0 §22.30.
    if !(1..=20).contains(&length) {
        let got = format!("{length} characters");
        return Err(reader.wrong(password, FIELD, "1 to 20 characters", got));
    }
    if password.value.contains('\0') {
        let got = "one with a NUL in it";
        return Err(reader.wrong(password, FIELD, "a password that can be typed", got));
    }
    if password.value.as_str() == EXAMPLE {
        let wanted = format!("the BMC's password: {EXAMPLE} stands for it in examples");
        return Err(reader.wrong(password, FIELD, wanted, EXAMPLE));
    }
    Ok(password.value.clone())
}

/// The BMC's own key, in hexadecimal digits or as text, as `ipmitool` takes it with `-y` and `-k`.
fn key(
    reader: Reader<'_>,
    document: &BmcDocument,
) -> Result<Option<Zeroizing<[u8; KEY_LENGTH]>>, DocumentError> {
    let Some(said) = &document.k_g else {
        return Ok(None);
    };
    let key = match said.value.strip_prefix("0x") {
        Some(digits) => key_of_digits(digits),
        None => key_of_text(&said.value),
    };
    let wrong = || {
        let wanted = "the BMC's own key: 1 to 20 characters, or 0x and 2 to 40 hexadecimal digits";
        let got = format!("{} characters", said.value.len());
        reader.wrong(said, "bmc.k_g", wanted, got)
    };
    key.map(Some).ok_or_else(wrong)
}

fn key_of_text(text: &str) -> Option<Zeroizing<[u8; KEY_LENGTH]>> {
    let mut key = Zeroizing::new([0; KEY_LENGTH]);
    if text.is_empty() {
        return None;
    }
    key.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
    Some(key)
}

/// An empty list is an answer, too: none, whatever is known of the model.
fn workarounds(
    reader: Reader<'_>,
    document: &BmcDocument,
) -> Result<Option<IpmiWorkarounds>, DocumentError> {
    let Some(names) = &document.workarounds else {
        return Ok(None);
    };
    for name in names {
        if !IpmiWorkarounds::NAMES.contains(&name.value.as_str()) {
            let wanted = format!("one of {}", IpmiWorkarounds::NAMES.join(", "));
            return Err(reader.wrong(name, "bmc.workarounds", wanted, &name.value));
        }
    }
    let names = names.iter().map(|it| it.value.as_str());
    Ok(IpmiWorkarounds::of_names(names))
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

#[cfg(test)]
mod tests {
    use machine_core::endpoint::BmcEndpoint;

    use super::BmcSpec;
    use crate::document::machines::parse;

    fn with(login: &str) -> Result<BmcSpec, String> {
        let text = format!(
            "machines:\n  - name: cp-1\n    nics: [{{ mac: \"52:54:00:77:00:01\" }}]\n    \
             bmc: {{ ipmi: 10.77.1.11, {login} }}\n"
        );
        let parsed = parse("rack.yaml", &text).map_err(|error| error.to_string())?;
        Ok(parsed[0].bmc.clone().unwrap())
    }

    #[test]
    fn the_key_of_a_bmc_is_text_or_digits() {
        let text = with("username: ADMIN, password: tuna, k_g: cowbell").unwrap();
        let digits = with("username: ADMIN, password: tuna, k_g: 0x636f7762656c6c").unwrap();
        assert_eq!(text, digits);
        assert_eq!(&text.secret.k_g.as_ref().unwrap()[..9], b"cowbell\0\0");
        let none = with("username: ADMIN, password: tuna").unwrap();
        assert_eq!(none.secret.k_g, None);
        for key in ["\"\"", "0x", "0x6", "0xcanary", "canary-of-21-letters-"] {
            let said = with(&format!("username: ADMIN, password: tuna, k_g: {key}"));
            let said = said.unwrap_err();
            assert!(
                said.starts_with("rack.yaml:4: bmc.k_g: wanted the BMC's"),
                "{said}"
            );
            assert!(!said.contains("canary"), "{said}");
        }
    }

    #[test]
    fn work_arounds_are_named_and_an_empty_list_means_none() {
        let dialect = |login: &str| {
            let login = format!("username: ADMIN, password: tuna{login}");
            with(&login).map(|bmc| bmc.endpoint.dialect())
        };
        assert_eq!(dialect("").unwrap(), "ipmi");
        assert_eq!(dialect(", workarounds: []").unwrap(), "ipmi:none");
        let named = dialect(", workarounds: [supermicro20, sun20]").unwrap();
        assert_eq!(named, "ipmi:sun20,supermicro20");
        let said = dialect(", workarounds: [sun21]").unwrap_err();
        let wanted = "bmc.workarounds: wanted one of intel20, opensesspriv, sun20, supermicro20";
        assert!(said.contains(wanted), "{said}");
    }

    #[test]
    fn the_anonymous_user_is_asked_for_by_an_empty_name() {
        let bmc = with("username: \"\", password: tuna").unwrap();
        let BmcEndpoint::Ipmi(ipmi) = bmc.endpoint;
        assert_eq!(ipmi.username, "");
        let said = with("username: seventeen-letters, password: tuna").unwrap_err();
        assert!(said.contains("the anonymous user"), "{said}");
    }
}
