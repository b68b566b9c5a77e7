//! The definitions of this crate against Talos' own, as a table that a person can read.

use std::collections::BTreeSet;

use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    FileDescriptorSet, ServiceDescriptorProto,
};

fn field(field: &FieldDescriptorProto) -> String {
    let repeated = if field.label() == Label::Repeated {
        "repeated "
    } else {
        ""
    };
    let kind = match field.r#type() {
        Type::Message | Type::Enum => field.type_name().trim_start_matches('.').to_owned(),
        scalar => scalar
            .as_str_name()
            .trim_start_matches("TYPE_")
            .to_lowercase(),
    };
    format!("{} {repeated}{kind} {}", field.number(), field.name())
}

fn enumeration(scope: &str, it: &EnumDescriptorProto, rows: &mut Vec<String>) {
    let values: Vec<String> = it
        .value
        .iter()
        .map(|value| format!("{} {}", value.number(), value.name()))
        .collect();
    rows.push(format!("enum {scope}.{}: {}", it.name(), values.join(", ")));
}

fn message(scope: &str, it: &DescriptorProto, rows: &mut Vec<String>) {
    let name = format!("{scope}.{}", it.name());
    let fields: Vec<String> = it.field.iter().map(field).collect();
    rows.push(format!("{name}: {}", fields.join(", ")));
    it.nested_type
        .iter()
        .for_each(|nested| message(&name, nested, rows));
    it.enum_type
        .iter()
        .for_each(|nested| enumeration(&name, nested, rows));
}

fn service(package: &str, it: &ServiceDescriptorProto, rows: &mut Vec<String>) {
    for method in &it.method {
        let plain = |name: &str| name.trim_start_matches('.').to_owned();
        assert!(!method.client_streaming());
        let stream = if method.server_streaming() {
            "stream "
        } else {
            ""
        };
        rows.push(format!(
            "/{package}.{}/{}: {} -> {stream}{}",
            it.name(),
            method.name(),
            plain(method.input_type()),
            plain(method.output_type())
        ));
    }
}

fn rows(file: &FileDescriptorProto, rows: &mut Vec<String>) {
    assert_eq!(file.syntax(), "proto3");
    file.service
        .iter()
        .for_each(|it| service(file.package(), it, rows));
    file.message_type
        .iter()
        .for_each(|it| message(file.package(), it, rows));
    file.enum_type
        .iter()
        .for_each(|it| enumeration(file.package(), it, rows));
}

#[test]
fn names_numbers_and_types_are_those_of_talos() {
    let bytes: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
    let mut found = Vec::new();
    FileDescriptorSet::decode(bytes)
        .unwrap()
        .file
        .iter()
        .filter(|file| !file.package().starts_with("google.protobuf"))
        .for_each(|file| rows(file, &mut found));
    let found: BTreeSet<&str> = found.iter().map(|row| row.trim_end()).collect();
    let golden: BTreeSet<&str> = GOLDEN.trim().lines().collect();
    let ours: Vec<_> = found.difference(&golden).collect();
    let theirs: Vec<_> = golden.difference(&found).collect();
    assert!(
        ours.is_empty() && theirs.is_empty(),
        "ours: {ours:#?}\nTalos': {theirs:#?}"
    );
}

/// From Talos' API definitions (api/common, api/machine, google/rpc) and siderolink's
/// events.proto, and of COSI's specification (state.proto, resource.proto), as of Talos 1.13 to 1.15.
const GOLDEN: &str = "
/cosi.resource.State/Get: cosi.resource.GetRequest -> cosi.resource.GetResponse
/events.EventSinkService/Publish: events.EventRequest -> events.EventResponse
/machine.MachineService/Bootstrap: machine.BootstrapRequest -> machine.BootstrapResponse
/machine.MachineService/EtcdMemberList: machine.EtcdMemberListRequest -> machine.EtcdMemberListResponse
/machine.MachineService/Read: machine.ReadRequest -> stream common.Data
/machine.MachineService/ServiceList: google.protobuf.Empty -> machine.ServiceListResponse
/machine.MachineService/Version: google.protobuf.Empty -> machine.VersionResponse
common.Data: 1 common.Metadata metadata, 2 bytes bytes
common.Error: 1 common.Code code, 2 string message
common.Metadata: 2 string error, 3 google.rpc.Status status
cosi.resource.GetRequest: 1 string namespace, 2 string type, 3 string id
cosi.resource.GetResponse: 1 cosi.resource.Resource resource
cosi.resource.Resource: 2 cosi.resource.Spec spec
cosi.resource.Spec: 1 bytes proto_spec
enum common.Code: 0 FATAL, 1 LOCKED, 2 CANCELED
enum machine.MachineStatusEvent.MachineStage: 0 UNKNOWN, 1 BOOTING, 2 INSTALLING, 3 MAINTENANCE, \
4 RUNNING, 5 REBOOTING, 6 SHUTTING_DOWN, 7 RESETTING, 8 UPGRADING
enum machine.PhaseEvent.Action: 0 START, 1 STOP
enum machine.SequenceEvent.Action: 0 NOOP, 1 START, 2 STOP
enum machine.ServiceStateEvent.Action: 0 INITIALIZED, 1 PREPARING, 2 WAITING, 3 RUNNING, \
4 STOPPING, 5 FINISHED, 6 FAILED, 7 SKIPPED, 8 STARTING
enum machine.TaskEvent.Action: 0 START, 1 STOP
events.EventRequest: 1 google.protobuf.Any data, 2 string id, 3 string actor_id
events.EventResponse:
google.rpc.Status: 1 int32 code, 2 string message
machine.AddressEvent: 1 string hostname, 2 repeated string addresses
machine.Bootstrap: 1 common.Metadata metadata
machine.BootstrapRequest:
machine.BootstrapResponse: 1 repeated machine.Bootstrap messages
machine.ConfigLoadErrorEvent: 1 string error
machine.ConfigValidationErrorEvent: 1 string error
machine.EtcdMember: 2 uint64 id, 3 string hostname
machine.EtcdMemberListRequest: 1 bool query_local
machine.EtcdMemberListResponse: 1 repeated machine.EtcdMembers messages
machine.EtcdMembers: 1 common.Metadata metadata, 3 repeated machine.EtcdMember members
machine.MachineStatusEvent: 1 machine.MachineStatusEvent.MachineStage stage, \
2 machine.MachineStatusEvent.MachineStatus status
machine.MachineStatusEvent.MachineStatus: 1 bool ready, \
2 repeated machine.MachineStatusEvent.MachineStatus.UnmetCondition unmet_conditions
machine.MachineStatusEvent.MachineStatus.UnmetCondition: 1 string name, 2 string reason
machine.PhaseEvent: 1 string phase, 2 machine.PhaseEvent.Action action
machine.PlatformInfo: 1 string name, 2 string mode
machine.RestartEvent: 1 int64 cmd
machine.ReadRequest: 1 string path
machine.SequenceEvent: 1 string sequence, 2 machine.SequenceEvent.Action action, 3 common.Error error
machine.ServiceHealth: 1 bool unknown, 2 bool healthy, 3 string last_message
machine.ServiceInfo: 1 string id, 2 string state, 4 machine.ServiceHealth health
machine.ServiceList: 1 common.Metadata metadata, 2 repeated machine.ServiceInfo services
machine.ServiceListResponse: 1 repeated machine.ServiceList messages
machine.ServiceStateEvent: 1 string service, 2 machine.ServiceStateEvent.Action action, 3 string message
machine.TaskEvent: 1 string task, 2 machine.TaskEvent.Action action
machine.Version: 1 common.Metadata metadata, 2 machine.VersionInfo version, 3 machine.PlatformInfo platform
machine.VersionInfo: 1 string tag, 6 string arch
machine.VersionResponse: 1 repeated machine.Version messages
";
