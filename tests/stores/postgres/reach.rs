//! The way to the server: hosts that are silent, servers that refuse, and the sessions that are left behind.

use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use es_runtime::recorder::{AggregateRecorder, Commit, PostgresOptions, Tables};
use es_runtime::{Error, ErrorKind, Wait};
use uuid::Uuid;

use super::{Database, event, log, open};
use crate::proxy::{Cut, Proxy};
use crate::server::{self, by_hand};

/// The time that a call may take beyond its limit: the writer and the catalog add two seconds.
const LITTLE: Duration = Duration::from_secs(4);

/// Runs something on a thread of its own, and fails if it does not end.
fn in_time<T: Send + 'static>(limit: Duration, run: impl FnOnce() -> T + Send + 'static) -> T {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || send.send(run()));
    receive.recv_timeout(limit).unwrap_or_else(|_| panic!("no answer within {limit:?}"))
}

/// Returns a host that takes connections, and never answers.
fn silent_host() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Waits until a question has this answer.
fn until(question: &str, answer: &str, limit: Duration) {
    let began = Instant::now();
    loop {
        let found = by_hand(question);
        if found == [answer] {
            return;
        }
        assert!(began.elapsed() < limit, "{found:?} instead of {answer} after {limit:?}: {question}");
        thread::sleep(Duration::from_millis(50));
    }
}

pub(crate) fn a_host_that_never_answers_is_passed_over() {
    let (_listener, silent) = silent_host();
    let (host, port) = server::host();
    let uri = server::uri().replace(&format!("{host}:{port}"), &format!("127.0.0.1:{silent},{host}:{port}"));
    let options: PostgresOptions = uri.parse().unwrap();
    let opened = in_time(LITTLE, move || options.connect_timeout(Duration::from_secs(2)).open());
    opened.unwrap();
}

pub(crate) fn a_server_that_never_answers_is_reported_in_time() {
    let (_listener, silent) = silent_host();
    let options = server::at(Some(silent), None).connect_timeout(Duration::from_millis(500));
    let refused = in_time(LITTLE, move || options.open().unwrap_err());
    assert_eq!(refused.kind(), ErrorKind::Unavailable, "{refused}");
    assert!(refused.to_string().contains("did not answer within 500ms"), "{refused}");
}

/// The server falls silent at each message in turn, from the first of a connection to the append.
pub(crate) fn a_server_that_falls_silent_holds_nobody_for_ever() {
    let Database { schema, .. } = open();
    let steps: Vec<_> = (0..24)
        .map(|messages| {
            let schema = schema.clone();
            thread::spawn(move || {
                let proxy = Proxy::new(server::host());
                proxy.cut_after(messages, Cut::Silence);
                let options = server::at(Some(proxy.port), None).schema(&schema).unwrap();
                let options =
                    options.connect_timeout(Duration::from_millis(500)).timeout(Duration::from_millis(500));
                let done: Result<_, Error> = in_time(4 * LITTLE, move || {
                    let recorder = options.open()?.recorder(&Tables::default())?;
                    recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait()
                });
                if let Err(error) = done {
                    let is_meant = error.is_transient() || error.kind() == ErrorKind::OutcomeUnknown;
                    assert!(is_meant, "silent after {messages} messages: {error}");
                }
                proxy.has_cut()
            })
        })
        .collect();
    let silences = steps.into_iter().map(|step| u32::from(step.join().unwrap())).sum::<u32>();
    assert!(silences > 10, "{silences} silences");
}

/// A session that nobody waits for any more ends, though the server is silent.
pub(crate) fn a_silent_session_is_not_left_behind() {
    let Database { schema, .. } = open();
    let name = format!("{schema}_silent");
    let proxy = Proxy::new(server::host());
    let options = server::at(Some(proxy.port), None).schema(&schema).unwrap().application_name(&*name);
    let recorder =
        options.timeout(Duration::from_secs(1)).open().unwrap().recorder(&Tables::default()).unwrap();
    recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
    let sessions = format!("FROM pg_stat_activity WHERE application_name = '{name}'");
    // The watch connects beside the append.
    thread::sleep(Duration::from_millis(300));
    let before = &by_hand(&format!("SELECT count(*) {sessions}"))[0];
    proxy.cut(Cut::Silence);
    let _ = recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait();
    assert!(proxy.has_cut());
    recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
    until(&format!("SELECT count(*) <= {before} {sessions}"), "t", Duration::from_secs(10));
}

/// A primary that becomes a replica keeps the sessions of its clients, who are to look for the new one.
pub(crate) fn a_session_that_may_not_write_is_made_anew() {
    let Database { schema, recorder: other, .. } = open();
    by_hand(&format!(
        "CREATE ROLE {schema} LOGIN SUPERUSER; ALTER ROLE {schema} SET default_transaction_read_only = on"
    ));
    let options = server::in_schema(&schema).user(&*schema).timeout(Duration::from_secs(10));
    let recorder = options.open().unwrap().recorder(&Tables::default()).unwrap();
    let appending =
        thread::spawn(move || recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait());
    thread::sleep(Duration::from_millis(500));
    by_hand(&format!("ALTER ROLE {schema} RESET default_transaction_read_only"));
    appending.join().unwrap().unwrap();
    assert_eq!(log(&other).len(), 1);
}

pub(crate) fn a_watch_that_is_refused_tries_seldom() {
    let schema = server::new_schema();
    by_hand(&format!("CREATE ROLE {schema} LOGIN; CREATE SCHEMA {schema} AUTHORIZATION {schema}"));
    let proxy = Proxy::new(server::host());
    let options = server::at(Some(proxy.port), None).schema(&schema).unwrap().user(&*schema);
    let recorder = options.open().unwrap().recorder(&Tables::default()).unwrap();
    let append = || {
        recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
    };
    // Both writers connect.
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..20).for_each(|_| append()));
        }
    });
    let watches = format!(
        "FROM pg_stat_activity WHERE usename = '{schema}' AND (query LIKE 'NOTIFY%' OR query LIKE '%LISTEN%')"
    );
    until(&format!("SELECT count(*) {watches}"), "1", LITTLE);
    by_hand(&format!("ALTER ROLE {schema} CONNECTION LIMIT 0"));
    by_hand(&format!("SELECT pg_terminate_backend(pid) {watches}"));
    let before = proxy.connections();
    for _ in 0..100 {
        append();
        thread::sleep(Duration::from_millis(20));
    }
    let tried = proxy.connections() - before;
    assert!((1..=4).contains(&tried), "{tried} attempts to connect during 100 commits");
}

pub(crate) fn a_watch_connects_as_the_role_that_uses_it() {
    let Database { schema, recorder, .. } = open();
    recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
    by_hand(&format!("CREATE ROLE {schema} LOGIN SUPERUSER"));
    let other =
        server::in_schema(&schema).user(&*schema).open().unwrap().recorder(&Tables::default()).unwrap();
    other.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
    let watches =
        format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{schema}' AND query LIKE 'NOTIFY%'");
    until(&watches, "1", Duration::from_secs(10));
}
