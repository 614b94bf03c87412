//! The log in numbered sections, for readers elsewhere: each section is a document with links to those beside it.

use std::future::Future;

use super::section::{Section, SectionId};
use super::source::Source;
use crate::error::{Error, ErrorKind};
use crate::id::{Mark, Position};
use crate::recorder::{LogPage, LogRange, Notification};

/// The number of bytes of states read at a time.
const BYTES: usize = 16 << 20;

/// A log that a reader can ask for by sections: [`Sections`] in this program, or one of your own that asks a server.
pub trait SectionSource: Send + Sync {
    /// Returns the section with this id, such as `1,10`, or `current`.
    fn section(&self, id: &str) -> impl Future<Output = Result<Section, Error>> + Send;
}

/// The rows of the log in sections: see [`Application::sections`](crate::Application::sections).
///
/// A section has the rows of as many positions as its size: with a size of 10, the ids are `1,10`, `11,20` and so on, and
/// `current` names the newest. A section that has a `next` link never changes, so caches can keep it. Links lead past
/// sections without rows. A server holds all rows of a section in memory while it answers.
///
/// Fixed sections are nearly empty if positions have gaps, as on PostgreSQL. [`sliding`](Self::sliding) sections begin at
/// any position, and have as many rows as there are, up to 16 MiB of states.
#[derive(Clone, Debug)]
pub struct Sections {
    source: Source,
    size: usize,
    is_sliding: bool,
}

impl Sections {
    /// The largest size.
    pub const LARGEST: usize = 10_000;

    pub(crate) fn new(source: Source, size: usize) -> Result<Self, Error> {
        if size == 0 || size > Self::LARGEST {
            let message =
                format!("a section cannot have a size of {size}; choose a size from 1 to {}", Self::LARGEST);
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        Ok(Self { source, size, is_sliding: false })
    }

    /// Lets sections begin at any position. The id `3,12` asks for up to 10 rows from position 3 on, and for no more than
    /// the size. The id of the answer names the rows that it has. Sliding sections have no `current`, and no link back.
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
    /// let sections = app.sections(10)?.sliding();
    /// let section = sections.get("3,7").wait()?;
    /// assert_eq!(section.items.len(), 5);
    /// assert_eq!(section.next.map(|id| id.to_string()).as_deref(), Some("8,12"));
    ///
    /// let mut reader = SectionReader::sliding(sections, 10);
    /// assert_eq!(reader.next_batch(100).wait()?.len(), 12);
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn sliding(self) -> Self {
        Self { is_sliding: true, ..self }
    }

    /// Returns the size.
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Returns the section with this id, or the newest for `current`.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) if the id is none of these sections; the errors of the store.
    pub async fn get(&self, id: &str) -> Result<Section, Error> {
        if self.is_sliding {
            if id == "current" {
                let message = "sliding sections have no `current` one; ask for positions, as in `1,10`";
                return Err(Error::new(ErrorKind::Invalid, message));
            }
            return self.slide(id.parse()?).await;
        }
        let id = if id == "current" { self.current().await? } else { id.parse()? };
        if self.around(id.first()) != id {
            let message = format!(
                "`{id}` is no section of this log: with a size of {}, `{}` is the one that holds position {}",
                self.size,
                self.around(id.first()),
                id.first()
            );
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        self.fixed(id).await
    }

    /// Reads rows by a range, which may ask for topics and slices. The range has a limit, at most the size of a section.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) if the limit is larger than a section; the errors of the store.
    pub async fn select(&self, range: LogRange) -> Result<LogPage, Error> {
        match range.max_count() {
            Some(limit) if limit > self.size => {
                let message = format!(
                    "the limit of the range is {limit}, and the size of a section is {}; choose a limit up to that",
                    self.size
                );
                Err(Error::new(ErrorKind::Invalid, message))
            }
            _ => self.source.read(range.limit(self.size).limit_bytes(BYTES)).await,
        }
    }

    /// Returns the section that holds a position.
    fn around(&self, position: Position) -> SectionId {
        let before = (position.get() - 1) / self.size as u64 * self.size as u64;
        let last = before.saturating_add(self.size as u64);
        let at = |number| Position::new(number).unwrap_or(Position::MAX);
        SectionId::new(at(before + 1), at(last))
    }

    async fn current(&self) -> Result<SectionId, Error> {
        let newest = self.source.read(LogRange::all().limit(0)).await?.through;
        Ok(self.around(newest.map_or(Position::FIRST, Mark::position)))
    }

    async fn fixed(&self, id: SectionId) -> Result<Section, Error> {
        // The link on comes first: if a row after this section is complete, this section is, too.
        let next = match Position::new(id.last().get() + 1) {
            Some(after) => self.source.read(LogRange::all().from(after).limit(1)).await?.entries.pop(),
            None => None,
        };
        let items = self.rows(LogRange::all().from(id.first()).up_to(id.last()), self.size).await?;
        let previous = match Position::new(id.first().get() - 1) {
            Some(before) => self.source.read(LogRange::all().up_to(before).limit(0)).await?.through,
            None => None,
        };
        Ok(Section {
            id: Some(id),
            items,
            previous: previous.map(|mark| self.around(mark.position())),
            next: next.map(|row| self.around(row.position())),
        })
    }

    async fn slide(&self, asked: SectionId) -> Result<Section, Error> {
        let (first, last) = (asked.first().get(), asked.last().get());
        let asked_for = (last + 1).saturating_sub(first);
        let limit = usize::try_from(asked_for).unwrap_or(usize::MAX).min(self.size);
        let page =
            self.source.read(LogRange::all().from(asked.first()).limit(limit).limit_bytes(BYTES)).await?;
        let (items, more) = (page.entries, page.more);
        let id = items.first().zip(items.last());
        let id = id.map(|(first, last)| SectionId::new(first.position(), last.position()));
        let is_full = limit > 0 && (items.len() == limit || more);
        let after = id.filter(|_| is_full).and_then(|id| Position::new(id.last().get() + 1));
        let next = after.map(|after| {
            let last = Position::new(after.get().saturating_add(limit as u64 - 1));
            SectionId::new(after, last.unwrap_or(Position::MAX))
        });
        Ok(Section { id, items, previous: None, next })
    }

    /// Reads up to `limit` rows of a range, however many pages they take.
    async fn rows(&self, range: LogRange, limit: usize) -> Result<Vec<Notification>, Error> {
        let (mut rows, mut range) = (Vec::new(), range);
        while rows.len() < limit {
            let page = self.source.read(range.clone().limit(limit - rows.len()).limit_bytes(BYTES)).await?;
            rows.extend(page.entries);
            if !page.more {
                break;
            }
            range = range.after(page.through);
        }
        Ok(rows)
    }
}

impl SectionSource for Sections {
    async fn section(&self, id: &str) -> Result<Section, Error> {
        self.get(id).await
    }
}
