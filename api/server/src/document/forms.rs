//! What is wanted of each field of a document, for the messages about one of the wrong kind.

use crate::yaml::Form;

/// A document of machines.
pub(crate) const MACHINES: Form = Form {
    fields: &[
        ("", "a document that begins with machines:"),
        ("machines", "a list of machines, such as - name: cp-1"),
        ("machines[]", "a mapping with name: and nics:"),
        ("machines.name", "its name, such as cp-1"),
        ("machines.renamed_from", "the name that it had"),
        (
            "machines.nics",
            "a list of its cards, such as [{ mac: \"52:54:00:77:00:01\" }]",
        ),
        (
            "machines.nics[]",
            "a card, such as { mac: \"52:54:00:77:00:01\" }",
        ),
        ("nics.mac", "six octets such as 52:54:00:77:00:01"),
        ("nics.address", "an address such as 10.77.0.10"),
        ("machines.uuid", "a UUID as dmidecode prints it"),
        ("machines.serial", "a serial number"),
        (
            "machines.disk",
            "a disk, such as { serial: S1 } or { wwn: naa.5000c500a1b2c3d4 }",
        ),
        ("disk.serial", "a serial number as lsblk prints it"),
        ("disk.wwn", "a world-wide name as lsblk prints it"),
        (
            "machines.bmc",
            "a BMC, such as { ipmi: 10.77.1.11, username: ADMIN, password: … }",
        ),
        (
            "bmc.ipmi",
            "an address such as 10.77.1.11 or 10.77.1.11:623",
        ),
        ("bmc.username", "the user to log in as"),
        ("bmc.password", "the user's password"),
        ("bmc.k_g", "the BMC's own key (K_G), where one is set"),
        (
            "bmc.workarounds",
            "a list of intel20, opensesspriv, sun20, supermicro20",
        ),
    ],
    secret: &["bmc"],
    others: &[
        ("members", A_CLUSTER),
        ("endpoint", A_CLUSTER),
        ("subnets", SETTINGS),
        ("images", SETTINGS),
    ],
};

const A_CLUSTER: &str = "a cluster's document begins here, wanted machines: move it to a file of \
                         its own, and apply that by drover cluster apply";
const SETTINGS: &str = "these are settings of drover serve: wanted a document that \
                        begins with machines:";

/// A cluster's document.
pub(crate) const CLUSTER: Form = Form {
    fields: &[
        (
            "",
            "a cluster: name, endpoint, talos, kubernetes and members",
        ),
        ("name", "its name, such as lab"),
        (
            "endpoint",
            "a URL with a port, such as https://10.77.0.10:6443",
        ),
        ("talos", "a version such as 1.13.9"),
        ("kubernetes", "a version such as 1.34.1"),
        (
            "networks",
            "a mapping such as { pods: [10.244.0.0/16], services: [10.96.0.0/12] }",
        ),
        (
            "networks.pods",
            "a list of networks, such as [10.244.0.0/16]",
        ),
        ("networks.pods[]", "a network such as 10.244.0.0/16"),
        (
            "networks.services",
            "a list of networks, such as [10.96.0.0/12]",
        ),
        ("networks.services[]", "a network such as 10.96.0.0/12"),
        ("image", "the name of an image of the settings"),
        ("allow_plaintext", "true or false, without quotes"),
        (
            "members",
            "a list of rules, such as - { role: controlplane, machine: cp-1 }",
        ),
        (
            "members[]",
            "a rule, such as { role: controlplane, machine: cp-1 }",
        ),
        ("members.role", "controlplane or worker"),
        ("members.machine", "the name of a machine"),
        ("members.match", "a mapping such as { manufacturer: Lab }"),
        ("members.accept", "auto or wait"),
        (
            "members.disk",
            "a disk, such as { serial: S1 } or { wwn: naa.5000c500a1b2c3d4 }",
        ),
        ("disk.serial", "a serial number as lsblk prints it"),
        ("disk.wwn", "a world-wide name as lsblk prints it"),
        ("match.manufacturer", "a maker as dmidecode prints it"),
        ("match.product", "a product as dmidecode prints it"),
        ("match.arch", "amd64 or arm64"),
        ("match.firmware", "bios or uefi"),
    ],
    secret: &[],
    others: &[
        (
            "machines",
            "a document of machines begins here, wanted a cluster: move it to a file of its own, \
             and apply that by drover machine apply",
        ),
        (
            "subnets",
            "these are settings of drover serve: wanted a cluster",
        ),
    ],
};
