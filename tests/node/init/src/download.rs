//! One GET over plain HTTP, as the config is asked for: with the headers of Go's client, which follows
//! a redirection at once.

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
    match timeout(ATTEMPT, follow(url)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => Answer::Failed {
            reason: error.to_string(),
        },
        Err(_) => Answer::Failed {
            reason: "timed out".to_owned(),
        },
    }
}

/// Asks, and asks again where it is sent to.
async fn follow(url: &str) -> Result<Answer, InitError> {
    let (mut url, mut referer) = (url.to_owned(), None);
    for _ in 0..REDIRECTIONS {
        let (answer, location) = request(&url, referer.as_deref()).await?;
        let Some(location) = location else {
            return Ok(answer);
        };
        referer = Some(std::mem::replace(&mut url, location));
    }
    Err(InitError::Http("stopped after 10 redirects".to_owned()))
}

/// One answer, and the absolute URL that it sends to.
async fn request(url: &str, referer: Option<&str>) -> Result<(Answer, Option<String>), InitError> {
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
    let mut request = Request::get(path)
        .header(
            "Host",
            uri.authority().map_or("", |authority| authority.as_str()),
        )
        .header("User-Agent", "Go-http-client/1.1")
        .header("Connection", "close");
    if let Some(referer) = referer {
        request = request.header("Referer", referer);
    }
    let request = request
        .body(Empty::<Bytes>::new())
        .map_err(|error| broken(&error))?;
    let response = sender
        .send_request(request)
        .await
        .map_err(|error| broken(&error))?;
    let code = response.status().as_u16();
    let location = response.headers().get("Location");
    let location = location.and_then(|location| location.to_str().ok());
    let location = location.filter(|_| matches!(code, 301 | 302 | 303 | 307 | 308));
    let location = location.map(str::to_owned);
    let body = response
        .into_body()
        .collect()
        .await
        .map_err(|error| broken(&error))?;
    let body = body.to_bytes().to_vec();
    Ok((Answer::Status { code, body }, location))
}

/// How long one attempt may take, and how long its connecting may (Talos: 3 minutes, 30 seconds).
const ATTEMPT: Duration = Duration::from_mins(3);
const DIAL: Duration = Duration::from_secs(30);
/// As many as Go's client follows.
const REDIRECTIONS: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    /// Answers each connection with the next of these; returns the requests when all are given.
    async fn serve(listener: TcpListener, answers: Vec<String>) -> Vec<String> {
        let mut requests = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = Vec::new();
            while !bytes.ends_with(b"\r\n\r\n") {
                bytes.push(stream.read_u8().await.unwrap());
            }
            requests.push(String::from_utf8(bytes).unwrap().to_ascii_lowercase());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        requests
    }

    #[tokio::test]
    async fn a_redirection_is_followed_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = listener.local_addr().unwrap();
        let answers = vec![
            format!(
                "HTTP/1.1 302 Found\r\nLocation: http://{place}/b\r\nContent-Length: 0\r\n\r\n"
            ),
            "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone".to_owned(),
        ];
        let serving = tokio::spawn(serve(listener, answers));
        let answer = get(&format!("http://{place}/a?uuid=x")).await;
        let body = b"none".to_vec();
        assert_eq!(answer, Answer::Status { code: 404, body });
        let requests = serving.await.unwrap();
        assert!(requests[0].starts_with("get /a?uuid=x http/1.1\r\n"));
        assert!(requests[0].contains("connection: close\r\n"));
        assert!(requests[1].starts_with("get /b http/1.1\r\n"));
        assert!(requests[1].contains(&format!("referer: http://{place}/a?uuid=x\r\n")));
    }
}
