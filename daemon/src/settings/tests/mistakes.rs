//! Each mistake that can stand in a settings file, and its line.

use super::*;

/// Settings, and a line of what is said of them.
const MISTAKES: &[(&str, &str)] = &[
    ("http:\n  port: many\n", "drover.yaml:2: "),
    ("htp:\n  port: 1\n", "drover.yaml:1: "),
    ("http:\n  port: 1\n  port: 2\n", "drover.yaml:3: "),
    (
        "subnets:\n  - interface: eth1\n    mode: master\n",
        "drover.yaml:3: subnets.mode: wanted one of proxy, authoritative, off, got \"master\"",
    ),
    (
        "subnets:\n  - interface: eth1\n    mode: authoritative\n",
        "drover.yaml:2: subnets.ranges is missing: an authoritative subnet says what it may lease: [10.77.0.50-10.77.0.200]",
    ),
    (
        "subnets:\n  - interface: eth1\n    mode: authoritative\n    ranges:\n      - 10.0.0.9-10.0.0.1\n",
        "drover.yaml:5: subnets.ranges: wanted a range such as 10.77.0.50-10.77.0.200, got \"10.0.0.9-10.0.0.1\"",
    ),
    (
        "subnets:\n  - interface: eth1\n  - interface: eth1\n    name: other\n",
        "drover.yaml:3: subnets.interface: wanted something that stands here only once, got \"eth1\"",
    ),
    (
        "subnets:\n  - interface: eth1\n    network: 10.77.0.1/24\n",
        "drover.yaml:3: subnets.network: wanted a network such as 10.77.0.0/24, with no bit set behind its prefix, got \"10.77.0.1/24\"",
    ),
    (
        "subnets:\n  - interface: eth1\n    mode: \"off\"\n    relays: [10.77.0.254]\n",
        "drover.yaml:2: subnets.network is missing: the network of the machines behind the relays, such as 10.78.0.0/24",
    ),
    (
        "subnets:\n  - interface: eth1\n    network: 10.78.0.0/24\n    relays: [10.78.0.254]\n",
        "drover.yaml:4: subnets.relays: wanted mode: authoritative or off in a subnet that is behind relays, since beside another DHCP server Drover could not tell its machines apart, got \"relays in mode: proxy\"",
    ),
    (
        "subnets:\n  - interface: eth1\n    network: 10.78.0.0/24\n    mode: \"off\"\n    relays: [router]\n",
        "drover.yaml:5: subnets.relays: wanted ",
    ),
    (
        "images:\n  - name: a\n    kernel: /k\n    kernel_sha256: abc\n",
        "drover.yaml:4: images.kernel_sha256: wanted 64 hexadecimal digits, as sha256sum prints, got \"abc\"",
    ),
    (
        "subnets:\n  - name: a\n",
        "drover.yaml:2: subnets.interface is missing: ",
    ),
    (
        "images:\n  - name: a\n    kernel: /k\n",
        "drover.yaml:2: images.kernel_sha256 is missing: 64 hexadecimal digits",
    ),
    (
        "log:\n  level: inof\n",
        "drover.yaml:2: log.level: wanted error, warn, info, debug or trace, or a filter such as info,pxe_server=debug, got \"inof\"",
    ),
    ("log:\n  level: drover=loud\n", "drover.yaml:2: log.level: "),
    (
        "reconcile:\n  interval: 0\n",
        "drover.yaml:2: reconcile.interval: wanted 1 to 86400 seconds, got \"0\"",
    ),
    (
        "subnets:\n  - interface: eth1\n    foreign_server_wait: 0\n",
        "drover.yaml:3: subnets.foreign_server_wait: wanted 1 to 60 seconds, got \"0\"",
    ),
    (
        "http:\n  port: 0\n",
        "drover.yaml:2: http.port: wanted a port from 1 to 65535, got \"0\"",
    ),
    (
        "http:\n  port: 8082\n",
        "drover.yaml:2: http.port: wanted another port than that of talos.log_port, got \"8082\"",
    ),
    (
        "tftp:\n  port: 4011\n",
        "drover.yaml:2: tftp.port: wanted another port than that of proxy DHCP, got \"4011\"",
    ),
    (
        "state:\n  database: postgres://drover:canary@host:port/db\n",
        "drover.yaml:2: state.database: wanted the URL of a PostgreSQL database, got ",
    ),
    (
        "state:\n  database: mysql://drover:canary@host/db\n",
        "drover.yaml:2: state.database: wanted a URL that begins with postgres://, got ",
    ),
];

#[test]
fn each_mistake_is_told_with_its_line() {
    for &(text, wanted) in MISTAKES {
        let got = complaint(text);
        let is_told = got.lines().any(|it| it.starts_with(wanted));
        assert!(is_told, "wanted {wanted:?}, got {got:?}");
        assert!(!got.contains("canary"), "{got:?}");
    }
}

/// Settings of another kind than is wanted, and what is said of them.
const WRONG_KINDS: &[(&str, &str)] = &[
    (
        "http:\n  port: many\n",
        "drover.yaml:2: http.port: wanted a port from 1 to 65535, without quotes, got \"many\"",
    ),
    (
        "http:\n  port: \"8080\"\n",
        "drover.yaml:2: http.port: wanted a port from 1 to 65535, without quotes, got \"8080\"",
    ),
    (
        "http:\n  port: 80800\n",
        "drover.yaml:2: http.port: wanted a port from 1 to 65535, without quotes, got 80800",
    ),
    (
        "http:\n  port: -1\n",
        "drover.yaml:2: http.port: wanted a port from 1 to 65535, without quotes, got -1",
    ),
    (
        "reconcile:\n  interval: 30s\n",
        "drover.yaml:2: reconcile.interval: wanted a whole number of seconds such as 30, without quotes or a unit, got \"30s\"",
    ),
    (
        "reconcile:\n  interval: 1.5\n",
        "drover.yaml:2: reconcile.interval: wanted a whole number of seconds such as 30, without quotes or a unit, got 1.5",
    ),
    (
        "htp:\n  port: 1\n",
        "drover.yaml:1: htp is not known: did you mean http? Known are state, http, tftp, loaders, talos, reconcile, install, retention, log, subnets, images",
    ),
    (
        "http:\n  prt: 1\n",
        "drover.yaml:2: http.prt is not known: did you mean port? Known are port",
    ),
    (
        "http: 8080\n",
        "drover.yaml:1: http: wanted a mapping such as { port: 8080 }, got 8080",
    ),
    (
        "subnets:\n  interface: eth1\n",
        "drover.yaml:2: subnets: wanted a list of subnets, such as - interface: eth1, got a mapping",
    ),
    (
        "subnets: [eth1]\n",
        "drover.yaml:1: an entry of subnets: wanted a subnet, such as { interface: eth1 }, got \"eth1\"",
    ),
    (
        "subnets:\n  - interface: eth1\n    dns: 10.0.0.1\n",
        "drover.yaml:3: subnets.dns: wanted a list of addresses such as [10.77.0.1], got \"10.0.0.1\"",
    ),
    (
        "state: postgres://u:canary@db/d\n",
        "drover.yaml:1: state: wanted a mapping such as { directory: /var/lib/drover }, got a single value",
    ),
    (
        "http:\n  port: 1\nhttp:\n  port: 2\n",
        "drover.yaml:3: http stands twice: in line 1 already",
    ),
    (
        "http:\n\tport: 1\n",
        "drover.yaml:2: a tab stands at the beginning of the line: YAML indents by blanks",
    ),
    (
        "http: { port: 1 }\n---\ntftp: { port: 2 }\n",
        "drover.yaml:3: a second document begins here: wanted all settings in one",
    ),
    (
        "machines: []\n",
        "drover.yaml:1: a document of machines: wanted settings of drover serve",
    ),
];

#[test]
fn what_is_of_the_wrong_kind_is_told_in_our_own_words() {
    for &(text, wanted) in WRONG_KINDS {
        let got = complaint(text);
        assert!(got.starts_with(wanted), "wanted {wanted:?}, got {got:?}");
        assert!(!got.contains("canary"), "{got:?}");
    }
}

/// One subnet with a mistake in each line but the first, of the reader and of what is read.
const MANY: &str = "\
subnets:
  - interface: eth1
    mode: master
    ranges: [10.9.0.5-10.9.0.9, oops, 10.9.0.7-10.9.0.8]
    unknwn: ignore
    router: home
    dns: 10.9.0.1
    mtu: many
    search:
      - { a: b }
    lease_time: 1
";

#[test]
fn all_mistakes_of_one_subnet_are_told_at_once() {
    let got = complaint(MANY);
    let begins = [
        "drover.yaml:3: subnets.mode: ",
        "drover.yaml:4: subnets.ranges: wanted a range such as",
        "drover.yaml:4: subnets.ranges: wanted a range apart from 10.9.0.5-10.9.0.9",
        "drover.yaml:5: subnets.unknwn is not known",
        "drover.yaml:6: subnets.router: ",
        "drover.yaml:7: subnets.dns: ",
        "drover.yaml:8: subnets.mtu: ",
        "drover.yaml:10: an entry of subnets.search: ",
        "drover.yaml:11: subnets.lease_time: ",
    ];
    for begin in begins {
        assert!(
            got.lines().any(|it| it.starts_with(begin)),
            "{begin}\n{got}"
        );
    }
    assert_eq!(got.lines().count(), begins.len(), "{got}");
}

/// What follows from a mistake that is told already is not told as another.
#[test]
fn what_could_not_be_read_is_not_said_to_be_missing() {
    for text in [
        "subnets:\n  - interface: [eth1]\n    mode: proxy\n",
        "subnets:\n  - mode: proxy\n    interfce: eth1\n",
        "subnets:\n  - interface: eth1\n    mode: authoritative\n    ranges: 10.9.0.5\n",
        "subnets:\n  - interface: eth1\n    mode: authoritative\n    range: [10.9.0.5-10.9.0.9]\n",
        "subnets:\n  - interface: eth1\n    mode: [authoritative]\n    ranges: [10.9.0.5-10.9.0.9]\n",
        "subnets:\n  - eth1\n  - interface: eth2\n",
    ] {
        let got = complaint(text);
        assert_eq!(got.lines().count(), 1, "{text}\n{got}");
    }
}
