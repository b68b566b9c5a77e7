//! The node's host name: set in the config, else on the kernel line, else by DHCP, else made from the
//! machine's UUID (`HostnameConfig{auto: stable}`).

use crate::partition_table::crc32;

/// Where a name may come from, strongest first.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sources<'a> {
    /// `HostnameConfig.hostname`.
    pub config: Option<&'a str>,
    /// `talos.hostname`.
    pub kernel: Option<&'a str>,
    /// DHCP option 12.
    pub lease: Option<&'a str>,
    /// The SMBIOS UUID.
    pub uuid: Option<&'a str>,
}

/// The name.
pub fn choose(sources: Sources<'_>) -> String {
    [sources.config, sources.kernel, sources.lease]
        .into_iter()
        .flatten()
        .find(|name| !name.is_empty())
        .map_or_else(|| stable(sources.uuid.unwrap_or_default()), str::to_owned)
}

/// `talos-` and two groups of three characters that depend on the UUID alone.
fn stable(uuid: &str) -> String {
    let mut rest = crc32(uuid.as_bytes());
    let mut characters = String::new();
    for place in 0..6 {
        if place == 3 {
            characters.push('-');
        }
        characters.extend(char::from_digit(rest % 36, 36));
        rest /= 36;
    }
    format!("talos-{characters}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_source_names_the_node() {
        let all = Sources {
            config: Some("c"),
            kernel: Some("k"),
            lease: Some("l"),
            uuid: Some("u"),
        };
        assert_eq!(choose(all), "c");
        assert_eq!(
            choose(Sources {
                config: None,
                ..all
            }),
            "k"
        );
        assert_eq!(
            choose(Sources {
                config: Some(""),
                kernel: None,
                ..all
            }),
            "l"
        );
        let made = choose(Sources {
            uuid: Some("u"),
            ..Sources::default()
        });
        assert_eq!(made.len(), "talos-abc-def".len());
        assert_eq!(
            made,
            choose(Sources {
                uuid: Some("u"),
                ..Sources::default()
            })
        );
        assert_ne!(
            made,
            choose(Sources {
                uuid: Some("v"),
                ..Sources::default()
            })
        );
    }
}
