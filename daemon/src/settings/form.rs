//! What is wanted of each setting, for the messages about one of the wrong kind.

use api_server::yaml::Form;

/// The settings file.
pub(crate) const SETTINGS: Form = Form {
    fields: &[
        ("", "sections such as http: and subnets:"),
        ("state", "a mapping such as { directory: /var/lib/drover }"),
        ("state.directory", "the path of a directory"),
        ("state.database", "a URL that begins with postgres://"),
        ("http", "a mapping such as { port: 8080 }"),
        ("http.port", PORT),
        ("tftp", "a mapping such as { port: 69 }"),
        ("tftp.port", PORT),
        ("loaders", "a mapping such as { directory: /usr/lib/ipxe }"),
        ("loaders.directory", "the path of a directory"),
        ("talos", "a mapping such as { log_port: 8082 }"),
        ("talos.event_sink_port", PORT),
        ("talos.log_port", PORT),
        ("reconcile", "a mapping such as { interval: 30 }"),
        ("reconcile.interval", SECONDS),
        ("log", "a mapping such as { level: info }"),
        ("log.format", "text, json or auto"),
        ("log.level", "error, warn, info, debug or trace"),
        ("subnets", "a list of subnets, such as - interface: eth1"),
        ("subnets[]", "a subnet, such as { interface: eth1 }"),
        ("subnets.name", "a name"),
        (
            "subnets.interface",
            "the name of a network interface such as eth1",
        ),
        ("subnets.mode", "proxy, authoritative or off"),
        ("subnets.ranges", "a list such as [10.77.0.50-10.77.0.200]"),
        ("subnets.ranges[]", "a range such as 10.77.0.50-10.77.0.200"),
        ("subnets.unknown", "ignore or inspect"),
        ("subnets.loader", "ipxe, ipxe-native or grub"),
        ("subnets.router", "an address such as 10.77.0.1"),
        ("subnets.dns", "a list of addresses such as [10.77.0.1]"),
        ("subnets.dns[]", "an address such as 10.77.0.1"),
        ("subnets.domain", DOMAIN),
        ("subnets.search", "a list of domains such as [lab.example]"),
        ("subnets.search[]", DOMAIN),
        (
            "subnets.time_servers",
            "a list of addresses such as [10.77.0.1]",
        ),
        ("subnets.time_servers[]", "an address such as 10.77.0.1"),
        ("subnets.mtu", "a number of bytes such as 1500"),
        ("subnets.lease_time", SECONDS),
        ("subnets.probe_addresses", "true or false"),
        ("subnets.foreign_server_wait", SECONDS),
        ("images", "a list of images, such as - name: talos-1.13.9"),
        (
            "images[]",
            "an image, such as { name: talos-1.13.9, kernel: … }",
        ),
        ("images.name", "a name such as talos-1.13.9"),
        ("images.arch", "amd64 or arm64"),
        ("images.kernel", "the path of a file"),
        ("images.kernel_sha256", SHA256),
        ("images.initrd", "the path of a file"),
        ("images.initrd_sha256", SHA256),
        ("images.arguments", "a list such as [console=ttyS0]"),
        ("images.arguments[]", "an argument such as console=ttyS0"),
        ("images.installer", INSTALLER),
    ],
    secret: &["state"],
    others: &[
        (
            "machines",
            "a document of machines: wanted settings of drover serve",
        ),
        (
            "members",
            "a cluster's document: wanted settings of drover serve",
        ),
    ],
};

pub(super) const DOMAIN: &str = "a domain such as lab.example";
const PORT: &str = "a port from 1 to 65535, without quotes";
const SECONDS: &str = "a whole number of seconds such as 30, without quotes or a unit";
pub(super) const INSTALLER: &str = "an image such as ghcr.io/siderolabs/installer:v1.13.9";
const SHA256: &str = "64 hexadecimal digits, as sha256sum prints";
