//! The values of the parameters of an append.

use std::collections::HashSet;

use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::insert::{BLOCK, Shape};
use super::known::Known;
use crate::error::{Error, ErrorKind};
use crate::id::{Mark, Slice, Version};
use crate::recorder::sql::{ColumnType, EventTable};
use crate::recorder::verdict::preceding;
use crate::recorder::{Commit, Step};
use crate::stored_event::{ColumnValue, StoredEvent};

/// The parameters of a statement.
pub(super) type Parameters<'a> = Vec<&'a (dyn ToSql + Sync)>;

/// The values of a commit of one event.
pub(super) struct One<'a> {
    id: Uuid,
    version: i64,
    commit: Uuid,
    topic: &'a str,
    state: &'a [u8],
    slice: i16,
    once: bool,
    before: Before,
    key: Option<Vec<u8>>,
    own: Vec<Own<'a>>,
}

/// The comparison that the server makes before it stores an event.
enum Before {
    /// It looks for the event at this version.
    Looked(i64),
    /// It compares the file in which the session saw the event stored; no file if the event follows none.
    Seen(Option<u32>),
}

impl<'a> One<'a> {
    /// Returns the values of a commit that consists of one event, under a data key that is stored already.
    pub(super) fn of(
        commit: &'a Commit,
        step: Option<&Step>,
        table: &EventTable,
        known: &Known,
    ) -> Result<Option<Self>, Error> {
        let ([event], None) = (commit.events(), step) else { return Ok(None) };
        let key = match commit.keys() {
            [] => None,
            // The first event of an aggregate brings a data key that is not stored yet.
            [key] if key.aggregate() == event.id && event.version > Version::INITIAL => key.key(),
            _ => return Ok(None),
        };
        if key.is_none() && !commit.keys().is_empty() {
            return Ok(None);
        }
        let own = table.own.iter().map(|(name, of)| Own::of(event, name.as_str(), *of));
        Ok(Some(Self {
            id: event.id,
            version: event.version.into(),
            commit: commit.id().uuid(),
            topic: &event.topic,
            state: &event.state,
            slice: slice(event),
            once: commit.is_once(),
            before: match preceding(commit).pop() {
                None => Before::Seen(None),
                Some((id, version)) => match known.file_with(id, version) {
                    None => Before::Looked(version.into()),
                    seen => Before::Seen(seen),
                },
            },
            key: key.map(|key| key.to_bytes().to_vec()),
            own: own.collect::<Result<_, _>>()?,
        }))
    }

    /// Returns whether the server has to look for the event before.
    pub(super) const fn looks(&self) -> bool {
        matches!(self.before, Before::Looked(_))
    }

    pub(super) fn parameters(&self) -> Parameters<'_> {
        let Self { id, version, commit, topic, state, slice, once, before, key, own } = self;
        let before: &(dyn ToSql + Sync) = match before {
            Before::Looked(version) => version,
            Before::Seen(file) => file,
        };
        let mut made: Parameters<'_> = vec![id, version, commit, topic, state, slice, once, before, key];
        made.extend(own.iter().map(Own::parameter));
        made
    }
}

/// The values of several commits, with at most one step among them.
#[derive(Default)]
pub(super) struct Batch<'a> {
    at: Vec<i32>,
    ids: Vec<Uuid>,
    versions: Vec<i64>,
    commits: Vec<Uuid>,
    topics: Vec<&'a str>,
    states: Vec<&'a [u8]>,
    slices: Vec<i16>,
    once: Vec<bool>,
    /// The places before the commits, of those that the session did not see stored.
    before_ids: Vec<Uuid>,
    before_versions: Vec<i64>,
    /// The number of the file in which the session saw the others.
    file: Option<u32>,
    /// The aggregates that have a data key, with the key.
    key_ids: Vec<Uuid>,
    keys: Vec<Vec<u8>>,
    wrapped: Vec<&'a [u8]>,
    /// The aggregates that have no data key.
    keyless: Vec<Uuid>,
    step: Option<StepValues<'a>>,
    own: Vec<OwnColumn<'a>>,
}

impl<'a> Batch<'a> {
    pub(super) fn of(
        commits: &[&'a Commit],
        step: Option<&'a Step>,
        table: &EventTable,
        known: &Known,
    ) -> Result<Self, Error> {
        let mut made = Self { step: step.map(StepValues::of), ..Self::default() };
        let all = commits.iter().flat_map(|commit| commit.events().iter().map(move |event| (*commit, event)));
        // Sorted, so that statements that cross wait for each other in one order.
        let mut rows: Vec<(i32, (&Commit, &StoredEvent))> = (0..).zip(all).collect();
        rows.sort_unstable_by_key(|(_, (_, event))| (event.id, event.version));
        for (at, (commit, event)) in &rows {
            made.at.push(*at);
            made.ids.push(event.id);
            made.versions.push(event.version.into());
            made.commits.push(commit.id().uuid());
            made.topics.push(&event.topic);
            made.states.push(&event.state);
            made.slices.push(slice(event));
            made.once.push(commit.is_once());
        }
        for (name, of) in &table.own {
            let values = rows.iter().map(|(_, (_, event))| Own::of(event, name.as_str(), *of));
            made.own.push(OwnColumn::of(*of, values)?);
        }
        for (id, version) in commits.iter().flat_map(|commit| preceding(commit)) {
            let file = known.file_with(id, version);
            if file.is_none() {
                made.before_ids.push(id);
                made.before_versions.push(version.into());
            }
            made.file = made.file.or(file);
        }
        made.add_keys(commits);
        Ok(made)
    }

    /// Adds the data keys, which are compared and may be new, sorted by id, and the aggregates that have none.
    fn add_keys(&mut self, commits: &[&'a Commit]) {
        let mut touched: HashSet<Uuid> = HashSet::new();
        let mut brought = Vec::new();
        for key in commits.iter().flat_map(|commit| commit.keys()) {
            let Some((id, wrapped)) = key.key().zip(key.wrapped()) else { continue };
            if touched.insert(key.aggregate()) {
                brought.push((key.aggregate(), id.to_bytes().to_vec(), wrapped));
            }
        }
        for event in commits.iter().flat_map(|commit| commit.events()) {
            if touched.insert(event.id) {
                self.keyless.push(event.id);
            }
        }
        brought.sort_unstable_by_key(|(aggregate, ..)| *aggregate);
        for (aggregate, key, wrapped) in brought {
            self.key_ids.push(aggregate);
            self.keys.push(key);
            self.wrapped.push(wrapped);
        }
    }

    /// Leaves out the comparison of data keys: for a notice, which needs none.
    pub(super) fn without_keys(mut self) -> Self {
        self.keyless.clear();
        self
    }

    pub(super) fn shape(&self) -> Shape {
        Shape {
            has_keys: !self.key_ids.is_empty(),
            has_step: self.step.is_some(),
            is_large: self.at.len() > BLOCK,
            looks: !self.before_ids.is_empty(),
        }
    }

    pub(super) fn parameters(&self) -> Parameters<'_> {
        let mut made: Parameters<'_> = vec![
            &self.at,
            &self.ids,
            &self.versions,
            &self.commits,
            &self.topics,
            &self.states,
            &self.slices,
            &self.once,
            &self.keyless,
            &self.file,
        ];
        if !self.before_ids.is_empty() {
            made.push(&self.before_ids);
            made.push(&self.before_versions);
        }
        if !self.key_ids.is_empty() {
            made.push(&self.key_ids);
            made.push(&self.keys);
            made.push(&self.wrapped);
        }
        if let Some(step) = &self.step {
            let StepValues { consumer, upstream, first, last, to, commit, from, from_commit } = step;
            let values: [&(dyn ToSql + Sync); 8] =
                [consumer, upstream, first, last, to, commit, from, from_commit];
            made.extend(values);
        }
        made.extend(self.own.iter().map(OwnColumn::parameter));
        made
    }
}

struct StepValues<'a> {
    consumer: &'a str,
    upstream: &'a str,
    first: i16,
    last: i16,
    to: i64,
    commit: Uuid,
    from: Option<i64>,
    from_commit: Option<Uuid>,
}

impl<'a> StepValues<'a> {
    fn of(step: &'a Step) -> Self {
        let (cursor, to) = (step.cursor(), step.to());
        let [first, last] = slices(cursor.slices);
        Self {
            consumer: &cursor.consumer,
            upstream: &cursor.upstream,
            first,
            last,
            to: number(to),
            commit: to.commit().uuid(),
            from: step.from().map(number),
            from_commit: step.from().map(|from| from.commit().uuid()),
        }
    }
}

/// Returns a position for the server, which counts with signs.
pub(super) fn number(mark: Mark) -> i64 {
    mark.position().get().cast_signed()
}

/// Returns the first and the last slice for the server.
pub(super) fn slices(slices: crate::id::Slices) -> [i16; 2] {
    [slices.first(), slices.last()].map(|slice| i16::try_from(slice.get()).unwrap_or(i16::MAX))
}

fn slice(event: &StoredEvent) -> i16 {
    i16::try_from(Slice::of(event.id).get()).unwrap_or(i16::MAX)
}

/// A value in a column of the user's own.
enum Own<'a> {
    Integer(Option<i64>),
    Real(Option<f64>),
    Text(Option<String>),
    Bytes(Option<&'a [u8]>),
}

impl<'a> Own<'a> {
    fn of(event: &'a StoredEvent, column: &str, of: ColumnType) -> Result<Self, Error> {
        let value = event.columns.get(column).filter(|value| !matches!(value, ColumnValue::Null));
        let wrong = || {
            Error::new(
                ErrorKind::Invalid,
                format!("the column `{column}` has another type than its value; change one of them"),
            )
        };
        Ok(match (of, value) {
            (ColumnType::Integer, Some(ColumnValue::Integer(number))) => Self::Integer(Some(*number)),
            // A number that does not fit counts as no number.
            (ColumnType::Integer, None | Some(ColumnValue::Real(_))) => Self::Integer(None),
            (ColumnType::Real, None) => Self::Real(None),
            (ColumnType::Real, Some(ColumnValue::Real(number))) => Self::Real(Some(*number)),
            #[expect(clippy::cast_precision_loss, reason = "the column holds no other numbers")]
            (ColumnType::Real, Some(ColumnValue::Integer(number))) => Self::Real(Some(*number as f64)),
            (ColumnType::Text, None) => Self::Text(None),
            (ColumnType::Text, Some(ColumnValue::Text(text))) => Self::Text(Some(text.clone())),
            (ColumnType::Text, Some(ColumnValue::Integer(number))) => Self::Text(Some(number.to_string())),
            (ColumnType::Text, Some(ColumnValue::Real(number))) => Self::Text(Some(number.to_string())),
            (ColumnType::Bytes, None) => Self::Bytes(None),
            (ColumnType::Bytes, Some(ColumnValue::Bytes(bytes))) => Self::Bytes(Some(bytes)),
            _ => return Err(wrong()),
        })
    }

    fn parameter(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Integer(number) => number,
            Self::Real(number) => number,
            Self::Text(text) => text,
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// The values in a column of the user's own.
enum OwnColumn<'a> {
    Integers(Vec<Option<i64>>),
    Reals(Vec<Option<f64>>),
    Texts(Vec<Option<String>>),
    Bytes(Vec<Option<&'a [u8]>>),
}

impl<'a> OwnColumn<'a> {
    fn of(of: ColumnType, values: impl Iterator<Item = Result<Own<'a>, Error>>) -> Result<Self, Error> {
        let mut column = match of {
            ColumnType::Integer => Self::Integers(Vec::new()),
            ColumnType::Real => Self::Reals(Vec::new()),
            ColumnType::Text => Self::Texts(Vec::new()),
            ColumnType::Bytes => Self::Bytes(Vec::new()),
        };
        for value in values {
            match (&mut column, value?) {
                (Self::Integers(numbers), Own::Integer(number)) => numbers.push(number),
                (Self::Reals(numbers), Own::Real(number)) => numbers.push(number),
                (Self::Texts(texts), Own::Text(text)) => texts.push(text),
                (Self::Bytes(all), Own::Bytes(bytes)) => all.push(bytes),
                // A value has the type of its column.
                _ => {}
            }
        }
        Ok(column)
    }

    fn parameter(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Integers(numbers) => numbers,
            Self::Reals(numbers) => numbers,
            Self::Texts(texts) => texts,
            Self::Bytes(all) => all,
        }
    }
}
