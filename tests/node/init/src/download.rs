//! One GET over plain HTTP, as the config is asked for.

use crate::error::InitError;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use node::fetch::Answer;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Asks once. Whatever goes wrong is an answer too.
pub(crate) async fn get(url: &str) -> Answer {
    match timeout(ATTEMPT, request(url)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => Answer::Failed {
            reason: error.to_string(),
        },
        Err(_) => Answer::Failed {
            reason: "timed out".to_owned(),
        },
    }
}

async fn request(url: &str) -> Result<Answer, InitError> {
    let broken = |error: &dyn std::fmt::Display| InitError::Http(error.to_string());
    let uri: Uri = url.parse().map_err(|error| broken(&error))?;
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let place = (host, uri.port_u16().unwrap_or(80));
    let stream = timeout(DIAL, TcpStream::connect(place))
        .await
        .map_err(|_| InitError::Http("connecting timed out".to_owned()))??;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| broken(&error))?;
    tokio::spawn(connection);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path)
        .header(
            "Host",
            uri.authority().map_or("", |authority| authority.as_str()),
        )
        .header("User-Agent", "Go-http-client/1.1")
        .body(Empty::<Bytes>::new())
        .map_err(|error| broken(&error))?;
    let response = sender
        .send_request(request)
        .await
        .map_err(|error| broken(&error))?;
    let code = response.status().as_u16();
    let body = response
        .into_body()
        .collect()
        .await
        .map_err(|error| broken(&error))?;
    Ok(Answer::Status {
        code,
        body: body.to_bytes().to_vec(),
    })
}

/// How long one attempt may take, and how long its connecting may (Talos: 3 minutes, 30 seconds).
const ATTEMPT: Duration = Duration::from_mins(3);
const DIAL: Duration = Duration::from_secs(30);
