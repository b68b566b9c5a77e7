//! The catalogue on the wire: every name that is advertised, and every name that a loader asks for
//! next, over TFTP, and what is made for the machine that asks.

use machine_core::boot::BootStep;
use machine_core::network::DhcpMode;
use pxe_dhcp::option::OptionCode;
use pxe_dhcp::packet::HardwareAddress;
use pxe_loader::bootloaders::{BOOTLOADERS, files};
use pxe_loader::loader_choice::LoaderChoice;
use pxe_server::directory::ScriptAnswer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::exchange::{DhcpClient, message, uefi, uefi_http};
use crate::lab::{LOADER_SIZE, Lab, authoritative};
use crate::log::Log;
use crate::records::{BOOT, Records};
use crate::tftp::TftpClient;

const NOT_FOUND: u8 = 1;
/// A lab in which all files of the catalogue are there, each with its name in it.
fn lab(loader: LoaderChoice) -> Option<Lab> {
    let mut lab = Lab::new()?;
    lab.loader = loader;
    for file in files().filter(|file| file.name != "undionly.kpxe") {
        std::fs::write(lab.directory.path().join(file.name), file.name).unwrap();
    }
    lab.address_client();
    Some(lab)
}

async fn read(client: &TftpClient, file: &str) -> Result<String, u8> {
    let content = client.read_file(file, "").await?;
    Ok(String::from_utf8(content).unwrap())
}

#[test]
fn what_is_advertised_and_what_a_loader_asks_for_next_is_served_or_known_as_a_probe() {
    for (choice, first) in [
        (LoaderChoice::Ipxe, "snponly.efi"),
        (LoaderChoice::IpxeNative, "ipxe.efi"),
        (LoaderChoice::Grub, "shimx64.efi"),
    ] {
        let Some(lab) = lab(choice) else { return };
        lab.serve(async || {
            let log = Log::capture();
            let records = Records::default();
            records.state().netboot = true;
            let _stop = lab.start(&records, authoritative());
            let firmware = DhcpClient::new(&lab, 68);
            firmware.broadcast(&uefi(message(1, 1))).await;
            let offer = firmware.receive().await;
            let name = offer.file.split(|it| *it == 0).next().unwrap();
            assert_eq!(name, first.as_bytes(), "{choice:?}");

            let client = TftpClient::of_client(&lab, "10.77.0.9");
            let mut next = Some(first);
            while let Some(name) = next {
                let slashes = format!("//{name}");
                assert_eq!(read(&client, &slashes).await.as_deref(), Ok(name));
                next = files().find(|file| file.name == name).unwrap().next;
            }
            let before = log.warnings("there is no file");
            for probe in BOOTLOADERS.iter().flat_map(|loader| loader.probes()) {
                assert_eq!(read(&client, probe).await, Err(NOT_FOUND), "{probe}");
            }
            assert_eq!(
                log.warnings("there is no file"),
                before,
                "a probe is no fault"
            );
        });
    }
}

#[test]
fn an_early_script_goes_to_who_holds_a_boot_and_to_nobody_else() {
    let Some(lab) = lab(LoaderChoice::Ipxe) else {
        return;
    };
    lab.serve(async || {
        let records = Records::default();
        let _stop = lab.start(&records, DhcpMode::Off);
        let client = TftpClient::of_client(&lab, "10.77.0.9");
        assert_eq!(read(&client, "autoexec.ipxe").await, Err(NOT_FOUND));
        assert!(
            over_http(&lab, "10.77.0.9")
                .await
                .starts_with("HTTP/1.1 404")
        );
        records.state().held = Some(BOOT);
        let script = read(&client, "/autoexec.ipxe").await.unwrap();
        let asks = format!("http://10.77.0.1:8080/script/{BOOT}?uuid=${{uuid}}");
        assert!(
            script.starts_with("#!ipxe\ndhcp ") && script.contains(&asks),
            "{script}"
        );
        assert!(over_http(&lab, "10.77.0.9").await.ends_with(&script));
        // Somebody whose card nobody sees: here, the server's own host.
        assert_eq!(
            read(&TftpClient::new().await, "autoexec.ipxe").await,
            Err(NOT_FOUND)
        );
        // A script is no step: its boot makes one when it asks for what was decided.
        assert_eq!(records.steps(), []);
    });
}

/// The answer to a GET of `/loader/autoexec.ipxe` from this address.
async fn over_http(lab: &Lab, address: &str) -> String {
    let stream = lab.as_client(|| {
        let to: std::net::SocketAddr = "10.77.0.1:8080".parse().unwrap();
        let from: std::net::SocketAddr = (address.parse::<std::net::IpAddr>().unwrap(), 0).into();
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
        let socket = socket.unwrap();
        socket.bind(&from.into()).unwrap();
        socket.set_nonblocking(true).unwrap();
        let _ = socket.connect(&to.into());
        std::net::TcpStream::from(socket)
    });
    let mut stream = tokio::net::TcpStream::from_std(stream).unwrap();
    stream.writable().await.unwrap();
    let request = "GET /loader/autoexec.ipxe HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[test]
fn grub_says_what_its_machine_is_and_boots_what_was_decided_by_tftp() {
    let Some(lab) = lab(LoaderChoice::Grub) else {
        return;
    };
    lab.serve(async || {
        let records = Records::default();
        let _stop = lab.start(&records, DhcpMode::Off);
        let client = TftpClient::of_client(&lab, "10.77.0.9");
        let first = read(&client, "/grub/grub.cfg").await.unwrap();
        assert!(
            first.contains("source \"/grub/script/uuid=${uuid}&"),
            "{first}"
        );

        let said = "/grub/script/uuid=4c4c4544-0000-4000-8000-000000000001&platform=efi\
                    &arch=x86_64&mac=52:54:00:77:00:01&serial=LAB 1&manufacturer=Lab Inc.&product=";
        let nobody = read(&client, said).await.unwrap();
        assert!(
            nobody.contains("there is no boot here") && nobody.contains("exit"),
            "{nobody}"
        );
        records.state().held = Some(BOOT);
        records.state().script = Some(ScriptAnswer::Boot {
            kernel: lab.kernel(),
            initrd: lab.kernel(),
            arguments: vec!["console=ttyS0".to_owned()],
        });
        let script = read(&client, said).await.unwrap();
        let asked = records.state().scripts[0].clone();
        assert_eq!(
            (asked.boot, asked.serial.unwrap().as_str()),
            (BOOT, "LAB 1")
        );
        assert!(asked.uuid.is_some() && asked.hardware.is_some());

        let kernel = script
            .split([' ', '\n'])
            .find(|it| it.ends_with("/kernel"))
            .unwrap();
        let content = client.read_file(kernel, "blksize\x001024\0").await.unwrap();
        assert_eq!(content.len(), LOADER_SIZE);
        records.until(|state| !state.steps.is_empty()).await;
        assert_eq!(records.steps(), [BootStep::Kernel]);
        assert!(
            records.state().steps[0]
                .detail
                .starts_with("kernel, 100001 bytes")
        );
        let initrd = kernel.replace("/kernel", "/initrd");
        client.read_file(&initrd, "").await.unwrap();
        let other = format!("/assets/{}/kernel", "0".repeat(64));
        assert_eq!(read(&client, &other).await, Err(NOT_FOUND));
        assert_eq!(
            read(&client, &kernel.replace("/kernel", "/passwd")).await,
            Err(NOT_FOUND)
        );
    });
}

#[test]
fn an_image_that_was_altered_is_not_sent_by_tftp() {
    let Some(lab) = lab(LoaderChoice::Grub) else {
        return;
    };
    lab.serve(async || {
        let _stop = lab.start(&Records::default(), DhcpMode::Off);
        let client = TftpClient::of_client(&lab, "10.77.0.9");
        let digest = pxe_server::hashing::hex(&lab.kernel());
        let copy = lab.directory.path().join("assets/sha256").join(&digest);
        std::fs::remove_file(lab.directory.path().join("undionly.kpxe")).unwrap();
        std::fs::OpenOptions::new()
            .append(true)
            .open(copy)
            .and_then(|mut file| std::io::Write::write_all(&mut file, b"x"))
            .unwrap();
        let answer = read(&client, &format!("assets/{digest}/kernel")).await;
        assert_eq!(answer, Err(0), "it is to ask again");
    });
}

#[test]
fn a_chain_that_ends_in_grub_is_no_endless_one() {
    let Some(lab) = lab(LoaderChoice::Grub) else {
        return;
    };
    lab.serve(async || {
        let records = Records::default();
        records.state().netboot = true;
        records.state().opens_boots = true;
        records.state().held = Some(BOOT);
        let _stop = lab.start(&records, authoritative());
        let (firmware, grub) = (
            DhcpClient::new(&lab, 68),
            TftpClient::of_client(&lab, "10.77.0.9"),
        );
        // The card that the link knows behind the client's address.
        let card = lab.client_card();
        for round in 0..8 {
            let mut discover = uefi(message(1, 1));
            discover.hardware = HardwareAddress::new(1, &card.octets()).unwrap();
            firmware.broadcast(&discover).await;
            let offer = firmware.receive().await;
            assert!(offer.file.starts_with(b"shimx64.efi\0"), "round {round}");
            read(&grub, "grub/script/").await.unwrap();
        }
    });
}

#[test]
fn grub_is_not_given_over_http_which_it_can_not_go_on_with() {
    let Some(lab) = lab(LoaderChoice::Grub) else {
        return;
    };
    lab.serve(async || {
        let log = Log::capture();
        let records = Records::default();
        records.state().netboot = true;
        let _stop = lab.start(&records, authoritative());
        let firmware = DhcpClient::new(&lab, 68);
        firmware.broadcast(&uefi_http(message(1, 1))).await;
        let offer = firmware.receive().await;
        assert_eq!(offer.options.get(OptionCode::BOOT_FILE), None);
        log.until("load over PXE only", 1).await;
    });
}
