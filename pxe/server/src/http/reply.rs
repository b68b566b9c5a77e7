//! Answers of HTTP, besides files: short, and each with its length.

use bytes::Bytes;
use http::header::{
    ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER,
};
use http::{Response, StatusCode};
use hyper::body::Body;
use tracing::error;

use crate::http::body::{AssetBody, empty};
use crate::script::ScriptError;

pub(crate) type Reply = Response<AssetBody>;

/// After how many seconds who finds no place may ask again: a script takes milliseconds, a kernel
/// some seconds.
const FULL_RETRY: &str = "2";

pub(crate) fn script_text(script: Result<String, ScriptError>) -> Reply {
    match script {
        Ok(script) => {
            let reply = Response::new(AssetBody::new(Bytes::from(script)));
            with_header(reply, CONTENT_TYPE, "text/plain; charset=utf-8")
        }
        Err(error) => {
            error!(%error, "can't write a script");
            unavailable()
        }
    }
}

/// The answer to HEAD. The length is set here: hyper says none for a body that has ended.
pub(crate) fn header_of(reply: Reply) -> Reply {
    let length = reply.body().size_hint().exact().unwrap_or(0);
    let reply = with_header(reply, CONTENT_LENGTH, &length.to_string());
    reply.map(AssetBody::without_content)
}

/// What is not there, or not for who asks: the same bytes for both. Talos prints the first 32 bytes
/// of an answer that is not 200 on its console, where a person reads them.
const NOT_FOUND: &str = "nothing here for this address\n";

pub(crate) fn not_found() -> Reply {
    let reply = Response::new(AssetBody::new(Bytes::from_static(NOT_FOUND.as_bytes())));
    let reply = with_header(reply, CONTENT_LENGTH, &NOT_FOUND.len().to_string());
    let mut reply = with_header(reply, CONTENT_TYPE, "text/plain; charset=utf-8");
    *reply.status_mut() = StatusCode::NOT_FOUND;
    reply
}

pub(crate) fn not_allowed(allowed: &str) -> Reply {
    with_header(status(StatusCode::METHOD_NOT_ALLOWED), ALLOW, allowed)
}

/// Talos retries whatever is not 200, and prints the first bytes of the body on its console.
pub(crate) fn unavailable() -> Reply {
    with_header(status(StatusCode::SERVICE_UNAVAILABLE), RETRY_AFTER, "5")
}

/// iPXE and Talos come again after that time.
pub(crate) fn full() -> Reply {
    let reply = status(StatusCode::SERVICE_UNAVAILABLE);
    let reply = with_header(reply, RETRY_AFTER, FULL_RETRY);
    with_header(reply, CONNECTION, "close")
}

/// What a system told of itself is kept.
pub(crate) fn kept() -> Reply {
    status(StatusCode::OK)
}

/// More than is read of a report.
pub(crate) fn too_long() -> Reply {
    with_header(status(StatusCode::PAYLOAD_TOO_LARGE), CONNECTION, "close")
}

/// A report that did not come to its end.
pub(crate) fn broken_off() -> Reply {
    with_header(status(StatusCode::REQUEST_TIMEOUT), CONNECTION, "close")
}

/// Who guesses is slowed down.
pub(crate) fn too_often() -> Reply {
    with_header(status(StatusCode::TOO_MANY_REQUESTS), RETRY_AFTER, "1")
}

fn status(status: StatusCode) -> Reply {
    let mut reply = Response::new(empty());
    *reply.status_mut() = status;
    with_header(reply, CONTENT_LENGTH, "0")
}

pub(crate) fn with_header(mut reply: Reply, name: HeaderName, value: &str) -> Reply {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(name, value);
    }
    reply
}
