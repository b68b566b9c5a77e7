//! HTTP as a client of the tests asks it.

use std::io::{Read, Write};
use std::net::TcpStream;

use testbed::namespace::Namespace;
use testbed::network::SERVER;

use crate::place::LONG;

/// A connection to this port of the server, from a client's place.
pub(crate) fn connect(place: &Namespace, port: u16) -> TcpStream {
    let stream = place.enter(|| TcpStream::connect((SERVER, port)));
    let stream = stream.unwrap().unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream
}

/// Status and body of a GET.
pub(crate) fn get(place: &Namespace, path: &str) -> (u16, Vec<u8>) {
    let mut stream = connect(place, 8080);
    let request = format!("GET {path} HTTP/1.1\r\nHost: {SERVER}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let (head, body) = split(&answer);
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    (status.unwrap(), body)
}

/// The header and the body of an answer.
pub(crate) fn split(answer: &[u8]) -> (String, Vec<u8>) {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.expect("a header");
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    (head, answer[end + 4..].to_vec())
}
