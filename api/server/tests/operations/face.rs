//! What goes over the socket: errors with their codes, pages, cursors, and who asked.

use api_proto::v1;
use api_proto::v1::cluster_service_client::ClusterServiceClient;
use api_proto::v1::event_service_client::EventServiceClient;
use api_proto::v1::machine_service_client::MachineServiceClient;
use api_server::grpc;
use tonic::transport::{Channel, Endpoint};

use crate::around::Around;
use crate::clusters::CLUSTER;
use crate::machines::RACK;

/// The use cases behind a socket.
struct Face {
    around: Around,
    channel: Channel,
    _directory: tempfile::TempDir,
}

impl Face {
    async fn new() -> Self {
        let around = Around::new().await;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s");
        let listener = grpc::bind(&path).unwrap();
        let operations = around.operations.clone();
        tokio::spawn(grpc::serve(listener, operations, std::future::pending()));
        let endpoint = Endpoint::from_shared(format!("unix://{}", path.display()));
        Self {
            around,
            channel: endpoint.unwrap().connect().await.unwrap(),
            _directory: directory,
        }
    }

    fn machines(&self) -> MachineServiceClient<Channel> {
        MachineServiceClient::new(self.channel.clone())
    }

    async fn apply(&self, key: &str) -> v1::ApplyMachinesResponse {
        let request = v1::ApplyMachinesRequest {
            mutation: Some(mutation(key)),
            document: RACK.to_owned(),
            file: "rack.yaml".to_owned(),
        };
        self.machines()
            .apply_machines(request)
            .await
            .unwrap()
            .into_inner()
    }

    async fn accept(&self, name: &str, mutation: Option<v1::Mutation>) -> Option<v1::Error> {
        let name = name.to_owned();
        let request = v1::AcceptMachineRequest { mutation, name };
        let done = self.machines().accept_machine(request).await;
        done.err().and_then(|status| v1::Error::of(&status))
    }
}

fn mutation(key: &str) -> v1::Mutation {
    v1::Mutation {
        actor: "alice".to_owned(),
        reason: "it is time".to_owned(),
        idempotency_key: key.to_owned(),
    }
}

#[tokio::test]
async fn what_is_refused_arrives_with_its_code() {
    let face = Face::new().await;
    face.apply("1").await;
    let nobody = face.accept("nobody", Some(mutation("2"))).await.unwrap();
    assert_eq!(nobody.code(), v1::ErrorCode::NotFound);
    assert!(nobody.message.contains("\"nobody\""), "{nobody:?}");
    let reused = face.accept("cp-1", Some(mutation("1"))).await.unwrap();
    assert_eq!(reused.code(), v1::ErrorCode::KeyReused);
    let silent = face.accept("cp-1", None).await.unwrap();
    assert_eq!(silent.code(), v1::ErrorCode::Unaccounted);
    assert_eq!(face.accept("cp-1", Some(mutation("3"))).await, None);
    let twice = face.accept("cp-1", Some(mutation("4"))).await.unwrap();
    assert_eq!(twice.code(), v1::ErrorCode::WrongState);
}

#[tokio::test]
async fn a_machine_looks_the_same_wherever_it_is_sent() {
    let face = Face::new().await;
    let applied = face.apply("1").await.machines;
    let results: Vec<_> = applied.iter().map(v1::Machine::result).collect();
    assert_eq!(results, [v1::ChangeResult::Created; 2]);
    let request = v1::ListMachinesRequest {
        page_size: 1,
        page_token: String::new(),
    };
    let page = face.machines().list_machines(request).await.unwrap();
    let page = page.into_inner();
    assert_eq!(page.next_page_token.as_deref(), Some("cp-1"));
    let name = "cp-1".to_owned();
    let request = v1::GetMachineRequest { name };
    let shown = face.machines().get_machine(request).await.unwrap();
    let mut shown = shown.into_inner().machine.unwrap();
    let details = shown.details.take().unwrap();
    assert_eq!(page.machines, [shown.clone()]);
    // Looked at since, it says what it waits for.
    let plain = |machine: &v1::Machine| v1::Machine {
        result: None,
        waiting: None,
        ..machine.clone()
    };
    assert_eq!(plain(&applied[0]), plain(&shown));
    let bmc = details.record.unwrap().bmc.unwrap();
    assert_eq!(
        (bmc.protocol(), &*bmc.username),
        (v1::BmcProtocol::Ipmi, "drover")
    );
}

#[tokio::test]
async fn a_timeline_goes_on_behind_the_event_that_was_read_last() {
    let face = Face::new().await;
    face.apply("1").await;
    let read = async |after| {
        let request = v1::WatchTimelineRequest {
            name: "cp-1".to_owned(),
            follow: false,
            after,
        };
        let stream = face.machines().watch_timeline(request).await.unwrap();
        let mut stream = stream.into_inner();
        let mut events = Vec::new();
        while let Some(response) = stream.message().await.unwrap() {
            events.extend(response.event);
        }
        events
    };
    let first = read(0).await;
    let [registered] = first.as_slice() else {
        panic!("{first:?}");
    };
    // The kernel says which user it was.
    let uid = own_uid();
    assert_eq!(registered.actor, format!("person:alice (uid {uid})"));
    assert_eq!(face.accept("cp-1", Some(mutation("2"))).await, None);
    let since = read(registered.sequence).await;
    assert_eq!(since.len(), 1, "{since:?}");
    assert_eq!(since[0].kind, "state");
}

/// The user of this test, as the kernel has it.
fn own_uid() -> u32 {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").unwrap().uid()
}

#[tokio::test]
async fn events_come_in_pages_and_say_where_the_next_one_begins() {
    let face = Face::new().await;
    face.apply("1").await;
    face.around.cluster(CLUSTER, "2").await.unwrap();
    let mut client = EventServiceClient::new(face.channel.clone());
    let (mut details, mut after, mut pages) = (Vec::new(), Some(0), 0);
    while let Some(cursor) = after {
        let request = v1::ListEventsRequest {
            after: cursor,
            page_size: 2,
            ..v1::ListEventsRequest::default()
        };
        let page = client.list_events(request).await.unwrap().into_inner();
        details.extend(page.events.into_iter().map(|it| it.detail));
        after = page.next;
        pages += 1;
    }
    assert_eq!(pages, 2, "{details:?}");
    assert_eq!(details.len(), face.around.events().await.len());
    let both = v1::ListEventsRequest {
        machine: "cp-1".to_owned(),
        cluster: "lab".to_owned(),
        ..v1::ListEventsRequest::default()
    };
    let refused = client.list_events(both).await.unwrap_err();
    let refused = v1::Error::of(&refused).unwrap();
    assert_eq!(refused.code(), v1::ErrorCode::InvalidArgument);
}

#[tokio::test]
async fn a_cluster_is_shown_with_its_events_and_listed_without() {
    let face = Face::new().await;
    face.apply("1").await;
    face.around.cluster(CLUSTER, "2").await.unwrap();
    let mut client = ClusterServiceClient::new(face.channel.clone());
    let name = "lab".to_owned();
    let shown = client.get_cluster(v1::GetClusterRequest { name }).await;
    let shown = shown.unwrap().into_inner().cluster.unwrap();
    assert_eq!(shown.bootstrap(), v1::BootstrapState::No);
    assert_eq!(shown.details.unwrap().events.len(), 1);
    let request = v1::ListClustersRequest::default();
    let listed = client.list_clusters(request).await.unwrap().into_inner();
    assert_eq!(listed.next_page_token, None);
    assert!(listed.clusters.iter().all(|it| it.details.is_none()));
}
