//! A client by hand: it shows what goes over the wire.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::{Value, json};

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Value,
    /// The body as it came.
    pub(crate) text: String,
}

pub(crate) fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Answer {
    try_to_ask(address, method, path, headers, body).unwrap()
}

/// Asks a service that may be away.
pub(crate) fn try_to_ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(request(method, path, headers, body).as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    read(&answer).ok_or_else(|| io::Error::other("the answer is cut"))
}

pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> String {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let length = body.len().to_string();
    let usual = [
        ("host", "bank"),
        ("connection", "close"),
        ("content-type", "application/json"),
        ("content-length", &length),
    ];
    let lines: Vec<String> =
        usual.iter().chain(headers).map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("{method} {path} HTTP/1.1\r\n{}\r\n{body}", lines.concat())
}

pub(crate) fn answer(mut stream: TcpStream) -> Answer {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    read(&answer).unwrap()
}

fn read(answer: &str) -> Option<Answer> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let (head, text) = (head.to_lowercase(), body.to_owned());
    Some(Answer { status, head, body: serde_json::from_str(body).unwrap_or_default(), text })
}

pub(crate) fn opened(address: SocketAddr, owner: &str) -> String {
    let headers = [("x-user", "teller"), ("idempotency-key", owner)];
    let answer = ask(address, "POST", "/accounts", &headers, &json!({ "owner": owner }));
    assert_eq!(answer.status, 201, "{}", answer.body);
    let id = answer.body["id"].as_str().unwrap().to_owned();
    assert!(answer.head.contains(&format!("location: /accounts/{id}")));
    id
}

/// Deposits one under a key.
pub(crate) fn deposit(address: SocketAddr, id: &str, key: &str) {
    let headers = [("idempotency-key", key)];
    let path = format!("/accounts/{id}/deposits");
    assert_eq!(ask(address, "POST", &path, &headers, &json!({ "amount": 1 })).status, 200);
}
