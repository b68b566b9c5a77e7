//! The services of a node and their states, as `ServiceList` shows them.

use crate::api_messages::{
    ServiceEvent, ServiceEvents, ServiceInfo, ServiceList, ServiceListResponse,
};
use crate::event::Event;
use crate::messages::ServiceAction;
use crate::messages::ServiceHealth;
use machine_core::time::Timestamp;

/// The services in the order in which they were first heard of.
#[derive(Debug, Clone, Default)]
pub struct Services {
    services: Vec<Service>,
}

#[derive(Debug, Clone)]
struct Service {
    name: &'static str,
    state: ServiceAction,
    history: Vec<(ServiceAction, String, Timestamp)>,
}

impl Services {
    /// Puts a service into a state; returns the event that tells it.
    pub fn set(
        &mut self,
        name: &'static str,
        state: ServiceAction,
        message: &str,
        now: Timestamp,
    ) -> Event {
        let at = self
            .services
            .iter()
            .position(|service| service.name == name);
        let at = at.unwrap_or_else(|| {
            self.services.push(Service {
                name,
                state,
                history: Vec::new(),
            });
            self.services.len() - 1
        });
        if let Some(service) = self.services.get_mut(at) {
            service.state = state;
            service.history.push((state, message.to_owned(), now));
        }
        Event::service(name, state, message)
    }

    /// The state of a service.
    pub fn state(&self, name: &str) -> Option<ServiceAction> {
        self.services
            .iter()
            .find(|service| service.name == name)
            .map(|service| service.state)
    }

    /// The answer to `ServiceList`.
    pub fn to_response(&self) -> ServiceListResponse {
        let mut services: Vec<ServiceInfo> = self.services.iter().map(Service::to_info).collect();
        services.sort_by(|one, other| one.id.cmp(&other.id));
        ServiceListResponse {
            messages: vec![ServiceList {
                metadata: None,
                services,
            }],
        }
    }
}

impl Service {
    fn to_info(&self) -> ServiceInfo {
        let event = |(state, message, at): &(ServiceAction, String, Timestamp)| ServiceEvent {
            msg: message.clone(),
            state: word(*state).to_owned(),
            ts: Some(moment(*at)),
        };
        let healthy = self.state == ServiceAction::Running;
        ServiceInfo {
            id: self.name.to_owned(),
            state: word(self.state).to_owned(),
            events: Some(ServiceEvents {
                events: self.history.iter().map(event).collect(),
            }),
            health: Some(ServiceHealth {
                unknown: !healthy,
                healthy,
                last_message: String::new(),
                last_change: self.history.last().map(|(_, _, at)| moment(*at)),
            }),
        }
    }
}

/// The word for a state in `ServiceInfo.state`.
fn word(state: ServiceAction) -> &'static str {
    match state {
        ServiceAction::Initialized => "Initialized",
        ServiceAction::Preparing => "Preparing",
        ServiceAction::Waiting => "Waiting",
        ServiceAction::Running => "Running",
        ServiceAction::Stopping => "Stopping",
        ServiceAction::Finished => "Finished",
        ServiceAction::Failed => "Failed",
        ServiceAction::Skipped => "Skipped",
        ServiceAction::Starting => "Starting",
    }
}

fn moment(at: Timestamp) -> prost_types::Timestamp {
    let millis = at.as_millis();
    prost_types::Timestamp {
        seconds: millis.div_euclid(1000),
        nanos: i32::try_from(millis.rem_euclid(1000) * 1_000_000).unwrap_or_default(),
    }
}
