//! The service, as its clients see it.

mod accounts;
mod client;
mod live;
mod log;

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use es_runtime::Wait;
use serde_json::json;
use tokio::sync::oneshot;

use self::client::{answer, opened, request};
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
    serve_in(folder.path(), client);
}

/// Serves the file in a folder.
fn serve_in(folder: &Path, client: impl FnOnce(SocketAddr, oneshot::Sender<()>) + Send + 'static) {
    let uri = format!("sqlite:{}", folder.join("bank.db").display());
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
