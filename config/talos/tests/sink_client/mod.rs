//! A Talos node's side of the event sink: its messages defined by hand, from Talos' numbers.

use std::net::SocketAddr;

use http::uri::PathAndQuery;
use prost::Message;
use prost_types::Any;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

use crate::limit::within;

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct EventRequest {
    #[prost(message, optional, tag = "1")]
    pub(crate) data: Option<Any>,
    #[prost(string, tag = "2")]
    pub(crate) id: String,
    #[prost(string, tag = "3")]
    pub(crate) actor_id: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct EventResponse {}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct TaskEvent {
    #[prost(string, tag = "1")]
    pub(crate) task: String,
    #[prost(int32, tag = "2")]
    pub(crate) action: i32,
}

/// A node's connection to the sink.
#[derive(Clone)]
pub(crate) struct Node {
    channel: Channel,
}

impl Node {
    /// Dials the sink.
    pub(crate) async fn dial(address: SocketAddr) -> Result<Self, tonic::transport::Error> {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
        Ok(Self {
            channel: endpoint.connect().await?,
        })
    }

    /// Publishes that a task began.
    pub(crate) async fn publish_task(&self, id: &str, task: &str) -> Result<(), Status> {
        let event = TaskEvent {
            task: task.into(),
            action: 0,
        };
        self.publish(id, "machine.TaskEvent", event.encode_to_vec())
            .await
    }

    /// Publishes any bytes of any type.
    pub(crate) async fn publish(&self, id: &str, name: &str, value: Vec<u8>) -> Result<(), Status> {
        let data = Any {
            type_url: format!("type.googleapis.com/{name}"),
            value,
        };
        let request = EventRequest {
            data: Some(data),
            id: id.into(),
            actor_id: "actor".into(),
        };
        let mut client = Grpc::new(self.channel.clone());
        client
            .ready()
            .await
            .map_err(|error| Status::unavailable(error.to_string()))?;
        let path = PathAndQuery::from_static("/events.EventSinkService/Publish");
        let codec = ProstCodec::<EventRequest, EventResponse>::default();
        let call = client.unary(Request::new(request), path, codec);
        let answer = within("the sink's answer to an event", call).await;
        answer.map(|_| ())
    }
}
