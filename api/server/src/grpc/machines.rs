//! The gRPC face of machines.

use api_proto::v1;
use api_proto::v1::machine_service_server::MachineService;
use api_proto::v1::{
    AcceptMachineRequest, AcceptMachineResponse, ApplyMachinesRequest, ApplyMachinesResponse,
    CancelMachineRequest, CancelMachineResponse, GetMachineRequest, GetMachineResponse,
    ListMachinesRequest, ListMachinesResponse, PowerOperation, ReleaseHoldRequest,
    ReleaseHoldResponse, RetryMachineRequest, RetryMachineResponse, SetPowerRequest,
    SetPowerResponse, WatchTimelineRequest,
};
use tokio::sync::watch;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::caller::Asked;
use crate::effects::power::{PowerOff, PowerRequest};
use crate::error::UseCaseError;
use crate::grpc::accounted::{accounted, questioned};
use crate::grpc::paging::page;
use crate::operations::Operations;
use crate::operations::endings::Ending;
use crate::operations::release_hold::Choice;
use crate::timeline::{Sent, Timeline};
use crate::view::machine::{applied, detailed, machine};

/// The use cases of machines as a gRPC service.
#[derive(Debug)]
pub(super) struct MachineFace {
    operations: Operations,
    /// Turns true when the daemon stops.
    stopping: watch::Receiver<bool>,
}

impl MachineFace {
    pub(super) const fn new(operations: Operations, stopping: watch::Receiver<bool>) -> Self {
        Self {
            operations,
            stopping,
        }
    }

    async fn end(
        &self,
        name: &str,
        ending: Ending<'_>,
        asked: &Asked,
    ) -> Result<(Option<v1::Machine>, Vec<String>), Status> {
        let ended = self.operations.end(name, ending, asked).await?;
        Ok((ended.view.as_ref().map(machine), ended.notes))
    }
}

#[tonic::async_trait]
impl MachineService for MachineFace {
    async fn list_machines(
        &self,
        request: Request<ListMachinesRequest>,
    ) -> Result<Response<ListMachinesResponse>, Status> {
        let (request, caller) = questioned(request);
        let page = page(request.page_size, request.page_token)?;
        let listed = self.operations.list_machines(&caller, &page).await?;
        Ok(Response::new(ListMachinesResponse {
            machines: listed.items.iter().map(machine).collect(),
            next_page_token: listed.next,
        }))
    }

    async fn get_machine(
        &self,
        request: Request<GetMachineRequest>,
    ) -> Result<Response<GetMachineResponse>, Status> {
        let (request, caller) = questioned(request);
        let name = &request.name;
        let details = self.operations.show_machine(&caller, name).await?;
        Ok(Response::new(GetMachineResponse {
            machine: Some(detailed(&details)),
        }))
    }

    async fn apply_machines(
        &self,
        request: Request<ApplyMachinesRequest>,
    ) -> Result<Response<ApplyMachinesResponse>, Status> {
        let (request, asked) = accounted(request)?;
        let done = self
            .operations
            .apply_machines(&request.file, &request.document, &asked)
            .await?;
        let machines = done.machines.iter();
        Ok(Response::new(ApplyMachinesResponse {
            machines: machines.map(|it| applied(&it.view, it.result)).collect(),
            notes: done.notes,
        }))
    }

    async fn accept_machine(
        &self,
        request: Request<AcceptMachineRequest>,
    ) -> Result<Response<AcceptMachineResponse>, Status> {
        let (request, asked) = accounted(request)?;
        let view = self.operations.accept(&request.name, &asked).await?;
        Ok(Response::new(AcceptMachineResponse {
            machine: Some(machine(&view)),
        }))
    }

    async fn retry_machine(
        &self,
        request: Request<RetryMachineRequest>,
    ) -> Result<Response<RetryMachineResponse>, Status> {
        let (request, asked) = accounted(request)?;
        let name = request.name.as_str();
        let view = if request.wipe {
            self.operations
                .retry_with_wipe((name, &request.confirm), &asked)
                .await?
        } else {
            self.operations.retry(name, &asked).await?
        };
        Ok(Response::new(RetryMachineResponse {
            machine: Some(machine(&view)),
        }))
    }

    async fn set_power(
        &self,
        request: Request<SetPowerRequest>,
    ) -> Result<Response<SetPowerResponse>, Status> {
        let (request, asked) = accounted(request)?;
        let wanted = power_request(request.operation(), request.force)?;
        let named = (request.name.as_str(), request.confirm.as_str());
        let switched = self.operations.power(named, wanted, &asked).await?;
        Ok(Response::new(SetPowerResponse {
            machine: Some(machine(&switched.view)),
            notes: switched.notes,
        }))
    }

    async fn cancel_machine(
        &self,
        request: Request<CancelMachineRequest>,
    ) -> Result<Response<CancelMachineResponse>, Status> {
        let (request, asked) = accounted(request)?;
        let (machine, notes) = self.end(&request.name, Ending::Cancel, &asked).await?;
        Ok(Response::new(CancelMachineResponse { machine, notes }))
    }

    async fn release_hold(
        &self,
        request: Request<ReleaseHoldRequest>,
    ) -> Result<Response<ReleaseHoldResponse>, Status> {
        let (request, asked) = accounted(request)?;
        let choice = choice(&request)?;
        let view = self
            .operations
            .release_hold(&request.name, &choice, &asked)
            .await?;
        Ok(Response::new(ReleaseHoldResponse {
            machine: Some(machine(&view)),
        }))
    }

    type WatchTimelineStream = ReceiverStream<Sent>;

    async fn watch_timeline(
        &self,
        request: Request<WatchTimelineRequest>,
    ) -> Result<Response<ReceiverStream<Sent>>, Status> {
        let (request, caller) = questioned(request);
        // Whether there is such a machine is answered at once, not within the stream.
        let machine = self.operations.watched(&caller, &request.name).await?;
        let timeline = Timeline {
            operations: self.operations.clone(),
            caller,
            machine,
            after: request.after,
            follow: request.follow,
            stopping: self.stopping.clone(),
        };
        Ok(Response::new(ReceiverStream::new(timeline.spawn())))
    }

    async fn retire_machine(
        &self,
        request: Request<v1::RetireMachineRequest>,
    ) -> Result<Response<v1::RetireMachineResponse>, Status> {
        let (request, asked) = accounted(request)?;
        let (machine, notes) = self.end(&request.name, Ending::Retire, &asked).await?;
        Ok(Response::new(v1::RetireMachineResponse { machine, notes }))
    }

    async fn replace_board(
        &self,
        request: Request<v1::ReplaceBoardRequest>,
    ) -> Result<Response<v1::ReplaceBoardResponse>, Status> {
        let (request, asked) = accounted(request)?;
        let (machine, notes) = self
            .end(&request.name, Ending::ReplaceBoard, &asked)
            .await?;
        Ok(Response::new(v1::ReplaceBoardResponse { machine, notes }))
    }

    async fn ignore_uuid(
        &self,
        request: Request<v1::IgnoreUuidRequest>,
    ) -> Result<Response<v1::IgnoreUuidResponse>, Status> {
        let (request, asked) = accounted(request)?;
        let (machine, notes) = self.end(&request.name, Ending::IgnoreUuid, &asked).await?;
        Ok(Response::new(v1::IgnoreUuidResponse { machine, notes }))
    }

    async fn accept_bmc(
        &self,
        request: Request<v1::AcceptBmcRequest>,
    ) -> Result<Response<v1::AcceptBmcResponse>, Status> {
        let (request, asked) = accounted(request)?;
        let (machine, notes) = self.end(&request.name, Ending::AcceptBmc, &asked).await?;
        Ok(Response::new(v1::AcceptBmcResponse { machine, notes }))
    }

    async fn forget_machine(
        &self,
        request: Request<v1::ForgetMachineRequest>,
    ) -> Result<Response<v1::ForgetMachineResponse>, Status> {
        let (request, asked) = accounted(request)?;
        let (_, notes) = self.end(&request.name, Ending::Forget, &asked).await?;
        let name = request.name;
        Ok(Response::new(v1::ForgetMachineResponse { notes, name }))
    }

    async fn merge_machine(
        &self,
        request: Request<v1::MergeMachineRequest>,
    ) -> Result<Response<v1::MergeMachineResponse>, Status> {
        let (request, asked) = accounted(request)?;
        let ending = Ending::Merge {
            into: &request.into,
            board: request.board,
        };
        let (machine, notes) = self.end(&request.claimant, ending, &asked).await?;
        Ok(Response::new(v1::MergeMachineResponse { machine, notes }))
    }
}

fn power_request(operation: PowerOperation, force: bool) -> Result<PowerRequest, UseCaseError> {
    let off = if force {
        PowerOff::Forced
    } else {
        PowerOff::Graceful
    };
    match operation {
        PowerOperation::On => Ok(PowerRequest::On),
        PowerOperation::Off => Ok(PowerRequest::Off(off)),
        PowerOperation::Cycle => Ok(PowerRequest::Cycle(off)),
        PowerOperation::Unspecified => {
            let wanted = "wanted on, off or cycle, got nothing".to_owned();
            Err(UseCaseError::Invalid(wanted))
        }
    }
}

fn choice(request: &ReleaseHoldRequest) -> Result<Choice, UseCaseError> {
    let card = match request.card.as_str() {
        "" => None,
        text => {
            let card = text.parse();
            Some(card.map_err(|error| UseCaseError::Invalid(format!("the card: {error}")))?)
        }
    };
    Ok(Choice {
        card,
        boot: request.boot.clone(),
    })
}
