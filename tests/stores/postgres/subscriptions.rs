//! Readers that follow the log while connections are cut: no event is lost, doubled or out of order. And the log in
//! sections, though its positions have gaps.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use es_runtime::log::SectionReader;
use es_runtime::recorder::{ApplicationRecorder, PostgresRecorder, Tables};
use es_runtime::wait::timeout;
use es_runtime::{Application, Wait, aggregate, mutator};

use super::{Database, log, open};
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
