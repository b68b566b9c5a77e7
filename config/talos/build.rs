//! Compiles our subset of Talos' protocol definitions: the client of its API, the server of its
//! event sink. protox parses them, so no protoc is needed.

use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

use prost::Message;

fn main() -> Result<(), Box<dyn Error>> {
    let proto = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    rerun_if_changed(&proto);

    let all = protox::compile([API, STATE, EVENTS, SINK], [&proto])?;
    fs::write(out.join("descriptors.bin"), all.encode_to_vec())?;

    let build = || tonic_prost_build::configure();
    build()
        .build_server(false)
        .compile_fds(protox::compile([API, STATE, EVENTS], [&proto])?)?;
    build()
        .build_client(false)
        .compile_fds(protox::compile([SINK], [&proto])?)?;
    Ok(())
}

fn rerun_if_changed(path: &std::path::Path) {
    println!("cargo:rerun-if-changed={}", path.display());
}

const API: &str = "machine/machine.proto";
const STATE: &str = "cosi/state.proto";
const EVENTS: &str = "machine/events.proto";
const SINK: &str = "events/events.proto";
