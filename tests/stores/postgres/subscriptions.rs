//! Readers that follow the log while connections are cut: no event is lost, doubled or out of order. And the log in
//! sections, though its positions have gaps.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use es_runtime::log::{SectionReader, Subscription};
use es_runtime::recorder::{ApplicationRecorder, PostgresOptions, PostgresRecorder, Tables};
use es_runtime::wait::timeout;
use es_runtime::{Application, ErrorKind, Wait, aggregate, mutator};

use super::{Database, log, open};
use crate::account::{Account, AccountEvent, Deposited};
use crate::postgres::{Server, by_hand_as};
use crate::server;

#[aggregate]
pub(crate) struct Meter {
    count: u64,
}

#[mutator]
impl Meter {
    #[event(Started)]
    pub(crate) fn start() -> Self {
        Self { count: 0 }
    }

    #[event(Counted)]
    pub(crate) fn count(&mut self) {
        self.count += 1;
    }
}

fn application(recorder: &PostgresRecorder) -> Application {
    Application::on(Arc::new(recorder.clone())).open().wait().unwrap()
}

pub(crate) fn subscriptions_survive_killed_backends() {
    const WRITERS: usize = 4;
    const COMMITS: usize = 100;
    let Database { recorder, schema, .. } = open();
    let app = application(&recorder);
    let ended = AtomicBool::new(false);
    let follow = |page: usize| {
        let (mut events, mut seen) = (app.log::<MeterEvent>().page_events(page).follow(), Vec::new());
        while seen.len() < WRITERS * COMMITS {
            let next = timeout(Duration::from_secs(60), events.next()).wait();
            let event = next.unwrap_or_else(|_| panic!("nothing comes after {} events", seen.len()));
            let event = event.expect("nobody stops it").expect("only a diverged log ends it");
            seen.push((event.position(), event.envelope().id(), event.envelope().version().get()));
        }
        seen
    };
    let (killed, followed) = thread::scope(|scope| {
        // The watch, the readers and the writers alike.
        let killer = scope.spawn(|| server::kill_while(|| !ended.load(Ordering::Relaxed), &schema, 2));
        let following = [1_000, 7, 1].map(|page| scope.spawn(move || follow(page)));
        let writing: Vec<_> = (0..WRITERS)
            .map(|_| {
                scope.spawn(|| {
                    let mut meter = Meter::start();
                    app.save(&mut meter).wait().unwrap();
                    for _ in 1..COMMITS {
                        meter.count();
                        app.save(&mut meter).wait().unwrap();
                    }
                })
            })
            .collect();
        for writing in writing {
            writing.join().unwrap();
        }
        let followed = following.map(|following| following.join().unwrap());
        ended.store(true, Ordering::Relaxed);
        (killer.join().unwrap(), followed)
    });
    assert!(killed > 5, "only {killed} backends were killed");
    let stored: Vec<_> =
        log(&recorder).iter().map(|row| (row.position(), row.event.id, row.event.version.get())).collect();
    for seen in followed {
        assert_eq!(seen, stored, "a follower beside {killed} killed backends");
    }
    let mut last = BTreeMap::new();
    for (_, id, version) in stored {
        assert_eq!(last.insert(id, version).unwrap_or(0) + 1, version);
    }
}

pub(crate) fn a_subscription_hears_of_commits_of_others() {
    let Database { recorder, schema, .. } = open();
    // Another handle has connections and a watch of its own, like another process.
    let other = server::in_schema(&schema).application_name("other").open().unwrap();
    let other = application(&other.recorder(&Tables::default()).unwrap());
    let mut events = application(&recorder).log::<MeterEvent>().follow();
    assert!(timeout(Duration::from_millis(300), events.next()).wait().is_err());
    for _ in 0..5 {
        let mut meter = Meter::start();
        other.save(&mut meter).wait().unwrap();
        let next = timeout(Duration::from_secs(20), events.next()).wait().expect("it wakes");
        assert_eq!(next.unwrap().unwrap().envelope().id(), meter.id().uuid());
    }
}

/// Another program commits a row, and tells nobody: notifications are hints, and a subscription looks from time to time.
///
/// The test has a database of its own, because a notification of another test reaches all sessions of its database.
pub(crate) fn a_commit_that_nobody_tells_of_is_returned() {
    let name = server::new_schema();
    server::by_hand(&format!("CREATE DATABASE {name}"));
    let (before, _) = server::uri().rsplit_once('/').unwrap();
    let uri = format!("{before}/{name}");
    let handle = uri.parse::<PostgresOptions>().unwrap().connections(4).open().unwrap();
    let app = application(&handle.recorder(&Tables::default()).unwrap());
    let mut ann = Account::open("Ann".into());
    app.save(&mut ann).wait().unwrap();
    let next = |events: &mut Subscription<AccountEvent>| {
        timeout(Duration::from_secs(20), events.next())
            .wait()
            .expect("it looks from time to time")
            .unwrap()
            .unwrap()
    };
    let seen: Vec<_> = thread::scope(|scope| {
        let waiting = (0..20).map(|_| {
            scope.spawn(|| {
                let mut events = app.log::<AccountEvent>().follow();
                assert_eq!(next(&mut events).envelope().id(), ann.id().uuid(), "it is stored already");
                next(&mut events)
            })
        });
        let waiting: Vec<_> = waiting.collect();
        // By then the watch is connected, and has told of the save: nothing else wakes the subscriptions.
        thread::sleep(Duration::from_millis(1_500));
        let watches = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND (query LIKE 'NOTIFY%' OR query LIKE '%LISTEN%')"
        );
        assert_eq!(server::by_hand(&watches), ["1"], "all subscriptions share one session");
        let id = ann.id();
        let insert = format!(
            "INSERT INTO public.stored_events (log_position, version, id, commit_id, slice, once, topic, state)
             SELECT nextval('public.stored_events_block') << 10, 2, id, gen_random_uuid(), slice, false,
                    'Account.Deposited', convert_to('{state}', 'UTF8')
               FROM public.stored_events WHERE id = '{id}'",
            state = r#"{"at":0,"data":{"amount":7}}"#
        );
        by_hand_as(&uri, &insert).unwrap();
        waiting.into_iter().map(|waiting| waiting.join().unwrap()).collect()
    });
    assert_eq!(seen.len(), 20);
    for event in seen {
        assert_eq!((event.envelope().id(), event.envelope().version().get()), (ann.id().uuid(), 2));
        assert!(
            matches!(event.event(), AccountEvent::Deposited(Deposited { amount: 7 })),
            "{:?}",
            event.event()
        );
    }
    drop((app, handle));
    server::by_hand(&format!("DROP DATABASE {name} WITH (FORCE)"));
}

pub(crate) fn sections_lead_past_gaps_between_positions() {
    let Database { recorder, .. } = open();
    let app = application(&recorder);
    for _ in 0..12 {
        app.save(&mut Meter::start()).wait().unwrap();
    }
    recorder.resolve(&app.save(&mut Meter::start()).wait().unwrap()).wait().unwrap();
    let rows = log(&recorder);
    assert!(rows.last().unwrap().position().get() > 10_000);
    let mut fixed = SectionReader::new(app.sections(10).unwrap());
    assert_eq!(fixed.next_batch(100).wait().unwrap(), rows);
    assert!(fixed.sections() < 40, "{} sections for 13 rows", fixed.sections());
    let mut sliding = SectionReader::sliding(app.sections(10).unwrap().sliding(), 10);
    assert_eq!(sliding.next_batch(100).wait().unwrap(), rows);
    assert_eq!(sliding.sections(), 2);
}

/// Saves until the store has it: the server may be away.
fn save(app: &Application, meter: &mut Meter) {
    let began = Instant::now();
    while let Err(error) = app.save(&mut *meter).wait() {
        let may_try_again = error.is_transient() || error.kind() == ErrorKind::OutcomeUnknown;
        assert!(may_try_again && began.elapsed() < Duration::from_secs(60), "{error}");
        thread::sleep(Duration::from_millis(10));
    }
}

pub(crate) fn a_restarted_server_costs_a_subscription_nothing() {
    let mut server = Server::start("fsync = off").unwrap();
    let open = || {
        let options: PostgresOptions = server.uri().parse().unwrap();
        options.connections(4).open().unwrap().recorder(&Tables::default()).unwrap()
    };
    // The readers have connections and a watch of their own, like another process.
    let (writing, reading) = (open(), open());
    let (app, readers) = (application(&writing), application(&reading));
    let (ended, stored) = (AtomicBool::new(false), AtomicUsize::new(usize::MAX));
    let follow = |page: usize| {
        let (mut events, mut seen) = (readers.log::<MeterEvent>().page_events(page).follow(), Vec::new());
        let mut waited = Instant::now();
        while seen.len() < stored.load(Ordering::SeqCst) {
            let Ok(next) = timeout(Duration::from_millis(100), events.next()).wait() else {
                assert!(waited.elapsed() < Duration::from_secs(60), "nothing comes after {}", seen.len());
                continue;
            };
            let event = next.expect("nobody stops it").expect("the subscriber gets no error");
            seen.push((event.position(), event.envelope().id(), event.envelope().version().get()));
            waited = Instant::now();
        }
        seen
    };
    let followed = thread::scope(|scope| {
        let following = [1_000, 1].map(|page| scope.spawn(move || follow(page)));
        let write = || {
            let (mut meter, mut saved) = (Meter::start(), 1);
            save(&app, &mut meter);
            while !ended.load(Ordering::SeqCst) {
                meter.count();
                save(&app, &mut meter);
                saved += 1;
                thread::sleep(Duration::from_millis(1));
            }
            saved
        };
        let writers: Vec<_> = (0..4).map(|_| scope.spawn(write)).collect();
        for away in [0, 300, 700] {
            thread::sleep(Duration::from_millis(400));
            server.stop();
            thread::sleep(Duration::from_millis(away));
            server.run().unwrap();
        }
        thread::sleep(Duration::from_millis(300));
        ended.store(true, Ordering::SeqCst);
        let saved: usize = writers.into_iter().map(|writer| writer.join().unwrap()).sum();
        // The last restart comes over subscriptions that wait.
        server.stop();
        server.run().unwrap();
        save(&app, &mut Meter::start());
        stored.store(saved + 1, Ordering::SeqCst);
        following.map(|following| following.join().unwrap())
    });
    let log = log(&reading);
    assert_eq!(log.len(), stored.into_inner(), "every save is stored once");
    assert!(log.len() > 100, "only {} events were stored", log.len());
    let log: Vec<_> = log.iter().map(|row| (row.position(), row.event.id, row.event.version.get())).collect();
    for seen in followed {
        assert_eq!(seen, log, "a follower of a server that was restarted");
    }
}
