use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
use crate::stored_event::StoredEvent;

/// A name in a database: letters, digits and underscores, no digit first, at most 63 of them.
///
/// ```
/// use es_runtime::recorder::Identifier;
/// assert!("stored_events".parse::<Identifier>().is_ok());
/// assert!("events; DROP TABLE users".parse::<Identifier>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identifier(String);

impl Identifier {
    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Makes an identifier of a name that this crate holds, unchecked.
    fn known(name: &str) -> Self {
        Self(name.to_owned())
    }
}

impl FromStr for Identifier {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let begins = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
        if name.starts_with(begins) && name.chars().all(plain) && name.len() <= 63 {
            Ok(Self(name.to_owned()))
        } else {
            Err(Error::new(
                ErrorKind::Config,
                format!(
                    "{name:?} cannot be the name of a table or column; \
                     use letters, digits and underscores, no digit first, at most 63 of them"
                ),
            ))
        }
    }
}

/// Writes the name as it stands in a statement: quoted.
impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

/// The type of the values in a column of your own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnType {
    /// Whole numbers.
    Integer,
    /// Numbers with a fraction.
    Real,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
}

/// A table of events, with the names of the table and its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventTable {
    /// The user's own columns.
    pub(crate) own: Vec<(Identifier, ColumnType)>,
    pub(crate) name: Identifier,
    pub(crate) id: Identifier,
    pub(crate) version: Identifier,
    pub(crate) topic: Identifier,
    pub(crate) state: Identifier,
}

impl EventTable {
    /// The columns that every table of events has.
    pub(crate) const FIXED: [&'static str; 4] = ["commit_id", "log_position", "once", "slice"];

    /// Names a table with the columns `id`, `version`, `topic` and `state`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the name is no [`Identifier`].
    pub fn stored_events(name: &str) -> Result<Self, Error> {
        Self::with_columns(name, ["id", "version", "topic", "state"])
    }

    /// Names a table with the columns `sequence_id`, `position`, `topic` and `data`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the name is no [`Identifier`].
    pub fn sequenced_items(name: &str) -> Result<Self, Error> {
        Self::with_columns(name, ["sequence_id", "position", "topic", "data"])
    }

    /// Names a table with these columns for id, version, topic and state.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if a name is no [`Identifier`], occurs twice, or is `commit_id`, `log_position`, `once` or
    /// `slice`, which every table has.
    pub fn with_columns(name: &str, columns: [&str; 4]) -> Result<Self, Error> {
        let mut taken = Self::FIXED.map(str::to_owned).to_vec();
        for column in columns {
            if taken.iter().any(|taken| taken.eq_ignore_ascii_case(column)) {
                return Err(twice(name, column));
            }
            taken.push(column.to_owned());
        }
        let [id, version, topic, state] = columns;
        Ok(Self {
            own: Vec::new(),
            name: name.parse()?,
            id: id.parse()?,
            version: version.parse()?,
            topic: topic.parse()?,
            state: state.parse()?,
        })
    }

    /// Adds a column of your own, for the queries of other programs, which the mapper fills:
    /// [`Mapper::with_column`](crate::mapper::Mapper::with_column). The column is empty in events without a value, and
    /// in older events.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the name is no [`Identifier`], or the table has it already.
    pub fn with_column(mut self, name: &str, of: ColumnType) -> Result<Self, Error> {
        let is = |known: &str| known.eq_ignore_ascii_case(name);
        let named = [&self.id, &self.version, &self.topic, &self.state];
        let own = self.own.iter().map(|(own, _)| own);
        let is_known = named.into_iter().chain(own).any(|known| is(known.as_str()));
        if is_known || Self::FIXED.into_iter().any(is) {
            return Err(twice(self.name.as_str(), name));
        }
        self.own.push((name.parse()?, of));
        Ok(self)
    }

    /// Refuses columns that a mapper fills and the table lacks.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn check_columns(&self, filled: &[&str]) -> Result<(), Error> {
        let lacks = |name: &&&str| self.own.iter().all(|(own, _)| own.as_str() != **name);
        match filled.iter().find(lacks) {
            None => Ok(()),
            Some(lacking) => Err(Error::new(
                ErrorKind::Config,
                format!(
                    "the mapper fills a column `{lacking}`, which the table of events lacks; add it with \
                     `EventTable::with_column`"
                ),
            )),
        }
    }

    /// Refuses values for columns that the table lacks.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn check_values(&self, event: &StoredEvent) -> Result<(), Error> {
        let is_own = |name: &str| self.own.iter().any(|(own, _)| own.as_str() == name);
        match event.columns.iter().find(|(name, _)| !is_own(name)) {
            None => Ok(()),
            Some((name, _)) => Err(Error::new(
                ErrorKind::Config,
                format!(
                    "the mapper fills a column `{name}`, which the table lacks; add it with `EventTable::with_column`"
                ),
            )),
        }
    }

    fn known(name: &str) -> Self {
        let [id, version, topic, state] = ["id", "version", "topic", "state"].map(Identifier::known);
        Self { own: Vec::new(), name: Identifier::known(name), id, version, topic, state }
    }
}

fn twice(table: &str, column: &str) -> Error {
    let message = format!("the table `{table}` would have two columns called `{column}`; rename one");
    Error::new(ErrorKind::Config, message)
}

/// The tables of one application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables {
    pub(crate) events: EventTable,
    pub(crate) snapshots: EventTable,
    pub(crate) tracking: Identifier,
    pub(crate) data_keys: Identifier,
}

impl Tables {
    /// Names the tables `<prefix>_stored_events` and so on, for one of several applications in a database.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if a resulting name is no [`Identifier`].
    pub fn with_prefix(prefix: &str) -> Result<Self, Error> {
        Ok(Self {
            events: EventTable::stored_events(&format!("{prefix}_stored_events"))?,
            snapshots: EventTable::stored_events(&format!("{prefix}_snapshots"))?,
            tracking: format!("{prefix}_tracking").parse()?,
            data_keys: format!("{prefix}_data_keys").parse()?,
        })
    }

    /// Fails if two of the tables have one name.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn check(&self) -> Result<(), Error> {
        let names = [&self.events.name, &self.snapshots.name, &self.tracking, &self.data_keys]
            .map(Identifier::as_str);
        for (at, name) in names.iter().enumerate() {
            let is = |reserved: &str| name.eq_ignore_ascii_case(reserved);
            let events = self.events.name.as_str();
            let indexes = [format!("{events}_first"), format!("{events}_once")];
            if is("es_schema")
                || indexes.iter().any(|index| is(index))
                || name.to_ascii_lowercase().starts_with("sqlite_")
            {
                let message = format!("the name `{name}` is taken by the database; rename the table");
                return Err(Error::new(ErrorKind::Config, message));
            }
            if names.iter().skip(at + 1).any(|other| other.eq_ignore_ascii_case(name)) {
                let message = format!("two tables of the application are called `{name}`; rename one");
                return Err(Error::new(ErrorKind::Config, message));
            }
        }
        Ok(())
    }

    /// Sets the table of events.
    #[must_use]
    pub fn with_events(mut self, events: EventTable) -> Self {
        self.events = events;
        self
    }

    /// Sets the table for the tracking of upstream applications.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the name is no [`Identifier`].
    pub fn with_tracking(mut self, name: &str) -> Result<Self, Error> {
        self.tracking = name.parse()?;
        Ok(self)
    }

    /// Sets the table for the data keys of aggregates.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the name is no [`Identifier`].
    pub fn with_data_keys(mut self, name: &str) -> Result<Self, Error> {
        self.data_keys = name.parse()?;
        Ok(self)
    }

    /// Sets the table of snapshots.
    #[must_use]
    pub fn with_snapshots(mut self, snapshots: EventTable) -> Self {
        self.snapshots = snapshots;
        self
    }
}

impl Default for Tables {
    /// Names the tables `stored_events`, `snapshots`, `tracking`, `data_keys`.
    fn default() -> Self {
        Self {
            events: EventTable::known("stored_events"),
            snapshots: EventTable::known("snapshots"),
            tracking: Identifier::known("tracking"),
            data_keys: Identifier::known("data_keys"),
        }
    }
}
