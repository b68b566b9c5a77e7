//! What is known of the firmware of some models: one table, and the standard for all others.
//!
//! A row is found by what the machine says of itself (SMBIOS manufacturer and product), because all
//! of these matter before the login, when the BMC has said nothing yet, its firmware's version
//! least of all. So a row stands here only if it does no harm to firmware of that model that was
//! mended since. Whoever knows better says `workarounds` in the machine's document, and then no row
//! counts.

use machine_core::endpoint::{BmcEndpoint, IpmiEndpoint, IpmiWorkarounds};
use machine_core::machine::Hardware;

/// A model, and what its firmware needs.
#[derive(Debug, Clone, Copy)]
struct Row {
    /// How its manufacturer's name begins, in lower case.
    manufacturer: &'static str,
    /// What its product's name contains, in lower case.
    product: &'static str,
    workarounds: IpmiWorkarounds,
    /// Where that was reported.
    source: &'static str,
}

/// None of them.
const STANDARD: IpmiWorkarounds = IpmiWorkarounds {
    intel20: false,
    opensesspriv: false,
    sun20: false,
    supermicro20: false,
};
const OPENSESSPRIV: IpmiWorkarounds = IpmiWorkarounds {
    opensesspriv: true,
    ..STANDARD
};
const SUN20: IpmiWorkarounds = IpmiWorkarounds {
    sun20: true,
    ..STANDARD
};
const SUPERMICRO20: IpmiWorkarounds = IpmiWorkarounds {
    supermicro20: true,
    ..STANDARD
};

const FREEIPMI: &str = "FreeIPMI, ipmipower(8), KNOWN ISSUES and WORKAROUNDS";
const FREEIPMI_KEYS: &str = "FreeIPMI, ipmipower/ipmipower_powercmd.c, on the keys that are made \
     with the privilege of the Open Session Request";

const fn row(
    (manufacturer, product): (&'static str, &'static str),
    workarounds: IpmiWorkarounds,
    source: &'static str,
) -> Row {
    Row {
        manufacturer,
        product,
        workarounds,
        source,
    }
}

/// `intel20` has no row: it fills user names up, which firmware that was mended refuses.
const ROWS: [Row; 8] = [
    row(("supermicro", "h8qme"), SUPERMICRO20, FREEIPMI),
    row(("sun", "sun fire x4100"), SUN20, FREEIPMI),
    row(("sun", "sun fire x4200"), SUN20, FREEIPMI),
    row(("sun", "sun fire x4500"), SUN20, FREEIPMI),
    row(("supermicro", "x8dth"), OPENSESSPRIV, FREEIPMI_KEYS),
    row(("supermicro", "x8dtg"), OPENSESSPRIV, FREEIPMI_KEYS),
    row(("supermicro", "x8dtu"), OPENSESSPRIV, FREEIPMI_KEYS),
    row(("intel", "s5500wb"), OPENSESSPRIV, FREEIPMI_KEYS),
];

/// The endpoint with what is known of this hardware, unless a person said what it needs.
pub fn applied(endpoint: &BmcEndpoint, hardware: &Hardware) -> BmcEndpoint {
    match endpoint {
        BmcEndpoint::Ipmi(ipmi) => BmcEndpoint::Ipmi(IpmiEndpoint {
            workarounds: Some(ipmi.workarounds.unwrap_or_else(|| known(hardware))),
            ..ipmi.clone()
        }),
    }
}

fn known(hardware: &Hardware) -> IpmiWorkarounds {
    let lower = |text: &Option<String>| text.as_deref().unwrap_or_default().to_lowercase();
    let (manufacturer, product) = (lower(&hardware.manufacturer), lower(&hardware.product));
    let is_it =
        |row: &&Row| manufacturer.starts_with(row.manufacturer) && product.contains(row.product);
    let found = ROWS.iter().find(is_it);
    if let Some(row) = found {
        tracing::debug!(%manufacturer, %product, workarounds = %row.workarounds, row.source, "a quirk");
    }
    found.map_or(STANDARD, |row| row.workarounds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialect(manufacturer: &str, product: &str, asked: Option<IpmiWorkarounds>) -> String {
        let address = "10.77.1.11:623".parse().unwrap();
        let endpoint = BmcEndpoint::Ipmi(IpmiEndpoint {
            workarounds: asked,
            ..IpmiEndpoint::new(address, "ADMIN")
        });
        let hardware = Hardware {
            manufacturer: Some(manufacturer.to_owned()),
            product: Some(product.to_owned()),
            ..Hardware::default()
        };
        applied(&endpoint, &hardware).dialect()
    }

    #[test]
    fn a_known_model_gets_its_work_around_and_any_other_the_standard() {
        for (manufacturer, product, wanted) in [
            ("Supermicro", "H8QME-2", "ipmi:supermicro20"),
            ("Sun Microsystems", "Sun Fire X4100 M2", "ipmi:sun20"),
            ("Supermicro", "X8DTH-i/6/iF/6F", "ipmi:opensesspriv"),
            ("Intel Corporation", "S5500WBV", "ipmi:opensesspriv"),
            ("Supermicro", "X11DSC+", "ipmi:none"),
            ("QEMU", "Standard PC (Q35 + ICH9, 2009)", "ipmi:none"),
            ("", "", "ipmi:none"),
        ] {
            assert_eq!(dialect(manufacturer, product, None), wanted, "{product}");
        }
    }

    #[test]
    fn what_a_person_says_counts_more_than_the_table() {
        let none = Some(STANDARD);
        assert_eq!(dialect("Supermicro", "H8QME-2", none), "ipmi:none");
        let intel = IpmiWorkarounds::of_names(["intel20"]);
        assert_eq!(dialect("Supermicro", "H8QME-2", intel), "ipmi:intel20");
    }

    #[test]
    fn each_row_says_where_it_was_reported_and_can_be_found() {
        for row in ROWS {
            assert!(!row.source.is_empty(), "{}", row.product);
            for text in [row.manufacturer, row.product] {
                assert_eq!(text, text.to_lowercase());
            }
        }
    }
}
