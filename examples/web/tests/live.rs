//! Clients that follow an account live, leave and come back.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use es_runtime::id::{CommitId, Mark, Position};
use serde_json::Value;

use super::client::{ask, deposit, opened, request};
use super::{served, served_until};

/// A client that listens to server-sent events.
struct Listener {
    lines: std::io::Lines<BufReader<TcpStream>>,
}

/// A server-sent event.
#[derive(Debug)]
struct Sent {
    id: String,
    event: String,
    data: Value,
}

impl Listener {
    /// Connects, after the id of the last event that the client has.
    fn connect(address: SocketAddr, account: &str, last: Option<&str>) -> Self {
        let headers: Vec<_> = last.map(|id| ("last-event-id", id)).into_iter().collect();
        let request = request("GET", &format!("/accounts/{account}/live"), &headers, &Value::Null);
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        Self { lines: BufReader::new(stream).lines() }
    }

    /// Returns the next event; `None` once the service ends the answer.
    fn next(&mut self) -> Option<Sent> {
        let mut sent = Sent { id: String::new(), event: String::new(), data: Value::Null };
        loop {
            let line = self.lines.next()?.expect("an event comes");
            // Lines between the events belong to HTTP.
            match line.split_once(": ").or(line.split_once(':')) {
                Some(("id", id)) => id.clone_into(&mut sent.id),
                Some(("event", event)) => event.clone_into(&mut sent.event),
                Some(("data", data)) => {
                    sent.data = serde_json::from_str(data).unwrap_or_else(|_| data.into());
                }
                _ if line.is_empty() && !sent.event.is_empty() => return Some(sent),
                _ => {}
            }
        }
    }
}

#[test]
fn a_client_that_comes_back_loses_and_repeats_nothing() {
    const DEPOSITS: u64 = 60;
    served(|address| {
        let (ann, bob) = (opened(address, "Ann"), opened(address, "Bob"));
        let seen = thread::scope(|scope| {
            scope.spawn(|| {
                for key in 0..DEPOSITS {
                    deposit(address, &ann, &format!("ann {key}"));
                    // Events of others stand between.
                    deposit(address, &bob, &format!("bob {key}"));
                }
            });
            let (mut seen, mut last) = (Vec::new(), None::<String>);
            while seen.len() < 1 + usize::try_from(DEPOSITS).unwrap() {
                let mut listener = Listener::connect(address, &ann, last.as_deref());
                // The client leaves in the middle, and the service may have sent more.
                for sent in std::iter::from_fn(|| listener.next()).take(1 + seen.len() % 7) {
                    seen.push((sent.data["version"].as_u64().unwrap(), sent.event));
                    last = Some(sent.id);
                    if seen.len() > usize::try_from(DEPOSITS).unwrap() {
                        break;
                    }
                }
            }
            seen
        });
        assert_eq!(seen[0], (1, "opened".to_owned()));
        let expected: Vec<_> = (2..DEPOSITS + 2).map(|version| (version, "deposited".to_owned())).collect();
        assert_eq!(seen[1..], expected);
    });
}

#[test]
fn an_event_is_sent_to_a_client_that_waits() {
    served(|address| {
        let id = opened(address, "Ann");
        let mut listener = Listener::connect(address, &id, None);
        let first = listener.next().unwrap();
        assert!(first.id.parse::<Mark>().is_ok(), "{first:?}");
        for version in 2..5_u64 {
            deposit(address, &id, &version.to_string());
            let sent = listener.next().unwrap();
            assert_eq!((&sent.data["version"], &sent.data["amount"]), (&version.into(), &1.into()));
        }
    });
}

#[test]
fn a_service_that_stops_ends_the_live_answers() {
    served_until(|address, stop| {
        let id = opened(address, "Ann");
        let mut listener = Listener::connect(address, &id, None);
        assert_eq!(listener.next().unwrap().event, "opened");
        drop(stop);
        assert!(listener.next().is_none());
    });
}

#[test]
fn a_client_whose_place_is_of_another_log_begins_again() {
    served(|address| {
        let id = opened(address, "Ann");
        let elsewhere = Mark::new(Position::FIRST, CommitId::from_key("elsewhere")).to_string();
        let mut listener = Listener::connect(address, &id, Some(&elsewhere));
        let reset = listener.next().unwrap();
        assert_eq!((&*reset.event, &*reset.id), ("reset", ""));
        assert!(listener.next().is_none());
        // An empty id is the one that a browser sends after it.
        assert_eq!(Listener::connect(address, &id, Some("")).next().unwrap().event, "opened");
    });
}

#[test]
fn impossible_live_requests_get_a_problem() {
    served(|address| {
        let id = opened(address, "Ann");
        let live = |id: &str, headers: &[(&str, &str)]| {
            ask(address, "GET", &format!("/accounts/{id}/live"), headers, &Value::Null)
        };
        let refused = live(&id, &[("last-event-id", "7")]);
        assert_eq!((refused.status, refused.body["title"].as_str()), (400, Some("no place in the log")));
        assert_eq!(live("0192d3a0-0000-7000-8000-000000000000", &[]).status, 404);
    });
}
