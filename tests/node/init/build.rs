//! Generates the gRPC stubs around the messages of the `node` crate: no proto file, no compiler.

use tonic_build::manual::{Builder, Method, MethodBuilder, Service};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    Builder::new().compile(&[machine()]);
    Builder::new().compile(&[state()]);
    Builder::new().compile(&[security()]);
    Builder::new().build_server(false).compile(&[sink()]);
}

fn machine() -> Service {
    Service::builder()
        .name("MachineService")
        .package("machine")
        .method(method("version", "Version", "Empty", "VersionResponse"))
        .method(method(
            "service_list",
            "ServiceList",
            "Empty",
            "ServiceListResponse",
        ))
        .method(method(
            "etcd_member_list",
            "EtcdMemberList",
            "EtcdMemberListRequest",
            "EtcdMemberListResponse",
        ))
        .method(method(
            "etcd_status",
            "EtcdStatus",
            "Empty",
            "EtcdStatusResponse",
        ))
        .method(method(
            "bootstrap",
            "Bootstrap",
            "BootstrapRequest",
            "BootstrapResponse",
        ))
        .method(streamed("read", "Read", "ReadRequest", "Data"))
        .build()
}

fn security() -> Service {
    Service::builder()
        .name("SecurityService")
        .package("securityapi")
        .method(method(
            "certificate",
            "Certificate",
            "CertificateRequest",
            "CertificateResponse",
        ))
        .build()
}

fn sink() -> Service {
    Service::builder()
        .name("EventSinkService")
        .package("events")
        .method(method(
            "publish",
            "Publish",
            "EventRequest",
            "EventResponse",
        ))
        .build()
}

fn state() -> Service {
    Service::builder()
        .name("State")
        .package("cosi.resource")
        .method(method("get", "Get", "GetRequest", "GetResponse"))
        .build()
}

fn method(name: &str, route: &str, input: &str, output: &str) -> Method {
    named(name, route, input, output).build()
}

/// A method that answers with a stream.
fn streamed(name: &str, route: &str, input: &str, output: &str) -> Method {
    let method = named(name, route, input, output);
    method.server_streaming().build()
}

fn named(name: &str, route: &str, input: &str, output: &str) -> MethodBuilder {
    Method::builder()
        .name(name)
        .route_name(route)
        .input_type(path(input))
        .output_type(path(output))
        .codec_path("::tonic_prost::ProstCodec")
}

/// Where the `node` crate has a message.
fn path(message: &str) -> String {
    let module = if message.starts_with("Event") {
        "messages"
    } else if message.starts_with("Etcd") || message.starts_with("Bootstrap") {
        "etcd_messages"
    } else {
        "api_messages"
    };
    format!("::node::{module}::{message}")
}
