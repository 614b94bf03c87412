//! Audits a round: the log against the writers' records, and each subscriber's record against the log.

use std::collections::{HashMap, HashSet};

use es_runtime::id::{Slice, Slices};
use uuid::Uuid;

use super::record::Read;
use super::scene::{Scene, Stored};
use super::subscriber::{Manner, SLICES};
use super::writer::read_all;
use crate::postgres::Row;

#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) commits: u64,
    pub(crate) events: u64,
    pub(crate) conflicts: u64,
    pub(crate) stops: u64,
    pub(crate) read: u64,
    pub(crate) missed_by_naive: u64,
    pub(crate) lost: u64,
    pub(crate) repeated: u64,
    pub(crate) reversed: u64,
    pub(crate) wrong: u64,
}

impl Counts {
    pub(crate) fn of(scene: &Scene, log: &[Stored], naive: &[Row]) -> Self {
        let mut counts = Self { events: log.len() as u64, ..Self::default() };
        counts.the_log(scene, log);
        let all: Vec<Row> = log.iter().map(|stored| stored.row).collect();
        let naive: HashSet<&Row> = naive.iter().collect();
        counts.missed_by_naive = all.iter().filter(|row| !naive.contains(row)).count() as u64;
        let asked_for: Vec<Row> =
            log.iter().filter(|stored| stored.is_asked_for).map(|stored| stored.row).collect();
        for manner in Manner::ALL {
            for (name, slices) in manner.records().iter().zip(Slices::split::<SLICES>()) {
                let is_in = |row: &&Row| manner != Manner::Slices || slices.contains(Slice::of(row.id));
                let expected: Vec<Row> = asked_for.iter().filter(is_in).copied().collect();
                counts.subscriber(name, &Read::from(&scene.folder().join(name)), &expected);
            }
        }
        counts
    }

    /// Checks that every acknowledged commit is in the log as the writer was told, and that versions grow.
    fn the_log(&mut self, scene: &Scene, log: &[Stored]) {
        let mut commits: HashMap<Uuid, (u64, u64, u64)> = HashMap::new();
        let mut newest: HashMap<Uuid, u64> = HashMap::new();
        for Row { position, commit, id, version, .. } in log.iter().map(|stored| stored.row) {
            let known = commits.entry(commit).or_insert((position, position, 0));
            *known = (known.0, position, known.2 + 1);
            self.reversed += u64::from(newest.insert(id, version).unwrap_or(0) + 1 != version);
        }
        self.commits = commits.len() as u64;
        let (acknowledged, conflicts) = read_all(scene.folder());
        self.conflicts = conflicts;
        for told in acknowledged {
            let found = commits.get(&told.commit).copied();
            if found != Some((told.first, told.last, told.events)) {
                println!("lost: {} of {} events, found as {found:?}", told.commit, told.events);
                self.lost += 1;
            }
        }
    }

    /// Checks that a subscriber got exactly the events that it asked for.
    fn subscriber(&mut self, name: &str, read: &Read, expected: &[Row]) {
        self.read += read.rows.len() as u64;
        self.stops += read.stops;
        for text in &read.wrong {
            println!("wrong: `{name}`: {text}");
        }
        self.wrong += read.wrong.len() as u64;
        if read.rows == expected {
            return;
        }
        let (got, stored): (HashSet<&Row>, HashSet<&Row>) =
            (read.rows.iter().collect(), expected.iter().collect());
        let lost = stored.difference(&got).count() as u64;
        let repeated = (read.rows.len() - got.len()) as u64;
        let reversed = read.rows.windows(2).filter(|pair| pair[0].position > pair[1].position).count() as u64;
        let invented = got.difference(&stored).count() as u64;
        println!("`{name}`: lost {lost}, repeated {repeated}, out of order {reversed}, in no log {invented}");
        self.lost += lost;
        self.repeated += repeated;
        self.reversed += reversed;
        self.wrong += invented;
    }
}
