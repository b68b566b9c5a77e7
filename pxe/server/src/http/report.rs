//! What a system tells of itself with the token of its attempt: one POST, one short text.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use thiserror::Error;

use crate::directory::{Directory, DocumentRefusal, SystemReport};
use crate::http::HttpServer;
use crate::http::reply::{
    Reply, broken_off, kept, not_allowed, not_found, too_long, too_often, unavailable,
};
use crate::neighbour::find_neighbour;

/// How many bytes a report may have: the last words of an installer. A timeline shows 800 characters
/// of it.
const LENGTH: usize = 4096;
/// How long it may take to arrive: it fits into three frames.
const TIME: Duration = Duration::from_secs(5);

/// Why there is no report.
#[derive(Debug, Error)]
enum Unread {
    #[error("a report of more than {LENGTH} bytes")]
    TooLong,
    #[error("a report that did not come to its end within {} s", TIME.as_secs())]
    BrokenOff,
}

impl<D: Directory> HttpServer<D> {
    pub(super) async fn report(
        &self,
        peer: IpAddr,
        (token, name): (String, String),
        request: Request<Incoming>,
    ) -> Reply {
        if request.method() != Method::POST {
            self.complaints
                .note(peer, &"a report by another method than POST");
            return not_allowed("POST");
        }
        if !self.guesses.admits(peer, Instant::now()) {
            self.complaints.note(
                peer,
                &"it reports with tokens that are not its own, too often",
            );
            return too_often();
        }
        let body = match read(request.into_body()).await {
            Ok(body) => body,
            Err(unread) => {
                self.complaints.note(peer, &unread);
                return match unread {
                    Unread::TooLong => too_long(),
                    Unread::BrokenOff => broken_off(),
                };
            }
        };
        let hardware = find_neighbour(peer).await;
        let report = SystemReport {
            token,
            name,
            peer,
            hardware,
            body,
        };
        self.answer_report(report).await
    }

    async fn answer_report(&self, report: SystemReport) -> Reply {
        let peer = report.peer;
        match self.directory.report(report).await {
            Ok(()) => kept(),
            Err(DocumentRefusal::Refused) => {
                self.guesses.refused(peer, Instant::now());
                self.complaints.note(peer, &"a report that is not its own");
                not_found()
            }
            Err(DocumentRefusal::Unavailable(error)) => {
                self.complaints
                    .note(peer, &format!("a report is not kept: {error}"));
                unavailable()
            }
        }
    }
}

async fn read(body: Incoming) -> Result<Bytes, Unread> {
    let whole = Limited::new(body, LENGTH).collect();
    match tokio::time::timeout(TIME, whole).await {
        Ok(Ok(read)) => Ok(read.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Unread::TooLong),
        Ok(Err(_)) | Err(_) => Err(Unread::BrokenOff),
    }
}
