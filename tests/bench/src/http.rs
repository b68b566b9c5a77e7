//! HTTP: a kernel of 100 MB, for one client and for fifty at once.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

use testbed::program::Program;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use crate::error::BenchError;
use crate::load::{self, Moved};
use crate::report::{Report, Row};
use crate::servers::{DROVER_HTTP_PORT, KERNEL_SIZE, NGINX_PORT, Servers};
use crate::site::{BenchSite, CLIENTS, DROVER, PEERS, Wire, in_turn, tell};

/// How many clients at once, and how often each fetches the file.
const CASES: [(u8, u8); 2] = [(1, 20), (CLIENTS, 1)];

/// Measures throughput and processor time.
pub(crate) fn measure(
    site: &BenchSite,
    servers: &Servers,
    report: &mut Report,
) -> Result<(), BenchError> {
    for (clients, times) in CASES {
        let (mut rates, mut costs) = (Vec::new(), Vec::new());
        for number in 1..=site.rounds {
            tell(&format!(
                "HTTP, {clients} at once, round {number} of {}",
                site.rounds
            ));
            let load = Load {
                site,
                clients,
                times,
            };
            let [ours, theirs] = in_turn(
                number,
                || load.run(&servers.drover, DROVER, DROVER_HTTP_PORT, &servers.asset),
                || load.run(&servers.nginx, PEERS, NGINX_PORT, "/kernel"),
            )?;
            rates.push([ours.rate(), theirs.rate()]);
            costs.push([ours.cpu_per_gigabyte(), theirs.cpu_per_gigabyte()]);
        }
        for (measure, rounds) in [("MB/s", rates), ("server CPU s/GB", costs)] {
            report.add(Row {
                case: format!("HTTP, 100 MB, {clients} at once"),
                measure,
                peer: "nginx",
                rounds,
            });
        }
    }
    Ok(())
}

struct Load<'a> {
    site: &'a BenchSite,
    clients: u8,
    times: u8,
}

impl Load<'_> {
    fn run(
        &self,
        server: &Program,
        wire: Wire,
        port: u16,
        path: &str,
    ) -> Result<Moved, BenchError> {
        let to = SocketAddrV4::new(wire.server(), port);
        let times = self.times;
        let clients = (0..self.clients).map(|number| {
            let (from, path) = (wire.client(number), path.to_owned());
            async move {
                let mut bytes = 0;
                for _ in 0..times {
                    bytes += fetch(from, to, &path).await?;
                }
                Ok(bytes)
            }
        });
        load::measure(&self.site.client, server, clients)
    }
}

/// Fetches a file to its end and forgets it; the bytes that came.
async fn fetch(from: Ipv4Addr, to: SocketAddrV4, path: &str) -> Result<u64, BenchError> {
    let mut buffer = vec![0; 256 << 10];
    let (bytes, start) = download(from, to, path, &mut buffer)
        .await
        .map_err(BenchError::system(format!("fetch http://{to}{path}")))?;
    if start == *b"HTTP/1.1 200" && bytes > KERNEL_SIZE {
        return Ok(u64::try_from(bytes).unwrap_or(u64::MAX));
    }
    Err(BenchError::Unexpected {
        who: format!("http://{to}{path}"),
        wanted: "status 200 and the whole kernel",
        got: format!("{}, {bytes} bytes", start.escape_ascii()),
    })
}

async fn download(
    from: Ipv4Addr,
    to: SocketAddrV4,
    path: &str,
    buffer: &mut [u8],
) -> io::Result<(usize, [u8; 12])> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddrV4::new(from, 0).into())?;
    let mut stream = socket.connect(to.into()).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut start = [0; 12];
    let mut bytes = stream.read_exact(&mut start).await?;
    loop {
        match stream.read(buffer).await? {
            0 => return Ok((bytes, start)),
            length => bytes += length,
        }
    }
}
