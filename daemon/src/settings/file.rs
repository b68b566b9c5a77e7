//! The settings file as it is written: every field optional, with the place where it stands.
//!
//! Each section is declared once, with the documentation of each field and a sample value; the
//! sample file in `deploy/` is printed from these declarations (see [`crate::settings::sample`]).

use std::collections::BTreeMap;

use api_server::yaml::plain::Number;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::settings::SettingsError;

/// What the sample file says of a field.
#[derive(Debug, Clone, Copy)]
pub struct FieldDocument {
    /// Its name.
    pub name: &'static str,
    /// Its documentation, line by line.
    pub lines: &'static [&'static str],
    /// A sample value, as YAML on one line.
    pub sample: &'static str,
}

macro_rules! section {
    ($(#[doc = $doc:literal])* $name:ident {
        $($(#[doc = $field_doc:literal])* $field:ident: $kind:ty = $sample:literal;)*
    }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            $($(#[doc = $field_doc])* pub $field: Option<Spanned<$kind>>,)*
        }

        impl $name {
            /// What the section is for, line by line.
            pub const LINES: &'static [&'static str] = &[$($doc),*];
            /// Its fields.
            pub const FIELDS: &'static [FieldDocument] = &[$(FieldDocument {
                name: stringify!($field),
                lines: &[$($field_doc),*],
                sample: $sample,
            }),*];

            /// These settings, and where they are silent those of `below`.
            #[must_use]
            pub fn over(self, below: Self) -> Self {
                Self { $($field: self.$field.or(below.$field),)* }
            }
        }
    };
}

section! {
    /// Where Drover keeps what it knows.
    StateSection {
        /// Directory of the database, the image cache, the keys and the API's socket. One instance
        /// of Drover at a time.
        directory: String = "/var/lib/drover";
        /// A PostgreSQL database instead of SQLite in the directory, as a URL. Better set by the
        /// environment (`DROVER_STATE_DATABASE`), because it may hold a password.
        database: String = "postgres://drover@db.example/drover";
    }
}

section! {
    /// What machines fetch scripts, kernels and configs from.
    HttpSection {
        /// TCP port.
        port: Number<u16> = "8080";
    }
}

section! {
    /// What firmware fetches its first loader from.
    TftpSection {
        /// UDP port. Firmware knows only 69.
        port: Number<u16> = "69";
    }
}

section! {
    /// The bootloaders.
    LoaderSection {
        /// Directory with stock iPXE: undionly.kpxe for BIOS, snponly.efi for UEFI,
        /// ipxe-arm64.efi for arm64. The package `ipxe` of Debian puts them here. shim and GRUB are
        /// looked for here, too, and then where `shim-signed` and `grub-efi-amd64-signed` put them.
        directory: String = "/usr/lib/ipxe";
    }
}

section! {
    /// The receivers of what Talos tells.
    TalosSection {
        /// TCP port of the event sink.
        event_sink_port: Number<u16> = "8081";
        /// TCP port of the kernel and service logs.
        log_port: Number<u16> = "8082";
    }
}

section! {
    /// How often Drover looks after its machines when nothing wakes it.
    ReconcileSection {
        /// Seconds between two sweeps.
        interval: Number<u64> = "30";
    }
}

section! {
    /// How installs go.
    InstallSection {
        /// Seconds that a system may take to ask for its config, or with its config to begin to
        /// install, before Drover looks at what is on its disk. Talos asks within seconds; 60 to
        /// 1800.
        config_request_timeout: Number<u64> = "300";
    }
}

section! {
    /// For how long Drover keeps what happened. What an install or a running machine still needs is
    /// kept for longer, and of more than a million events or boots the oldest go earlier.
    RetentionSection {
        /// Days that events, and the requests of people, are kept; 1 to 3650.
        events: Number<u64> = "90";
        /// Days that boots are kept; 1 to 3650.
        boots: Number<u64> = "90";
    }
}

section! {
    /// What Drover writes about itself.
    LogSection {
        /// text, json, or auto: text on a terminal, JSON otherwise.
        format: String = "auto";
        /// error, warn, info, debug or trace; or a filter such as `info,pxe_server=debug`.
        level: String = "info";
    }
}

section! {
    /// A subnet that Drover serves.
    SubnetSection {
        /// What to call it.
        name: String = "provisioning";
        /// The network interface by which its machines reach Drover. Its addresses are read from the
        /// system.
        interface: String = "eth1";
        /// Its network, where that is not the one of the interface's first address: a second one of
        /// the same interface, or one that is reached through relays.
        network: String = "10.77.0.0/24";
        /// For a subnet that is not on the link of the interface: the addresses of the relay agents
        /// that may ask for it (giaddr). An empty list says all whose address is in a network that is
        /// served. Wants `network` and mode: authoritative, or off.
        relays: Vec<Spanned<String>> = "[10.77.0.254]";
        /// proxy, which is the default: boot information beside another DHCP server. authoritative:
        /// the only DHCP server of the subnet; wants `ranges`. off: silent.
        mode: String = "authoritative";
        /// What an authoritative subnet may lease.
        ranges: Vec<Spanned<String>> = "[10.77.0.50-10.77.0.200]";
        /// What machines that nobody registered get. ignore: no boot file. inspect: they wait in
        /// iPXE until somebody accepts them.
        unknown: String = "ignore";
        /// The loader that UEFI machines are given. ipxe: with the network driver of the firmware.
        /// ipxe-native: with its own, for firmware whose driver is broken. grub: shim and GRUB, which
        /// are signed, for machines that enforce Secure Boot; they start kernels that Debian signed.
        loader: String = "ipxe";
        /// The default gateway that leases carry.
        router: String = "10.77.0.1";
        /// The name servers that leases carry.
        dns: Vec<Spanned<String>> = "[10.77.0.1]";
        /// The domain of the hosts, for leases (option 15).
        domain: String = "lab.example";
        /// Where hosts look for names without dots, for leases (option 119).
        search: Vec<Spanned<String>> = "[lab.example]";
        /// The time servers that leases carry (NTP, option 42).
        time_servers: Vec<Spanned<String>> = "[10.77.0.1]";
        /// The MTU of the link that leases carry (option 26), in bytes; 576 to 65535. Where none is
        /// set, hosts take that of their card, mostly 1500.
        mtu: Number<u16> = "1500";
        /// Seconds that a lease lasts.
        lease_time: Number<u64> = "3600";
        /// Whether an authoritative subnet looks by ARP for whoever uses an address, before it leases
        /// it for the first time. That takes half a second.
        probe_addresses: bool = "true";
        /// Seconds that an authoritative subnet listens for another DHCP server before it starts.
        /// Some think for 3 seconds before they answer.
        foreign_server_wait: Number<u64> = "4";
    }
}

section! {
    /// An image that machines can boot: a kernel and an initial RAM disk in a local directory. It
    /// is verified and copied into the state directory once.
    ImageSection {
        /// What clusters call it. A cluster of Talos 1.13.9 asks for talos-1.13.9 unless it names
        /// another.
        name: String = "talos-1.13.9";
        /// amd64 or arm64.
        arch: String = "amd64";
        /// The kernel.
        kernel: String = "/srv/images/talos-1.13.9/vmlinuz-amd64";
        /// Its SHA-256, as `sha256sum` prints it.
        kernel_sha256: String = "0000000000000000000000000000000000000000000000000000000000000000";
        /// The initial RAM disk.
        initrd: String = "/srv/images/talos-1.13.9/initramfs-amd64.xz";
        /// Its SHA-256.
        initrd_sha256: String = "0000000000000000000000000000000000000000000000000000000000000000";
        /// Kernel arguments beside those that Talos and Drover need, such as a serial console.
        arguments: Vec<Spanned<String>> = "[console=ttyS0]";
        /// The container image that installs this system, where it is not the usual one: an image
        /// with extensions from the Image Factory has an installer of its own, and a network
        /// without internet a registry of its own.
        installer: String = "factory.talos.dev/metal-installer/376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba:v1.13.9";
    }
}

/// A settings file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SettingsFile {
    /// See [`StateSection`].
    pub state: StateSection,
    /// See [`HttpSection`].
    pub http: HttpSection,
    /// See [`TftpSection`].
    pub tftp: TftpSection,
    /// See [`LoaderSection`].
    pub loaders: LoaderSection,
    /// See [`TalosSection`].
    pub talos: TalosSection,
    /// See [`ReconcileSection`].
    pub reconcile: ReconcileSection,
    /// See [`InstallSection`].
    pub install: InstallSection,
    /// See [`RetentionSection`].
    pub retention: RetentionSection,
    /// See [`LogSection`].
    pub log: LogSection,
    /// See [`SubnetSection`].
    pub subnets: Vec<Spanned<SubnetSection>>,
    /// See [`ImageSection`].
    pub images: Vec<Spanned<ImageSection>>,
    /// What was not told by the file: the setting (`log.format`) or section (`subnets`), and the
    /// variable or flag that told it.
    #[serde(skip)]
    pub elsewhere: BTreeMap<String, String>,
    /// What could not be read.
    #[serde(skip)]
    pub mistakes: Vec<SettingsError>,
}

/// The sections that hold single values: the environment can set these.
pub const SINGLE_SECTIONS: [(&str, &[&str], &[FieldDocument]); 9] = [
    ("state", StateSection::LINES, StateSection::FIELDS),
    ("http", HttpSection::LINES, HttpSection::FIELDS),
    ("tftp", TftpSection::LINES, TftpSection::FIELDS),
    ("loaders", LoaderSection::LINES, LoaderSection::FIELDS),
    ("talos", TalosSection::LINES, TalosSection::FIELDS),
    (
        "reconcile",
        ReconcileSection::LINES,
        ReconcileSection::FIELDS,
    ),
    ("install", InstallSection::LINES, InstallSection::FIELDS),
    (
        "retention",
        RetentionSection::LINES,
        RetentionSection::FIELDS,
    ),
    ("log", LogSection::LINES, LogSection::FIELDS),
];

/// The sections that are lists.
pub const LIST_SECTIONS: [(&str, &[&str], &[FieldDocument]); 2] = [
    ("subnets", SubnetSection::LINES, SubnetSection::FIELDS),
    ("images", ImageSection::LINES, ImageSection::FIELDS),
];

impl SettingsFile {
    /// These settings, and where they are silent those of `below`.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        Self {
            state: self.state.over(below.state),
            http: self.http.over(below.http),
            tftp: self.tftp.over(below.tftp),
            loaders: self.loaders.over(below.loaders),
            talos: self.talos.over(below.talos),
            reconcile: self.reconcile.over(below.reconcile),
            install: self.install.over(below.install),
            retention: self.retention.over(below.retention),
            log: self.log.over(below.log),
            subnets: if self.subnets.is_empty() {
                below.subnets
            } else {
                self.subnets
            },
            images: if self.images.is_empty() {
                below.images
            } else {
                self.images
            },
            elsewhere: below.elsewhere.into_iter().chain(self.elsewhere).collect(),
            mistakes: below.mistakes.into_iter().chain(self.mistakes).collect(),
        }
    }
}
