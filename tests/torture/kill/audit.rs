//! Audits the remains: the log against the acknowledged saves, the aggregates, and the follower's record.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use es_runtime::mapper::Mapper;
use es_runtime::{Application, Id, Wait};
use uuid::Uuid;

use super::domain::{Tally, TallyEvent};
use super::follower::{SEEN, line, read_behind};
use super::mode::Mode;
use super::process::Acknowledged;

/// A save as the log has it: the parts in their order, and the version of each aggregate after the save.
#[derive(Default)]
struct Stored {
    parts: Vec<u64>,
    of: u64,
    versions: HashMap<Uuid, u64>,
}

/// Returns the counts that follow the kills in the table.
pub(crate) fn audit(folder: &Path, mode: &str, acknowledged: &[Acknowledged]) -> [u64; 9] {
    let app = Mode::named(mode).open(folder);
    let log = Log::read(&app);
    let is_lost = |save: &&Acknowledged| {
        let Some(stored) = log.saves.get(&save.save) else { return true };
        let is_there = |(id, version): &(String, u64)| {
            id.parse().is_ok_and(|id| stored.versions.get(&id).is_some_and(|last| last == version))
        };
        !save.versions.iter().all(is_there)
    };
    let lost = acknowledged.iter().filter(is_lost).count() as u64;
    let (mut half, mut doubled) = (0, 0);
    for stored in log.saves.values() {
        let different: HashSet<u64> = stored.parts.iter().copied().collect();
        half += u64::from((different.len() as u64) < stored.of);
        doubled += u64::from(different.len() < stored.parts.len());
    }
    let wrong = log.states.iter().filter(|(id, state)| !is_as(&app, **id, **state)).count() as u64;
    let Followed { missed, repeated, disordered, made_up } = follower(folder, &log.lines);
    let wrong = wrong + made_up;
    app.close();
    let events = log.lines.len() as u64;
    let acknowledged = acknowledged.len() as u64;
    [acknowledged, events, lost, half, doubled, log.reversed + disordered, wrong, missed, repeated]
}

/// The content of the log.
#[derive(Default)]
struct Log {
    /// The events, as the follower writes them.
    lines: Vec<String>,
    saves: HashMap<u64, Stored>,
    /// The number of events of each aggregate, and the sum of their saves.
    states: HashMap<Uuid, (u64, u64)>,
    reversed: u64,
}

impl Log {
    fn read(app: &Application) -> Self {
        let mut log = Self::default();
        let mut mappers: HashMap<Uuid, Mapper> = HashMap::new();
        let (mut place, mut before) = (None, None);
        loop {
            let page = read_behind(app, place);
            if page.entries.is_empty() {
                return log;
            }
            place = page.through;
            for row in page.entries {
                log.reversed += u64::from(before.is_some_and(|before| before >= row.position()));
                before = Some(row.position());
                let id = row.event.id;
                let mapper = mappers
                    .entry(id)
                    .or_insert_with(|| app.store().mapper_for(id).wait().expect("the key can be read"));
                let event = mapper.decode::<TallyEvent>(&row.event).expect("the row can be read");
                let part = event.as_ref().and_then(|event| event.event().part());
                let (save, part, of) = part.expect("it is an event of a writer");
                let version = row.event.version.get();
                let state = log.states.entry(id).or_default();
                log.reversed += u64::from(version != state.0 + 1);
                *state = (state.0 + 1, state.1.wrapping_add(save));
                let stored = log.saves.entry(save).or_default();
                stored.of = of;
                log.reversed += u64::from(stored.parts.last().is_some_and(|last| *last > part));
                stored.parts.push(part);
                stored.versions.insert(id, version);
                log.lines.push(line(&row));
            }
        }
    }
}

/// Returns whether the aggregate, loaded from a snapshot if there is one, has the state that its events make.
fn is_as(app: &Application, id: Uuid, (count, sum): (u64, u64)) -> bool {
    let loaded = app.get(Id::<Tally>::from_uuid(id)).wait();
    loaded.is_ok_and(|tally| (tally.version().get(), tally.count, tally.sum) == (count, count, sum))
}

/// The record of the follower.
struct Followed {
    missed: u64,
    repeated: u64,
    disordered: u64,
    /// Events in the record that the log does not have.
    made_up: u64,
}

fn follower(folder: &Path, log: &[String]) -> Followed {
    let record = fs::read_to_string(folder.join(SEEN)).expect("the follower keeps a record");
    let seen: Vec<&str> = record.lines().collect();
    let different: HashSet<&str> = seen.iter().copied().collect();
    let stored: HashSet<&str> = log.iter().map(String::as_str).collect();
    let position = |line: &&str| line.split(' ').next().and_then(|text| text.parse::<u64>().ok());
    let positions: Vec<Option<u64>> = seen.iter().map(position).collect();
    let backwards = positions.windows(2).filter(|pair| pair[0] >= pair[1]).count();
    let repeated = seen.len() - different.len();
    Followed {
        missed: stored.difference(&different).count() as u64,
        repeated: repeated as u64,
        // An event that comes again is also out of order: the audit counts one fault once.
        disordered: backwards.saturating_sub(repeated) as u64,
        made_up: different.difference(&stored).count() as u64,
    }
}
