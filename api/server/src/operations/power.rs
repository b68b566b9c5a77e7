//! The use case that switches a machine's power.

use machine_core::power::PowerState;
use machine_store::change::Change;
use machine_store::power_on::PowerSwitch;

use crate::effects::PowerRequest;
use crate::error::UseCaseError;
use crate::operations::machines::event;
use crate::operations::{Asked, Operations, TRIES, Written};

impl Operations {
    /// Switches a machine's power, through its BMC. It is recorded before it is done, so a
    /// repetition can't know whether it was: a level does no harm twice, a cycle does.
    pub async fn power(
        &self,
        name: &str,
        request: PowerRequest,
        asked: &Asked,
    ) -> Result<PowerState, UseCaseError> {
        let machine = self.machine(name).await?;
        let what = match request {
            PowerRequest::Level(PowerState::On) => "on",
            PowerRequest::Level(PowerState::Off) => "off",
            PowerRequest::Cycle => "cycle",
        };
        let detail = format!("{what}{}", asked.because());
        let at = self.effects.now();
        let change = Change {
            request: Some(self.request(asked, &["power", name, what], String::new())),
            events: vec![event(&machine, asked, at, "power", detail)],
            power: vec![PowerSwitch {
                machine: machine.id,
                on: (request != PowerRequest::Level(PowerState::Off)).then_some(at),
            }],
            ..Change::default()
        };
        for _ in 0..TRIES {
            match (self.write(&change).await?, request) {
                (Written::Now, _) | (Written::Before(_), PowerRequest::Level(_)) => {
                    return Ok(self.effects.switch_power(&machine, request).await?);
                }
                (Written::Before(_), PowerRequest::Cycle) => {
                    return Err(UseCaseError::Contradiction(format!(
                        "{name}: this cycle was asked for before, and its outcome is not known: \
                         to cycle the power again, use another idempotency key"
                    )));
                }
                (Written::Overtaken, _) => {}
            }
        }
        Err(UseCaseError::Overtaken)
    }
}
