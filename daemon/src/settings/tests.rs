//! What a person can get wrong in the settings, and what he is told.

mod mistakes;

use super::*;
use crate::settings::check::check;
use crate::settings::environment::with_environment;
use crate::settings::reading::{parse, with_interface};

fn checked(text: &str) -> Result<Settings, Mistakes> {
    check("drover.yaml", &parse("drover.yaml", text))
}

fn complaint(text: &str) -> String {
    checked(text).unwrap_err().to_string()
}

#[test]
fn an_empty_file_is_the_default() {
    let settings = checked("").unwrap();
    assert_eq!(settings.state_directory, PathBuf::from("/var/lib/drover"));
    assert_eq!((settings.http_port, settings.tftp_port), (8080, 69));
    assert!(settings.subnets.is_empty());
}

#[test]
fn a_subnet_is_a_proxy_that_ignores_strangers_unless_told_otherwise() {
    let settings = checked("subnets:\n  - interface: eth1\n").unwrap();
    let subnet = &settings.subnets[0];
    assert_eq!(
        (&subnet.mode, subnet.unknown),
        (&DhcpMode::Proxy, UnknownPolicy::Ignore)
    );
    assert_eq!(subnet.name.as_str(), "eth1");
}

#[test]
fn a_subnet_says_which_loader_its_machines_are_given() {
    let loader = |line: &str| {
        let settings = checked(&format!("subnets:\n  - interface: eth1\n{line}"));
        settings.map(|it| it.subnets[0].loader)
    };
    assert_eq!(loader(""), Ok(LoaderChoice::Ipxe));
    assert_eq!(loader("    loader: grub\n"), Ok(LoaderChoice::Grub));
    let said = complaint("subnets:\n  - interface: eth1\n    loader: pxelinux\n");
    let wanted =
        "drover.yaml:3: subnets.loader: wanted one of ipxe, ipxe-native, grub, got \"pxelinux\"";
    assert_eq!(said, wanted);
}

#[test]
fn how_long_a_system_may_take_to_ask_for_its_config_is_told_in_seconds_within_bounds() {
    let seconds = |text: &str| checked(text).map(|it| it.config_request_timeout.as_secs());
    assert_eq!(seconds(""), Ok(300));
    assert_eq!(seconds("install:\n  config_request_timeout: 60\n"), Ok(60));
    for wrong in [0, 59, 1801] {
        let said = complaint(&format!("install:\n  config_request_timeout: {wrong}\n"));
        let wanted = format!(
            "drover.yaml:2: install.config_request_timeout: wanted 60 to 1800 seconds, got \"{wrong}\""
        );
        assert_eq!(said, wanted);
    }
}

#[test]
fn how_long_what_happened_is_kept_is_told_in_days_within_bounds() {
    let day = 86400;
    let seconds = |text: &str| {
        let retention = checked(text).unwrap().retention;
        (retention.events.as_secs(), retention.boots.as_secs())
    };
    assert_eq!(seconds(""), (90 * day, 90 * day));
    assert_eq!(seconds("retention:\n  events: 7\n"), (7 * day, 90 * day));
    assert_eq!(seconds("retention:\n  boots: 1\n"), (90 * day, day));
    for wrong in [0, 3651] {
        let said = complaint(&format!("retention:\n  events: {wrong}\n"));
        let wanted =
            format!("drover.yaml:2: retention.events: wanted 1 to 3650 days, got \"{wrong}\"");
        assert_eq!(said, wanted);
    }
}

#[test]
fn a_file_of_comments_is_the_default() {
    let settings = checked("# nothing yet\n---\n").unwrap();
    assert_eq!((settings.http_port, settings.tftp_port), (8080, 69));
}

#[test]
fn a_filter_of_the_log_is_a_level() {
    for level in ["debug", "off", "info,pxe_server=debug", "warn,drover=trace"] {
        let settings = checked(&format!("log: {{ level: '{level}' }}\n")).unwrap();
        assert_eq!(settings.log_level, level);
    }
}

#[test]
fn arguments_that_no_script_could_hold_are_told_with_their_line() {
    let hash = "0".repeat(64);
    let image = |arguments: &str| {
        format!(
            "images:\n  - name: a\n    kernel: /k\n    kernel_sha256: {hash}\n    initrd: /i\n    \
             initrd_sha256: {hash}\n    arguments:\n{arguments}"
        )
    };
    let fine = checked(&image("      - quiet\n      - console=ttyS0,115200\n")).unwrap();
    assert_eq!(fine.images[0].arguments, ["quiet", "console=ttyS0,115200"]);
    for wrong in ["a b", "x=a b", "x=${uuid}", "'|| shell'", "''"] {
        let got = complaint(&image(&format!("      - quiet\n      - {wrong}\n")));
        let wanted = "drover.yaml:9: images.arguments: wanted a ";
        assert!(got.starts_with(wanted), "{wrong}: {got}");
    }
    let long = format!("      - x={}\n", "a".repeat(1100));
    let got = complaint(&image(&long));
    assert!(got.contains("wanted at most 1024 bytes, got"), "{got}");
}

#[test]
fn an_image_names_its_installer_in_one_word() {
    let hash = "0".repeat(64);
    let image = |more: &str| {
        format!(
            "images:\n  - name: a\n    kernel: /k\n    kernel_sha256: {hash}\n    initrd: /i\n    \
             initrd_sha256: {hash}\n{more}"
        )
    };
    assert_eq!(checked(&image("")).unwrap().images[0].installer, None);
    let named = "registry.lab:5000/installer:v1.13.9";
    let fine = checked(&image(&format!("    installer: {named}\n"))).unwrap();
    assert_eq!(fine.images[0].installer.as_deref(), Some(named));
    for wrong in ["a b", "''", "'x: y'"] {
        let got = complaint(&image(&format!("    installer: {wrong}\n")));
        let wanted = "drover.yaml:7: images.installer: wanted an image such as ";
        assert!(got.starts_with(wanted), "{wrong}: {got}");
    }
}

/// Each file of `tests/settings` is taken, or refused with the words that stand beside it
/// (`NAME.txt`). What only a host can say of them (an interface that is down, an address of its own in
/// a range) is not asked here.
#[test]
fn settings_that_people_got_wrong_are_told_with_their_line_or_do_no_harm() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/settings");
    let mut wrong = Vec::new();
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|it| it != "yaml") {
            continue;
        }
        seen += 1;
        let file = path.file_name().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let wanted = std::fs::read_to_string(path.with_extension("txt")).unwrap_or_default();
        let got = check(file, &parse(file, &text));
        let got = got.map_or_else(|error| error.to_string(), |_| "accepted".to_owned());
        if got != wanted.trim_end() {
            wrong.push(format!("{file}\n  wanted {wanted}\n  got    {got}\n"));
        }
    }
    assert_eq!(seen, 17);
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

#[test]
fn ranges_without_leases_are_a_mistake() {
    let text = "subnets:\n  - interface: eth1\n    ranges: [10.0.0.1-10.0.0.2]\n";
    assert!(complaint(text).contains("no ranges, or mode: authoritative"));
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_their_lines() {
    let text = "http:\n  port: many\nlog:\n  format: xml\nsubnets:\n  - interface: eth1\n    \
                mode: master\n    router: home\n  - interface: eth2\nimages:\n  - name: ../x\n    \
                kernel: /k\n    kernel_sha256: abc\n";
    let mistakes = checked(text).unwrap_err();
    let got = mistakes.to_string();
    let lines: Vec<&str> = got.lines().collect();
    let begins = [
        "drover.yaml:2: http.port",
        "drover.yaml:4: log.format",
        "drover.yaml:7: subnets.mode",
        "drover.yaml:8: subnets.router",
        "drover.yaml:11: images.name",
        "drover.yaml:11: images.initrd is missing",
        "drover.yaml:11: images.initrd_sha256 is missing",
        "drover.yaml:13: images.kernel_sha256",
    ];
    assert_eq!(lines.len(), begins.len(), "{got}");
    for (line, begin) in lines.iter().zip(begins) {
        assert!(line.starts_with(begin), "wanted {begin}, got {line}");
    }
    let rest: Vec<_> = mistakes
        .rest
        .subnets
        .iter()
        .map(|it| &*it.interface)
        .collect();
    let looked_at = "also what is right beside a mistake is left to look at";
    assert_eq!(rest, ["eth1", "eth2"], "{looked_at}");
}

#[test]
fn what_the_file_did_not_say_is_not_blamed_on_it() {
    let file = || parse("drover.yaml", "http:\n  port: 1\nlog:\n  format: text\n");
    let variable = ("DROVER_LOG_FORMAT".to_owned(), "xml".to_owned());
    let told = with_environment(file(), [variable]);
    let error = check("drover.yaml", &told).unwrap_err().to_string();
    let wanted = "environment variable DROVER_LOG_FORMAT: log.format: wanted one of ";
    assert!(error.starts_with(wanted), "{error}");

    let told = with_interface(file(), "eth9");
    let settings = check("drover.yaml", &told).unwrap();
    assert_eq!(settings.subnets[0].place.to_string(), "--interface");
}

#[test]
fn a_database_password_is_not_printed() {
    let settings = checked("state:\n  database: postgres://u:canary-password@db/d\n").unwrap();
    assert!(!format!("{settings:?}").contains("canary"));
}

#[test]
fn the_sample_in_deploy_is_the_printed_one() {
    let kept = include_str!("../../../deploy/drover.yaml");
    assert_eq!(
        kept,
        sample::sample(),
        "write it anew: drover settings > deploy/drover.yaml"
    );
}
