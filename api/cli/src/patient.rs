//! A connection that says for whom it waits, and does not wait for ever.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, timeout_at};
use tonic::body::Body;
use tonic::codegen::http::{Request, Response};
use tonic::transport::Channel;
use tower::{BoxError, Service};

use crate::output::print_remark;
use crate::patience::{Call, NOTICE, Silence};

/// A connection to a daemon that may be silent.
#[derive(Debug, Clone)]
pub struct PatientChannel {
    pub(crate) channel: Channel,
    /// Where the daemon listens.
    pub(crate) socket: PathBuf,
    /// Whether BMCs take part in what is asked over it.
    pub(crate) may_ask_bmc: bool,
    /// Whether it is said for whom is waited. Who asks again and again says it himself.
    pub(crate) is_quiet: bool,
}

impl Service<Request<Body>> for PatientChannel {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.channel.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let call = Call::of(request.uri().path(), self.may_ask_bmc);
        let answer = self.channel.call(request);
        let (socket, is_quiet) = (self.socket.clone(), self.is_quiet);
        Box::pin(async move {
            let tell = |notice: &str| {
                // Who can't be told waits all the same.
                let _told = is_quiet || print_remark(notice).is_ok();
            };
            answered(answer, call, &socket, tell).await
        })
    }
}

/// The answer, once it begins: what is followed may go on as long as it likes.
async fn answered<T, E: Into<BoxError>>(
    answer: impl Future<Output = Result<T, E>>,
    call: Call,
    socket: &Path,
    tell: impl FnOnce(&str),
) -> Result<T, BoxError> {
    let begun = Instant::now();
    let mut answer = std::pin::pin!(answer);
    if let Ok(answered) = timeout_at(begun + NOTICE, answer.as_mut()).await {
        return answered.map_err(Into::into);
    }
    tell(&call.notice(socket));
    match timeout_at(begun + call.limit(), answer).await {
        Ok(answered) => answered.map_err(Into::into),
        Err(_) => Err(Box::new(Silence {
            socket: socket.to_owned(),
            call,
        })),
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::time::Duration;

    use tokio::time::sleep;

    use super::*;

    /// After how many seconds it ends, how, and what is said before.
    async fn asked(
        answer: impl Future<Output = Result<(), BoxError>>,
        call: Call,
    ) -> (u64, Result<(), String>, Option<(u64, String)>) {
        let begun = Instant::now();
        let mut told = None;
        let tell = |notice: &str| told = Some((begun.elapsed().as_secs(), notice.to_owned()));
        let ended = answered(answer, call, Path::new("/run/drover.sock"), tell).await;
        let ended = ended.map_err(|error| error.to_string());
        (begun.elapsed().as_secs(), ended, told)
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_daemon_is_named_after_three_seconds_and_a_question_ends_after_ten() {
        for (call, limit) in [
            (Call::Question, 10),
            (Call::Change, 30),
            (Call::ChangeByBmc, 180),
        ] {
            let (after, ended, told) = asked(pending(), call).await;
            assert_eq!(after, limit);
            let why = ended.unwrap_err();
            assert!(why.contains("/run/drover.sock"), "{why}");
            let (told_after, notice) = told.unwrap();
            assert_eq!(told_after, 3);
            assert!(notice.contains("/run/drover.sock"), "{notice}");
            assert!(notice.contains(&format!("{limit} s")), "{notice}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_answers_soon_is_not_waited_for_aloud() {
        let answer = async {
            sleep(Duration::from_secs(2)).await;
            Ok(())
        };
        let (_, ended, told) = asked(answer, Call::Question).await;
        assert_eq!((ended, told), (Ok(()), None));
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_that_takes_long_is_waited_for() {
        let answer = async {
            sleep(Duration::from_secs(20)).await;
            Ok(())
        };
        let (after, ended, _) = asked(answer, Call::Change).await;
        assert_eq!((after, ended), (20, Ok(())));
    }
}
