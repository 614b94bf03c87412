use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use es_runtime::Wait;

use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::*;

/// Serves on a port and in a folder of its own while a client talks to it, then stops.
fn served(client: impl FnOnce(SocketAddr) + Send + 'static) {
    served_until(|address, stop| {
        client(address);
        drop(stop);
    });
}

/// Serves until the client drops the sender that it gets, and all its requests are answered.
fn served_until(client: impl FnOnce(SocketAddr, oneshot::Sender<()>) + Send + 'static) {
    let folder = tempfile::tempdir().unwrap();
    let uri = format!("sqlite:{}", folder.path().join("bank.db").display());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Application::open(&uri).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let client = thread::spawn(move || client(address, stop));
        serve(listener, app, async {
            let _ = stopped.await;
        })
        .await
        .unwrap();
        client.join().unwrap();
    });
    // The file holds everything that the service acknowledged.
    assert!(Application::open(&uri).wait().is_ok());
}

struct Answer {
    status: u16,
    head: String,
    body: Value,
}

fn ask(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let request = request(method, path, headers, body);
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    answer(stream)
}

fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> String {
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

fn answer(mut stream: TcpStream) -> Answer {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_lowercase(), body: serde_json::from_str(body).unwrap_or_default() }
}

fn opened(address: SocketAddr, owner: &str) -> String {
    let headers = [("x-user", "teller"), ("idempotency-key", owner)];
    let answer = ask(address, "POST", "/accounts", &headers, &json!({ "owner": owner }));
    assert_eq!(answer.status, 201, "{}", answer.body);
    let id = answer.body["id"].as_str().unwrap().to_owned();
    assert!(answer.head.contains(&format!("location: /accounts/{id}")));
    id
}

#[test]
fn an_account_is_opened_changed_once_for_each_key_and_shown_with_its_history() {
    served(|address| {
        let id = opened(address, "Ann");
        let deposits = format!("/accounts/{id}/deposits");
        for key in ["a", "a", "b"] {
            let headers = [("idempotency-key", key), ("x-user", "ann"), ("x-request-id", key)];
            let answer = ask(address, "POST", &deposits, &headers, &json!({ "amount": 10 }));
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
        let shown = ask(address, "GET", &format!("/accounts/{id}"), &[], &Value::Null).body;
        assert_eq!(shown, json!({ "id": id, "version": 3, "owner": "Ann", "balance": 20 }));
        let history = ask(address, "GET", &format!("/accounts/{id}/events"), &[], &Value::Null).body;
        let said = |at: usize, name: &str| history[at][name].clone();
        assert_eq!((said(0, "what"), said(0, "actor")), (json!("opened"), json!("teller")));
        assert_eq!(
            (said(1, "amount"), said(1, "actor"), said(1, "request")),
            (json!(10), json!("ann"), json!("a"))
        );
        assert_eq!((said(2, "version"), said(3, "version")), (json!(3), Value::Null));
    });
}

#[test]
fn an_account_is_opened_once_for_each_key_of_each_user() {
    served(|address| {
        let open = |user: &str, key: &str| {
            let headers = [("x-user", user), ("idempotency-key", key)];
            let answer = ask(address, "POST", "/accounts", &headers, &json!({ "owner": "Ann" }));
            assert_eq!((answer.status, answer.body["version"].as_u64()), (201, Some(1)));
            answer.body["id"].as_str().unwrap().to_owned()
        };
        let first = open("teller", "1");
        assert_eq!(open("teller", "1"), first);
        assert!(open("teller", "2") != first && open("other", "1") != first);
        let keyless = ask(address, "POST", "/accounts", &[], &json!({ "owner": "Ann" }));
        assert_eq!((keyless.status, keyless.body["title"].as_str()), (400, Some("no Idempotency-Key")));
    });
}

#[test]
fn a_change_of_what_has_changed_since_is_a_conflict() {
    served(|address| {
        let id = opened(address, "Ann");
        let rename = |owner: &str, version: u64| {
            let body = json!({ "owner": owner, "version": version });
            ask(address, "POST", &format!("/accounts/{id}/owner"), &[], &body)
        };
        assert_eq!(rename("Anna", 1).body["version"], 2);
        let late = rename("Anne", 1);
        assert_eq!((late.status, late.body["detail"].as_str()), (409, Some("the account is at version 2")));
        assert!(late.head.contains("content-type: application/problem+json"), "{}", late.head);
        assert_eq!(rename("Anne", 2).body["owner"], "Anne");
    });
}

#[test]
fn a_request_under_way_is_answered_after_the_service_was_stopped() {
    served_until(|address, stop| {
        let id = opened(address, "Ann");
        let headers = [("idempotency-key", "1")];
        let request =
            request("POST", &format!("/accounts/{id}/deposits"), &headers, &json!({ "amount": 10 }));
        let (first, rest) = request.split_at(request.len() - 3);
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(first.as_bytes()).unwrap();
        thread::sleep(Duration::from_millis(200));
        drop(stop);
        // The service takes no more requests, and waits for the rest of this one.
        while TcpStream::connect(address).is_ok() {
            thread::sleep(Duration::from_millis(10));
        }
        stream.write_all(rest.as_bytes()).unwrap();
        let answer = answer(stream);
        assert_eq!((answer.status, answer.body["balance"].as_i64()), (200, Some(10)));
    });
}

/// Runs the program when the next test starts this one as a process.
#[test]
fn the_program() {
    if env::var_os("WEB_PROGRAM").is_some() {
        main().unwrap();
    }
}

#[cfg(unix)]
#[test]
fn the_program_serves_until_it_is_terminated() {
    let folder = tempfile::tempdir().unwrap();
    let uri = format!("sqlite:{}", folder.path().join("bank.db").display());
    let mut program = Command::new(env::current_exe().unwrap())
        .args(["--exact", "tests::the_program", "--nocapture"])
        .env("WEB_PROGRAM", "1")
        .env("DATABASE", &uri)
        .env("ADDRESS", "127.0.0.1:0")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let address = lines.find_map(|line| {
        line.unwrap().split_once("serving at http://").map(|(_, address)| address.to_owned())
    });
    let id = opened(address.unwrap().parse().unwrap(), "Ann");
    let terminated = Command::new("kill").arg(program.id().to_string()).status().unwrap();
    assert!(terminated.success() && program.wait().unwrap().success());
    let app = Application::open(&uri).wait().unwrap();
    assert_eq!(app.get(id.parse::<es_runtime::Id<account::Account>>().unwrap()).wait().unwrap().owner, "Ann");
}

#[test]
fn a_transfer_changes_both_accounts_or_neither() {
    served(|address| {
        let (ann, bob) = (opened(address, "Ann"), opened(address, "Bob"));
        ask(
            address,
            "POST",
            &format!("/accounts/{ann}/deposits"),
            &[("idempotency-key", "1")],
            &json!({ "amount": 10 }),
        );
        let transfer = |key: &str, amount: u32| {
            let body = json!({ "from": ann, "to": bob, "amount": amount });
            ask(address, "POST", "/transfers", &[("idempotency-key", key)], &body)
        };
        assert_eq!(transfer("2", 4).status, 204);
        assert_eq!(transfer("2", 4).status, 204);
        let refused = transfer("3", 400);
        assert_eq!((refused.status, refused.body["title"].as_str()), (422, Some("overdrawn")));
        let balance = |id: &str| {
            ask(address, "GET", &format!("/accounts/{id}"), &[], &Value::Null).body["balance"].clone()
        };
        assert_eq!((balance(&ann), balance(&bob)), (json!(6), json!(4)));
    });
}

#[test]
fn sixteen_who_ask_at_once_are_all_served() {
    served(|address| {
        let id = opened(address, "Ann");
        let path = format!("/accounts/{id}/deposits");
        thread::scope(|scope| {
            for number in 0..16 {
                let path = &path;
                scope.spawn(move || {
                    let key = number.to_string();
                    let headers = [("idempotency-key", key.as_str())];
                    assert_eq!(ask(address, "POST", path, &headers, &json!({ "amount": 1 })).status, 200);
                });
            }
        });
        assert_eq!(ask(address, "GET", &format!("/accounts/{id}"), &[], &Value::Null).body["balance"], 16);
    });
}

#[test]
fn an_impossible_request_gets_a_problem_with_a_status() {
    served(|address| {
        let unknown =
            ask(address, "GET", "/accounts/0192d3a0-0000-7000-8000-000000000000", &[], &Value::Null);
        assert_eq!((unknown.status, unknown.body["status"].as_u64()), (404, Some(404)));
        assert!(unknown.head.contains("content-type: application/problem+json"), "{}", unknown.head);
        for (path, status) in [("/accounts/7", 400), ("/nothing", 404)] {
            let answer = ask(address, "GET", path, &[], &Value::Null);
            assert_eq!((answer.status, answer.body["status"].as_u64()), (status, Some(status.into())));
        }
        let id = opened(address, "Ann");
        let deposits = format!("/accounts/{id}/deposits");
        let keyless = ask(address, "POST", &deposits, &[], &json!({ "amount": 1 }));
        assert_eq!((keyless.status, keyless.body["title"].as_str()), (400, Some("no Idempotency-Key")));
        let negative = ask(address, "POST", &deposits, &[("idempotency-key", "1")], &json!({ "amount": -1 }));
        assert_eq!((negative.status, negative.body["title"].as_str()), (422, Some("cannot be read")));
        let overdrawn = format!("/accounts/{id}/withdrawals");
        assert_eq!(
            ask(address, "POST", &overdrawn, &[("idempotency-key", "2")], &json!({ "amount": 1 })).status,
            422
        );
    });
}
