//! Compiles the API's protocol definitions, without `protoc`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    const FILE: &str = "proto/drover/v1/drover.proto";
    println!("cargo::rerun-if-changed={FILE}");
    let descriptors = protox::compile([FILE], ["proto"])?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}
