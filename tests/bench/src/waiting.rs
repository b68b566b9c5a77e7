//! What a machine that waits in iPXE costs each time that it asks for its script again.
//!
//! Writes are counted from outside: each one is synced before it is answered. Reads leave no trace
//! outside; a test of the fleet counts them where the database is asked.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{SystemTime, UNIX_EPOCH};

use machine_core::boot::{Boot, BootOrigin, BootStep};
use machine_core::evidence::EvidenceSource;
use machine_core::hardware::{Arch, Firmware, MacAddress};
use machine_core::id::{BootId, MachineId};
use machine_core::machine::Machine;
use machine_core::time::Timestamp;
use machine_store::apply::apply;
use machine_store::change::{Change, MachineWrite};
use machine_store::commit::Committer;
use machine_store::db::Db;
use machine_store::error::StoreError;
use machine_store::evidence::{Evidence, Fact};
use machine_store::location::Location;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;

use crate::durability::{counted_in, syncs};
use crate::error::BenchError;
use crate::load::inside;
use crate::report::Report;
use crate::servers::{DROVER_HTTP_PORT, ENDS_WITHIN, start_drover, start_drover_that};
use crate::site::{BenchSite, DROVER, output, tell};
use crate::usage::cpu;

/// How often it asks while it is counted: far more than it writes by itself meanwhile.
const POLLS: u32 = 2_000;
/// How often it asks before: the first time it is learned what it says of itself.
const BEFORE: u32 = 20;
const STATE: &str = "state-waiting";
const BOOT: BootId = BootId::from_bytes([7; 16]);

/// Measures one machine that nobody has accepted, and that asks again without a pause.
pub(crate) async fn measure(site: &BenchSite, report: &mut Report) -> Result<(), BenchError> {
    tell("a machine that waits in iPXE");
    // The first start makes the database.
    let mut drover = start_drover(site, STATE, &[], None).await?;
    drover.stop(ENDS_WITHIN).await?;
    let card = card(site)?;
    register(site, card).await?;
    let calls = site.path("calls-waiting");
    let under = counted_in(&calls);
    let mut drover = start_drover_that(site, (STATE, "inspect"), &under, None).await?;
    poll(site, card, BEFORE)?;
    let (taken, synced) = (cpu(&drover)?, syncs(&calls)?);
    poll(site, card, POLLS)?;
    let synced = syncs(&calls)?.saturating_sub(synced);
    let taken = cpu(&drover)?.saturating_sub(taken);
    drover.stop(ENDS_WITHIN).await?;
    report.remark(format!(
        "A machine that waits in iPXE: {POLLS} scripts took {synced} syncs of the database, whoever \
         they were for (wanted: far fewer than scripts, since none is written for each), and {} µs \
         of processor time each.",
        taken.as_micros() / u128::from(POLLS)
    ));
    Ok(())
}

/// The card of the clients' end of the wire: the one that Drover sees behind their addresses.
fn card(site: &BenchSite) -> Result<MacAddress, BenchError> {
    let mut command = site.client.command("ip");
    let text = output(command.args(["-o", "link", "show", "dev", DROVER.interface]))?;
    let words = text.split_once("link/ether ").map(|(_, rest)| rest);
    let word = words.and_then(|rest| rest.split_ascii_whitespace().next());
    let card = word.and_then(|word| word.parse().ok());
    card.ok_or_else(|| BenchError::Unexpected {
        who: "ip link show".to_owned(),
        wanted: "link/ether and a MAC address",
        got: text,
    })
}

/// A machine that was found by its card, and the boot in which it came to iPXE.
async fn register(site: &BenchSite, card: MacAddress) -> Result<(), BenchError> {
    let failed = |error: StoreError| BenchError::Unexpected {
        who: "the database of a waiting machine".to_owned(),
        wanted: "a write",
        got: error.to_string(),
    };
    let file = site.path(STATE).join("drover.db");
    let db = Db::open(&Location::SqliteFile(file)).await;
    let db = db.map_err(failed)?;
    let id = MachineId::from_bytes([1; 16]);
    let at = now();
    let change = Change {
        machines: vec![MachineWrite::Insert(Machine::discovered(id, "waits", at))],
        evidence: vec![Evidence {
            machine: id,
            at,
            source: EvidenceSource::Registered,
            facts: vec![Fact::Mac(card)],
        }],
        ..Change::default()
    };
    apply(&db, &change).await.map_err(failed)?;
    let (commits, ended) = Committer::spawn(db.clone());
    commits.submit(boot(id, card, at)).await.map_err(failed)?;
    drop(commits);
    ended
        .await
        .map_err(|error| BenchError::system("end the writer")(error.into()))?;
    db.close().await;
    Ok(())
}

fn boot(machine: MachineId, card: MacAddress, at: Timestamp) -> Boot {
    Boot {
        id: BOOT,
        machine: Some(machine),
        mac: Some(card),
        origin: BootOrigin::Network,
        platform: Some((Arch::X86_64, Firmware::Uefi)),
        address: Some(DROVER.client(0).into()),
        attempt: None,
        opened: at,
        step: BootStep::Ipxe,
        step_at: at,
        sent_to_disk: false,
        ready: None,
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.unwrap_or_default().as_millis();
    Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}

/// Asks for the script so often, a connection each, as iPXE does.
fn poll(site: &BenchSite, card: MacAddress, times: u32) -> Result<(), BenchError> {
    let to = SocketAddrV4::new(DROVER.server(), DROVER_HTTP_PORT);
    let path = format!("/script/{BOOT}?mac={card}&platform=efi&arch=x86_64");
    inside(&site.client, None, async move {
        for _ in 0..times {
            let script = script(DROVER.client(0), to, &path).await;
            let script = script.map_err(BenchError::system(format!("fetch http://{to}{path}")))?;
            if !(script.starts_with("HTTP/1.1 200") && script.contains("sleep ")) {
                return Err(BenchError::Unexpected {
                    who: format!("http://{to}{path}"),
                    wanted: "a script that waits",
                    got: script,
                });
            }
        }
        Ok(())
    })
}

async fn script(from: Ipv4Addr, to: SocketAddrV4, path: &str) -> std::io::Result<String> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddrV4::new(from, 0).into())?;
    let mut stream = socket.connect(to.into()).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
