//! The crate async-tftp as a server of its own, so that its processor time can be told apart.
//!
//! usage: `bench-async-tftp ADDRESS:PORT DIRECTORY`

use std::error::Error;
use std::net::SocketAddr;

use async_tftp::server::TftpServerBuilder;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address: SocketAddr = arguments.next().unwrap_or_default().parse()?;
    let directory = arguments.next().unwrap_or_default();
    let server = TftpServerBuilder::with_dir_ro(directory)?;
    server.bind(address).build().await?.serve().await?;
    Ok(())
}
