use std::fmt;
use std::ops::RangeInclusive;
use std::vec;

use super::section::{Section, SectionId};
use super::sections::SectionSource;
use crate::error::{Error, ErrorKind};
use crate::id::Position;
use crate::recorder::Notification;

/// A reader of a log by its sections, which keeps its place.
///
/// ```standalone_crate
/// # use es_runtime::{Application, Wait, aggregate, mutator};
/// # #[aggregate]
/// # pub struct Account { pub balance: i64 }
/// # #[mutator]
/// # impl Account {
/// #     #[event(Opened)]
/// #     pub fn open() -> Self { Self { balance: 0 } }
/// #     #[event(Deposited)]
/// #     pub fn deposit(&mut self, amount: i64) { self.balance += amount; }
/// # }
/// use es_runtime::log::SectionReader;
///
/// let app = Application::open("memory:").wait()?;
/// let mut account = Account::open();
/// (0..11).for_each(|_| account.deposit(1));
/// app.save(&mut account).wait()?;
///
/// let sections = app.sections(10)?;
/// let newest = sections.get("current").wait()?;
/// assert_eq!(newest.id.map(|id| id.to_string()).as_deref(), Some("11,20"));
///
/// let mut reader = SectionReader::new(sections);
/// while let Some(row) = reader.next().wait()? {
///     println!("{} {}", row.position(), row.event.topic);
/// }
/// assert_eq!(reader.position().map(|position| position.get()), Some(12));
/// # Ok::<(), es_runtime::Error>(())
/// ```
pub struct SectionReader<S> {
    source: S,
    /// The size of the sections, if they slide.
    sliding: Option<usize>,
    /// The last row that is read.
    position: Option<Position>,
    /// The row that the caller has, which is read once the caller asks for another.
    returned: Option<Position>,
    items: vec::IntoIter<Notification>,
    way: Way,
    sections: u64,
}

/// The way to the next section.
#[derive(Clone, Copy)]
enum Way {
    /// The reader has to find the section with its position first.
    Begin,
    Next(SectionId),
    End,
}

impl<S> fmt::Debug for SectionReader<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SectionReader").field("position", &self.position).finish_non_exhaustive()
    }
}

impl<S: SectionSource> SectionReader<S> {
    /// Makes a reader of fixed sections, which has read nothing yet. It finds its place back from the newest section, by
    /// the links.
    pub fn new(source: S) -> Self {
        let items = Vec::new().into_iter();
        Self { source, sliding: None, position: None, returned: None, items, way: Way::Begin, sections: 0 }
    }

    /// Makes a reader of [sliding](super::Sections::sliding) sections, which asks for so many rows at a time.
    pub fn sliding(source: S, rows: usize) -> Self {
        Self { sliding: Some(rows.max(1)), ..Self::new(source) }
    }

    /// Returns the position of the last row that is read. The row or the batch that the caller got last does not count
    /// yet: it counts once the caller asks for another. A [`Subscription`](super::Subscription::through) counts an event at
    /// once.
    pub const fn position(&self) -> Option<Position> {
        self.position
    }

    /// Goes on after a position, or from the beginning.
    pub fn seek(&mut self, position: impl Into<Option<Position>>) {
        (self.position, self.returned) = (position.into(), None);
        (self.items, self.way) = (Vec::new().into_iter(), Way::Begin);
    }

    /// Returns the number of sections that were asked for.
    pub const fn sections(&self) -> u64 {
        self.sections
    }

    /// Returns the next row; `None` if there is nothing new. A later call looks again.
    ///
    /// # Errors
    ///
    /// The errors of the source. A later call tries again from the same place.
    pub async fn next(&mut self) -> Result<Option<Notification>, Error> {
        self.position = self.returned.take().or(self.position);
        loop {
            if let Some(row) = self.items.find(|row| Some(row.position()) > self.position) {
                self.returned = Some(row.position());
                return Ok(Some(row));
            }
            let (section, begun) = match self.way {
                Way::End => {
                    self.way = Way::Begin;
                    return Ok(None);
                }
                Way::Begin => {
                    let Some(section) = self.find().await? else { return Ok(None) };
                    let begun = section.id.map(SectionId::first);
                    (section, begun)
                }
                Way::Next(id) => (self.ask(&id.to_string()).await?, Some(id.first())),
            };
            if section.next.is_some_and(|next| Some(next.first()) <= begun) {
                return Err(astray());
            }
            self.way = section.next.map_or(Way::End, Way::Next);
            self.items = section.items.into_iter();
        }
    }

    /// Returns up to so many rows. All of them count as read once the caller asks for more.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next). If there are rows before the error, the reader returns the rows, and the next call reports
    /// the error.
    pub async fn next_batch(&mut self, rows: usize) -> Result<Vec<Notification>, Error> {
        self.position = self.returned.take().or(self.position);
        let (begun, mut batch) = (self.position, Vec::new());
        while batch.len() < rows {
            match self.next().await {
                Ok(Some(row)) => batch.push(row),
                Err(error) if batch.is_empty() => return Err(error),
                Ok(None) | Err(_) => break,
            }
        }
        if let Some(last) = batch.last() {
            (self.position, self.returned) = (begun, Some(last.position()));
        }
        Ok(batch)
    }

    /// Goes to the first of these positions, and returns the rows of all of them.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next). The reader is then where it was before the call.
    pub async fn slice(&mut self, positions: RangeInclusive<Position>) -> Result<Vec<Notification>, Error> {
        let before = self.returned.or(self.position);
        self.seek(Position::new(positions.start().get() - 1));
        let mut rows = Vec::new();
        while self.returned.or(self.position).is_none_or(|at| at < *positions.end()) {
            match self.next().await {
                Ok(Some(row)) if row.position() > *positions.end() => {
                    self.seek(self.position);
                    break;
                }
                Ok(Some(row)) => rows.push(row),
                Ok(None) => break,
                Err(error) => {
                    self.seek(before);
                    return Err(error);
                }
            }
        }
        Ok(rows)
    }

    /// Finds the section with the first row after the position; `None` if there is no such position.
    async fn find(&mut self) -> Result<Option<Section>, Error> {
        let first = match self.position {
            None => Position::FIRST,
            Some(position) => match Position::new(position.get() + 1) {
                Some(first) => first,
                None => return Ok(None),
            },
        };
        if let Some(rows) = self.sliding {
            let last = Position::new(first.get().saturating_add(rows as u64 - 1)).unwrap_or(Position::MAX);
            return self.ask(&SectionId::new(first, last).to_string()).await.map(Some);
        }
        let mut section = self.ask("current").await?;
        while let Some((id, previous)) = section.id.zip(section.previous)
            && id.first() > first
        {
            if previous.first() >= id.first() {
                return Err(astray());
            }
            section = self.ask(&previous.to_string()).await?;
        }
        Ok(Some(section))
    }

    async fn ask(&mut self, id: &str) -> Result<Section, Error> {
        self.sections += 1;
        self.source.section(id).await
    }
}

/// Reports a source whose links would lead a reader in a circle.
fn astray() -> Error {
    let message = "the links of the sections lead in a circle; let the source return sections of one log, as \
                   `Application::sections` makes them";
    Error::new(ErrorKind::Invalid, message)
}
