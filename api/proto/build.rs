//! Compiles the API's protocol definitions, without `protoc`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    const FILE: &str = "proto/drover/v1/drover.proto";
    println!("cargo::rerun-if-changed={FILE}");
    let descriptors = protox::compile([FILE], ["proto"])?;
    tonic_prost_build::configure()
        .skip_debug(SECRET.map(|message| format!(".drover.v1.{message}")))
        .compile_fds(descriptors)?;
    Ok(())
}

/// Messages that hold passwords or keys. `src/secret_messages.rs` writes their `Debug`.
const SECRET: [&str; 5] = [
    "ApplyMachinesRequest",
    "TalosConfigResponse",
    "KubeConfigResponse",
    "ExportSecretsResponse",
    "ImportSecretsRequest",
];
