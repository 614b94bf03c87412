//! The log in sections with links, and readers that follow them.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use es_runtime::id::{Position, Slices};
use es_runtime::log::{Section, SectionReader, SectionSource, Sections};
use es_runtime::recorder::{ApplicationRecorder, LogRange, MemoryRecorder};
use es_runtime::testing::faults::{Call, Faulty, Gate, When};
use es_runtime::{Application, Error, ErrorKind, Wait};

use crate::account::open;
use crate::application::apps;

/// Stores so many events, one by one.
fn store(app: &Application, events: usize) {
    let mut account = open();
    (1..events).for_each(|_| account.deposit(1));
    if events > 0 {
        app.save(&mut account).wait().unwrap();
    }
}

fn apps_with(events: usize) -> Vec<Application> {
    let apps = apps();
    for app in &apps {
        store(app, events);
    }
    apps
}

/// Returns id, number of items, link back and link on.
fn shape(section: &Section) -> (String, usize, String, String) {
    let text =
        |id: Option<_>| id.map_or_else(|| "none".to_owned(), |id: es_runtime::log::SectionId| id.to_string());
    (text(section.id), section.items.len(), text(section.previous), text(section.next))
}

fn get(sections: &Sections, id: &str) -> (String, usize, String, String) {
    shape(&sections.get(id).wait().unwrap())
}

fn is(id: &str, items: usize, previous: &str, next: &str) -> (String, usize, String, String) {
    (id.to_owned(), items, previous.to_owned(), next.to_owned())
}

fn at(position: u64) -> Position {
    Position::new(position).unwrap()
}

fn positions(rows: &[es_runtime::recorder::Notification]) -> Vec<u64> {
    rows.iter().map(|row| row.position().get()).collect()
}

#[test]
fn fixed_sections_have_links_both_ways() {
    for app in apps() {
        let sections = app.sections(10).unwrap();
        assert_eq!(get(&sections, "current"), is("1,10", 0, "none", "none"));
        store(&app, 7);
        assert_eq!(get(&sections, "current"), is("1,10", 7, "none", "none"));
        assert_eq!(get(&sections, "11,20"), is("11,20", 0, "1,10", "none"), "beyond the end");
        store(&app, 5);
        assert_eq!(get(&sections, "current"), is("11,20", 2, "1,10", "none"));
        assert_eq!(get(&sections, "1,10"), is("1,10", 10, "none", "11,20"));
        assert_eq!(get(&sections, "41,50"), is("41,50", 0, "11,20", "none"));
        let section = sections.get("11,20").wait().unwrap();
        assert_eq!(section.items[..], app.recorder().read_log(LogRange::all()).wait().unwrap().entries[10..]);
    }
}

#[test]
fn what_is_no_section_is_refused() {
    for app in apps_with(12) {
        let sections = app.sections(10).unwrap();
        for id in [
            "2,6", "1,2", "2,11", "11,10", "", "1", "1,", ",10", "a,b", "0,9", "1,10,20", "-1,8", "+1,+10",
            " 1,10",
        ] {
            let refused = sections.get(id).wait().unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Invalid, "{id:?}: {refused}");
        }
        let error = sections.get("2,6").wait().unwrap_err().to_string();
        assert!(error.contains("`1,10` is the one that holds position 2"), "{error}");
        assert_eq!(sections.clone().sliding().get("current").wait().unwrap_err().kind(), ErrorKind::Invalid);
        for size in [0, Sections::LARGEST + 1] {
            assert_eq!(app.sections(size).unwrap_err().kind(), ErrorKind::Invalid);
        }
        let last = format!("{},{}", (i64::MAX as u64 - 1) / 10 * 10 + 1, i64::MAX);
        assert_eq!(get(&sections, &last), is(&last, 0, "11,20", "none"));
    }
}

#[test]
fn sliding_sections_begin_anywhere_and_name_what_they_have() {
    for app in apps() {
        let sections = app.sections(5).unwrap().sliding();
        assert_eq!(get(&sections, "1,10"), is("none", 0, "none", "none"));
        store(&app, 5);
        for id in ["1,10", "1,5"] {
            assert_eq!(get(&sections, id), is("1,5", 5, "none", "6,10"));
        }
        assert_eq!(get(&sections, "6,10"), is("none", 0, "none", "none"));
        store(&app, 4);
        assert_eq!(get(&sections, "6,10"), is("6,9", 4, "none", "none"));
        assert_eq!(get(&sections, "3,7"), is("3,7", 5, "none", "8,12"));
        assert_eq!(get(&sections, "3,10"), is("3,7", 5, "none", "8,12"));
        assert_eq!(get(&sections, "3,4"), is("3,4", 2, "none", "5,6"));
        assert_eq!(get(&sections, "3,2"), is("none", 0, "none", "none"));
    }
}

#[test]
fn rows_are_selected_by_start_stop_limit_topics_and_slices() {
    for app in apps_with(9) {
        let sections = app.sections(5).unwrap();
        let select = |range: LogRange| positions(&sections.select(range).wait().unwrap().entries);
        assert_eq!(select(LogRange::all()), [1, 2, 3, 4, 5]);
        assert_eq!(select(LogRange::all().from(at(4)).limit(3)), [4, 5, 6]);
        assert_eq!(select(LogRange::all().from(at(4)).up_to(at(5))), [4, 5]);
        assert_eq!(select(LogRange::all().topics(["Account.Opened"])), [1]);
        let halves: Vec<u64> =
            Slices::split::<2>().into_iter().flat_map(|half| select(LogRange::all().slices(half))).collect();
        assert_eq!(halves, [1, 2, 3, 4, 5]);
        let error = sections.select(LogRange::all().limit(20)).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains("20") && error.to_string().contains('5'), "{error}");
    }
}

#[test]
fn a_section_is_a_document() {
    for app in apps_with(2) {
        let section = app.sections(10).unwrap().get("current").wait().unwrap();
        let document = section.to_json().unwrap();
        assert_eq!(Section::from_json(&document).unwrap(), section);
        let value: serde_json::Value = serde_json::from_str(&document).unwrap();
        // Sorted keys, four blanks deep.
        let mut sorted = Vec::new();
        let format = serde_json::ser::PrettyFormatter::with_indent(b"    ");
        serde::Serialize::serialize(&value, &mut serde_json::Serializer::with_formatter(&mut sorted, format))
            .unwrap();
        assert_eq!(document, String::from_utf8(sorted).unwrap());
        assert_eq!((&value["id"], &value["next"]), (&"1,10".into(), &serde_json::Value::Null));
        assert_eq!(value["items"][1]["topic"], "Account.Deposited");
        for damaged in [
            "",
            "[]",
            "{}",
            &document.replace("1,10", "1;10"),
            &document.replace("\"version\": 2", "\"version\": -2"),
            &document.replace("\"position\": 2", "\"position\": 0"),
            &document.replace("\"state\": \"", "\"state\": \"*"),
            &document.replace("\"topic\": \"Account.Opened", "\"topic\": \"\\u0000"),
            &document.replace("\"items\"", "\"rows\""),
            &document.replace("\"position\": 1", "\"position\": 2"),
            &document.replace("\"position\": 2", "\"position\": 11"),
            &document.replace("\"next\": null", "\"next\": \"1,10\""),
            &document.replace("\"previous\": null", "\"previous\": \"11,20\""),
        ] {
            let refused = Section::from_json(damaged).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Invalid, "{damaged}");
        }
    }
}

/// A source that counts, keeps what it was asked for, and can be unreachable.
struct Remote {
    sections: Sections,
    asked: Mutex<Vec<String>>,
    is_down: Mutex<bool>,
}

impl Remote {
    fn of(sections: Sections) -> Self {
        Self { sections, asked: Mutex::default(), is_down: Mutex::default() }
    }
}

impl SectionSource for &Remote {
    async fn section(&self, id: &str) -> Result<Section, Error> {
        self.asked.lock().unwrap().push(id.to_owned());
        if *self.is_down.lock().unwrap() {
            return Err(Error::new(ErrorKind::Unavailable, "the server cannot be reached"));
        }
        // As it comes over the wire.
        Section::from_json(&self.sections.get(id).await?.to_json()?)
    }
}

#[test]
fn a_reader_goes_back_to_its_place_and_then_forward() {
    for app in apps_with(25) {
        let remote = Remote::of(app.sections(10).unwrap());
        let mut reader = SectionReader::new(&remote);
        assert_eq!(reader.position(), None);
        let all = reader.next_batch(100).wait().unwrap();
        assert_eq!(positions(&all), (1..=25).collect::<Vec<_>>());
        assert_eq!(*remote.asked.lock().unwrap(), ["current", "11,20", "1,10", "11,20", "21,30"]);
        assert_eq!((reader.sections(), reader.position()), (5, None), "the batch is not handled yet");
        assert!(reader.next().wait().unwrap().is_none(), "there is nothing new");
        assert_eq!(reader.position(), Some(at(25)));
        store(&app, 10);
        assert_eq!(positions(&reader.next_batch(100).wait().unwrap()), (26..=35).collect::<Vec<_>>());

        reader.seek(at(22));
        assert_eq!(reader.next().wait().unwrap().unwrap().position(), 23);
        reader.seek(None);
        assert_eq!(reader.next().wait().unwrap().unwrap().position(), 1);
        assert_eq!(positions(&reader.slice(at(8)..=at(12)).wait().unwrap()), [8, 9, 10, 11, 12]);
        assert_eq!(reader.next().wait().unwrap().unwrap().position(), 13);
        assert_eq!(positions(&reader.slice(at(34)..=at(99)).wait().unwrap()), [34, 35]);
        assert!(reader.slice(at(50)..=at(40)).wait().unwrap().is_empty());
    }
}

#[test]
fn a_row_counts_as_read_once_the_caller_asks_for_the_next() {
    for app in apps_with(10) {
        let mut reader = SectionReader::new(app.sections(5).unwrap());
        for read in [None, None, Some(at(1)), Some(at(2))] {
            assert_eq!(reader.position(), read);
            reader.next().wait().unwrap().unwrap();
        }
        assert_eq!(reader.position(), Some(at(3)), "the fourth may not be handled yet");
    }
}

#[test]
fn a_reader_of_sliding_sections_needs_no_links_back() {
    for app in apps_with(9) {
        for (start, left) in [(0, 9), (1, 8), (2, 7), (3, 6), (7, 2), (8, 1), (9, 0)] {
            let remote = Remote::of(app.sections(5).unwrap().sliding());
            let mut reader = SectionReader::sliding(&remote, 10);
            reader.seek(Position::new(start));
            let rows = reader.next_batch(100).wait().unwrap();
            assert_eq!(positions(&rows), (start + 1..=9).collect::<Vec<_>>());
            assert_eq!(rows.len(), left);
            assert!(!remote.asked.lock().unwrap().contains(&"current".to_owned()));
        }
    }
}

#[test]
fn a_reader_goes_on_in_its_place_after_an_error() {
    for app in apps_with(25) {
        let remote = Remote::of(app.sections(10).unwrap());
        let mut reader = SectionReader::new(&remote);
        let mut rows = reader.next_batch(10).wait().unwrap();
        *remote.is_down.lock().unwrap() = true;
        for _ in 0..2 {
            assert_eq!(reader.next().wait().unwrap_err().kind(), ErrorKind::Unavailable);
        }
        *remote.is_down.lock().unwrap() = false;
        rows.extend(reader.next_batch(100).wait().unwrap());
        assert_eq!(positions(&rows), (1..=25).collect::<Vec<_>>());
        let asked = remote.asked.lock().unwrap();
        assert_eq!(asked[3..], ["11,20", "11,20", "11,20", "21,30"], "it does not look for its place again");
    }
}

/// A source whose sections lead in circles.
struct Circle(&'static [(&'static str, &'static str)]);

impl SectionSource for Circle {
    async fn section(&self, id: &str) -> Result<Section, Error> {
        let (_, document) = self.0.iter().find(|(known, _)| *known == id).expect("a section");
        let (own, beside) = document.split_once(' ').expect("two ids");
        let mut section = Section::default();
        section.id = Some(own.parse()?);
        if id == "current" {
            section.previous = Some(beside.parse()?);
        } else {
            section.next = Some(beside.parse()?);
        }
        Ok(section)
    }
}

#[test]
fn links_that_lead_in_a_circle_are_refused() {
    for circle in [
        Circle(&[("current", "11,20 11,20")]),
        Circle(&[("current", "11,20 21,30")]),
        Circle(&[("current", "11,20 1,10"), ("1,10", "1,10 1,10")]),
        Circle(&[("current", "11,20 1,10"), ("1,10", "1,10 11,20"), ("11,20", "11,20 1,10")]),
    ] {
        let mut reader = SectionReader::new(circle);
        assert_eq!(reader.next().wait().unwrap_err().kind(), ErrorKind::Invalid);
    }
}

#[test]
fn an_error_within_a_batch_or_a_slice_loses_no_row() {
    for app in apps_with(25) {
        let remote = Remote::of(app.sections(10).unwrap());
        // The source fails at the fifth request, and at each later one.
        let failing = Failing { remote: &remote, left: Mutex::new(4) };
        let mut reader = SectionReader::new(&failing);
        let batch = reader.next_batch(100).wait().unwrap();
        assert_eq!(positions(&batch), (1..=20).collect::<Vec<_>>());
        assert_eq!(reader.next_batch(100).wait().unwrap_err().kind(), ErrorKind::Unavailable);
        assert_eq!(reader.slice(at(1)..=at(25)).wait().unwrap_err().kind(), ErrorKind::Unavailable);
        *failing.left.lock().unwrap() = 100;
        assert_eq!(positions(&reader.next_batch(100).wait().unwrap()), (21..=25).collect::<Vec<_>>());
    }
}

struct Failing<'r> {
    remote: &'r Remote,
    left: Mutex<u32>,
}

impl SectionSource for &Failing<'_> {
    async fn section(&self, id: &str) -> Result<Section, Error> {
        let is_down = {
            let mut left = self.left.lock().unwrap();
            let is_down = *left == 0;
            *left = left.saturating_sub(1);
            is_down
        };
        if is_down {
            return Err(Error::new(ErrorKind::Unavailable, "the server cannot be reached"));
        }
        self.remote.section(id).await
    }
}

#[test]
fn a_section_with_a_link_on_is_complete() {
    for call in 1..=3 {
        let recorder = Faulty::new(MemoryRecorder::new());
        let faults = recorder.faults().clone();
        let app = Application::on(Arc::new(recorder)).open().wait().unwrap();
        store(&app, 7);
        let gate = Gate::closed();
        let held = faults.stall_after(Call::ReadLog, When::at_call(call), &gate);
        let sections = app.sections(10).unwrap();
        let getting = thread::spawn(move || sections.get("1,10").wait().unwrap());
        let begun = Instant::now();
        while gate.waiting() == 0 && begun.elapsed() < Duration::from_millis(200) {
            thread::sleep(Duration::from_millis(1));
        }
        store(&app, 5);
        gate.open();
        let section = getting.join().unwrap();
        assert!(section.next.is_none() || section.items.len() == 10, "{section:?}");
        assert!(call > 2 || held.strikes() == 1);
    }
}

#[test]
fn the_ends_of_the_positions_are_no_error() {
    for app in apps_with(3) {
        let mut fixed = SectionReader::new(app.sections(10).unwrap());
        let mut sliding = SectionReader::sliding(app.sections(10).unwrap().sliding(), usize::MAX);
        for position in [Position::MAX, at(Position::MAX.get() - 1)] {
            fixed.seek(position);
            sliding.seek(position);
            assert!(fixed.next().wait().unwrap().is_none());
            assert!(sliding.next().wait().unwrap().is_none());
        }
        assert!(sliding.slice(Position::MAX..=Position::MAX).wait().unwrap().is_empty());
    }
}
