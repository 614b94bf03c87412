//! The delay from the call that stores an event to the hands of a reader, in the same process and in another, while
//! writers store. By hand, the reader polls each millisecond, and may miss events.

use std::io::stdin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use es_benches::measuring;
use es_runtime::recorder::{ApplicationRecorder, LogRange, Mark};
use es_runtime::{Application, Wait};
use tokio::runtime::Runtime;

use crate::account::{Account, AccountEvent};
use crate::by_hand::{self, Connection, decoded};
use crate::group::Tasks;
use crate::measure::{on_this_thread, tokio};
use crate::one::deposit;
use crate::payload::now;
use crate::processes::{Other, read_line};
use crate::server::{Place, Server};

const ROLE: &str = "B6_FOLLOWER";
const WRITERS: usize = 16;
/// The pause of each writer between two commits.
const REST: Duration = Duration::from_millis(5);
/// The pause of the reader by hand between two looks.
const POLL: Duration = Duration::from_millis(1);
const PAGE: usize = 1_000;

/// Follows the log if [`delay`] started this process. Returns whether it did.
pub(crate) fn follows() -> bool {
    let Ok(role) = std::env::var(ROLE) else { return false };
    let [side, name, uri] = role.splitn(3, ' ').collect::<Vec<_>>().try_into().expect("three words");
    let place = Place { uri: uri.to_owned(), name: name.to_owned() };
    println!("ready");
    let is_over = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&is_over);
    thread::spawn(move || {
        read_line(&mut stdin().lock());
        flag.store(true, Ordering::Relaxed);
    });
    let delays: Vec<String> = follow(side, &place, &is_over).iter().map(i64::to_string).collect();
    println!("{}", delays.join(" "));
    true
}

pub(crate) fn delay(server: &Server) {
    println!(
        "\n{:<58} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "delay from append to reader, 16 tasks that rest 5 ms",
        "p50 ms",
        "p99 ms",
        "by hand",
        "p99 ms",
        "events/s"
    );
    let rounds = if measuring() { 3 } else { 1 };
    let millis = if measuring() { 2_000 } else { 100 };
    let (mut ours, mut by_hand) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for round in 0..2 * rounds {
        let is_ours = (round % 2 == 0) != (round / 2 % 2 == 1);
        let (side, all) = if is_ours { ("framework", &mut ours) } else { ("by_hand", &mut by_hand) };
        for (all, found) in all.iter_mut().zip(run(server, side, Duration::from_millis(millis))) {
            all.extend(found);
        }
    }
    let names = ["a reader in the same process", "a reader in another process"];
    for ((name, ours), by_hand) in names.iter().zip(&mut ours).zip(&mut by_hand) {
        let seconds = Duration::from_millis(millis * rounds).as_secs_f64();
        let rate = f64::from(u32::try_from(ours.len()).expect("few")) / seconds;
        let at = |delays: &mut Vec<i64>, percent: usize| {
            delays.sort_unstable();
            let delay = delays.get(delays.len() * percent / 100).copied().unwrap_or_default();
            Duration::from_micros(u64::try_from(delay).unwrap_or_default()).as_secs_f64() * 1e3
        };
        println!(
            "{name:<58} {:>9.2} {:>9.2} {:>9.2} {:>9.2} {rate:>9.0}",
            at(ours, 50),
            at(ours, 99),
            at(by_hand, 50),
            at(by_hand, 99)
        );
    }
}

/// Returns the delays of a reader here, and of one in another process, in microseconds.
fn run(server: &Server, side: &str, lasts: Duration) -> [Vec<i64>; 2] {
    let schema = if side == "framework" { server.schema() } else { server.by_hand() };
    let is_over = AtomicBool::new(false);
    let runtime = tokio();
    let app = (side == "framework").then(|| schema.application());
    let mut other = Other::start(ROLE, &format!("{side} {} {}", schema.name, schema.uri));
    assert_eq!(other.line(), "ready");
    thread::scope(|scope| {
        let here = scope.spawn(|| match &app {
            Some(app) => follow_with(app, &is_over),
            None => follow_by_hand(&schema, &is_over),
        });
        match &app {
            Some(app) => write(&runtime, app, lasts),
            None => write_by_hand(&runtime, &schema, lasts),
        }
        is_over.store(true, Ordering::Relaxed);
        other.go_on();
        let there = other.line().split(' ').filter_map(|delay| delay.parse().ok()).collect();
        other.end();
        [here.join().expect("it ends"), there]
    })
}

fn write(runtime: &Runtime, app: &Application, lasts: Duration) {
    runtime.block_on(async {
        let until = tokio::time::Instant::now() + lasts;
        let writer = |app: Application| async move {
            let mut account = Account::open("Ann".to_owned());
            while tokio::time::Instant::now() < until {
                deposit(&mut account, 1);
                app.save(&mut account).await.expect("it is saved");
                tokio::time::sleep(REST).await;
            }
        };
        let tasks: Vec<_> = (0..WRITERS).map(|_| tokio::spawn(writer(app.clone()))).collect();
        for task in tasks {
            task.await.expect("it ends");
        }
    });
}

fn write_by_hand(runtime: &Runtime, place: &Place, lasts: Duration) {
    let group = Tasks::start(runtime, place, 2);
    runtime.block_on(async {
        let until = tokio::time::Instant::now() + lasts;
        let writer = |group: Tasks| async move {
            let mut account = by_hand::Account::open().0;
            while tokio::time::Instant::now() < until {
                group.commit(account.deposit(1)).await;
                tokio::time::sleep(REST).await;
            }
        };
        let tasks: Vec<_> = (0..WRITERS).map(|_| tokio::spawn(writer(group.clone()))).collect();
        for task in tasks {
            task.await.expect("it ends");
        }
    });
}

fn follow(side: &str, place: &Place, is_over: &AtomicBool) -> Vec<i64> {
    if side == "framework" {
        follow_with(&place.application(), is_over)
    } else {
        follow_by_hand(place, is_over)
    }
}

fn follow_with(app: &Application, is_over: &AtomicBool) -> Vec<i64> {
    let (mut after, mut delays): (Option<Mark>, _) = (None, Vec::new());
    while !is_over.load(Ordering::Relaxed) {
        app.recorder().beyond(after).wait().expect("the server answers");
        loop {
            let range = LogRange::all().after(after).limit(PAGE);
            let page = app.recorder().read_log(range).wait().expect("it is read");
            let now = now();
            for entry in &page.entries {
                let event = app.store().mapper().decode::<AccountEvent>(&entry.event).expect("an event");
                let at = event.expect("it is of an account").envelope().timestamp().as_micros();
                delays.push(now - at);
            }
            after = page.through;
            if !page.more {
                break;
            }
        }
    }
    delays
}

fn follow_by_hand(place: &Place, is_over: &AtomicBool) -> Vec<i64> {
    on_this_thread().block_on(async {
        let connection = Connection::open(place).await;
        let (mut after, mut delays) = (0, Vec::new());
        while !is_over.load(Ordering::Relaxed) {
            let rows = connection.page(&mut after, i64::try_from(PAGE).expect("few")).await;
            let now = now();
            delays.extend(rows.iter().map(|row| now - decoded(row).0));
            if rows.is_empty() {
                thread::sleep(POLL);
            }
        }
        delays
    })
}
