//! What real clients send, byte for byte in form, though not recorded: each is built from what is
//! known of its sender, named beside it.

use pxe_dhcp::option::{MessageKind, OptionCode};
use pxe_dhcp::option_list::OptionList;
use pxe_dhcp::packet::{HardwareAddress, MAXIMUM_LIMIT, Operation, Packet};

/// `4c4c4544-0000-4000-8000-000000000001` as SMBIOS and option 97 hold it.
pub(crate) const RAW_UUID: [u8; 16] = [
    0x44, 0x45, 0x4c, 0x4c, 0, 0, 0, 0x40, 0x80, 0, 0, 0, 0, 0, 0, 1,
];

pub(crate) const MAC: [u8; 6] = [0x52, 0x54, 0, 0x77, 0, 1];

/// A packet on its way.
#[derive(Debug, Clone)]
pub(crate) struct Capture(pub(crate) Packet);

impl Capture {
    pub(crate) fn new(kind: MessageKind) -> Self {
        let capture = Self(Packet {
            operation: Operation::Request,
            hardware: HardwareAddress::new(HardwareAddress::ETHERNET, &MAC).unwrap(),
            hops: 0,
            xid: 0x2a77_0001,
            secs: 0,
            flags: 0,
            ciaddr: [0; 4].into(),
            yiaddr: [0; 4].into(),
            siaddr: [0; 4].into(),
            giaddr: [0; 4].into(),
            sname: [0; 64],
            file: [0; 128],
            options: OptionList::new(),
        });
        capture.with(OptionCode::MESSAGE_TYPE, &[kind.code()])
    }

    pub(crate) fn with(mut self, code: OptionCode, value: &[u8]) -> Self {
        self.0.options.push(code, value);
        self
    }

    /// The same client's message of another kind.
    pub(crate) fn of_kind(self, kind: MessageKind) -> Self {
        self.replaced(OptionCode::MESSAGE_TYPE, &[kind.code()])
    }

    pub(crate) fn replaced(mut self, code: OptionCode, value: &[u8]) -> Self {
        let mut options = OptionList::new();
        for (found, old) in self.0.options.iter() {
            options.push(found, if found == code { value } else { old });
        }
        self.0.options = options;
        self
    }

    pub(crate) fn changed(mut self, change: impl FnOnce(&mut Packet)) -> Self {
        change(&mut self.0);
        self
    }

    pub(crate) fn through_relay(self) -> Self {
        self.changed(|packet| {
            packet.giaddr = [10, 77, 0, 254].into();
            packet.hops = 1;
        })
        .with(
            OptionCode::RELAY_INFORMATION,
            &[2, 3, b'r', b'l', b'y', 1, 2, 0, 7],
        )
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.encode(MAXIMUM_LIMIT).bytes
    }
}

fn machine_identifier() -> Vec<u8> {
    [&[0][..], &RAW_UUID].concat()
}

/// OVMF and most server UEFI: PXE 2.1 from EDK2's `UefiPxeBcDxe`. Broadcast flag set, 57 = 1472,
/// 35 parameters, 97, 94, 93, 60.
pub(crate) fn edk2() -> Capture {
    let parameters: Vec<u8> = [
        1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60,
    ]
    .into_iter()
    .chain([66, 67, 97])
    .chain(128..=135)
    .collect();
    Capture::new(MessageKind::Discover)
        .changed(|packet| packet.flags = 0x8000)
        .with(OptionCode::MAXIMUM_SIZE, &1472_u16.to_be_bytes())
        .with(OptionCode::PARAMETERS, &parameters)
        .with(OptionCode::MACHINE_IDENTIFIER, &machine_identifier())
        .with(OptionCode::CLIENT_INTERFACE, &[1, 3, 16])
        .with(OptionCode::CLIENT_ARCH, &[0, 7])
        .with(
            OptionCode::VENDOR_CLASS,
            b"PXEClient:Arch:00007:UNDI:003016",
        )
}

/// EDK2's HTTP boot (`HttpBootDxe`).
pub(crate) fn edk2_http() -> Capture {
    edk2().replaced(OptionCode::CLIENT_ARCH, &[0, 16]).replaced(
        OptionCode::VENDOR_CLASS,
        b"HTTPClient:Arch:00016:UNDI:003016",
    )
}

/// AAVMF: EDK2 on arm64.
pub(crate) fn edk2_arm64() -> Capture {
    edk2().replaced(OptionCode::CLIENT_ARCH, &[0, 11]).replaced(
        OptionCode::VENDOR_CLASS,
        b"PXEClient:Arch:00011:UNDI:003016",
    )
}

/// The PXE ROM of a PC BIOS (Intel Boot Agent): flag clear, sends from 68.
pub(crate) fn bios_rom() -> Capture {
    Capture::new(MessageKind::Discover)
        .changed(|packet| packet.secs = 4)
        .with(OptionCode::MAXIMUM_SIZE, &1260_u16.to_be_bytes())
        .with(
            OptionCode::PARAMETERS,
            &[1, 2, 3, 6, 12, 13, 43, 60, 66, 67],
        )
        .with(OptionCode::MACHINE_IDENTIFIER, &machine_identifier())
        .with(OptionCode::CLIENT_INTERFACE, &[1, 2, 1])
        .with(OptionCode::CLIENT_ARCH, &[0, 0])
        .with(
            OptionCode::VENDOR_CLASS,
            b"PXEClient:Arch:00000:UNDI:002001",
        )
}

/// SeaBIOS with QEMU's iPXE ROM of 2019: user class, option 175 with features and version 1.0.0.
pub(crate) fn seabios_ipxe_rom() -> Capture {
    ipxe([0, 0], b"PXEClient:Arch:00000:UNDI:002001", [1, 0, 0])
}

/// iPXE 2.0 as a UEFI program, after it was chained.
pub(crate) fn ipxe_uefi() -> Capture {
    ipxe([0, 7], b"PXEClient:Arch:00007:UNDI:003010", [2, 0, 0])
}

fn ipxe(arch: [u8; 2], class: &[u8], version: [u8; 3]) -> Capture {
    let encapsulated = [
        &[177, 5, 1, 0x1a, 0xf4, 0x10, 0][..],
        &[19, 1, 1, 24, 1, 1, 235, 3],
        &version,
    ]
    .concat();
    Capture::new(MessageKind::Discover)
        .with(OptionCode::MAXIMUM_SIZE, &1472_u16.to_be_bytes())
        .with(OptionCode::CLIENT_ARCH, &arch)
        .with(OptionCode::CLIENT_INTERFACE, &[1, 3, 10])
        .with(OptionCode::VENDOR_CLASS, class)
        .with(OptionCode::USER_CLASS, b"iPXE")
        .with(
            OptionCode::PARAMETERS,
            &[1, 3, 6, 7, 12, 15, 17, 26, 43, 60, 66, 67, 119, 175, 203],
        )
        .with(OptionCode::IPXE, &encapsulated)
        .with(OptionCode::CLIENT_IDENTIFIER, &[&[1][..], &MAC].concat())
        .with(OptionCode::MACHINE_IDENTIFIER, &machine_identifier())
}

/// busybox's udhcpc.
pub(crate) fn udhcpc() -> Capture {
    Capture::new(MessageKind::Discover)
        .with(OptionCode::CLIENT_IDENTIFIER, &[&[1][..], &MAC].concat())
        .with(OptionCode::MAXIMUM_SIZE, &576_u16.to_be_bytes())
        .with(OptionCode::PARAMETERS, &[1, 3, 6, 12, 15, 28, 42])
        .with(OptionCode::VENDOR_CLASS, b"udhcp 1.35.0")
}

/// ISC dhclient with a host name and an address that it had.
pub(crate) fn dhclient() -> Capture {
    Capture::new(MessageKind::Discover)
        .with(OptionCode::REQUESTED_ADDRESS, &[10, 77, 0, 60])
        .with(OptionCode::HOST_NAME, b"node-1")
        .with(
            OptionCode::PARAMETERS,
            &[1, 28, 2, 3, 15, 6, 119, 12, 44, 47, 26, 121, 42],
        )
}

/// Kea's perfdhcp.
pub(crate) fn perfdhcp() -> Capture {
    Capture::new(MessageKind::Discover).with(OptionCode::PARAMETERS, &[1, 28, 2, 3, 15, 6, 12])
}

/// U-Boot's first question, for a script: no PXE class, architecture 22.
pub(crate) fn u_boot() -> Capture {
    Capture::new(MessageKind::Discover)
        .with(OptionCode::CLIENT_ARCH, &[0, 22])
        .with(OptionCode::VENDOR_CLASS, b"U-Boot.armv8")
}

/// Everyone, by name.
pub(crate) fn all() -> Vec<(&'static str, Capture)> {
    vec![
        ("edk2", edk2()),
        ("edk2-http", edk2_http()),
        ("edk2-arm64", edk2_arm64()),
        ("bios-rom", bios_rom()),
        ("seabios-ipxe-rom", seabios_ipxe_rom()),
        ("ipxe-uefi", ipxe_uefi()),
        ("udhcpc", udhcpc()),
        ("dhclient", dhclient()),
        ("perfdhcp", perfdhcp()),
        ("u-boot", u_boot()),
    ]
}
