//! The texts that read, which differ between databases in a few signs.

use super::table::{EventTable, Identifier};
use crate::recorder::LogRange;

/// The signs in which the texts of databases differ.
pub(crate) struct Dialect {
    /// The sign before the number of a parameter.
    pub(crate) parameter: char,
    /// The condition on a topic, which is one of those in parameter 4.
    pub(crate) one_of: &'static str,
    /// The schema of the tables, where a database has several.
    pub(crate) schema: Option<Identifier>,
}

impl Dialect {
    /// Returns the name of a table as it stands in a text.
    pub(crate) fn table(&self, name: &Identifier) -> String {
        self.schema.as_ref().map_or_else(|| name.to_string(), |schema| format!("{schema}.{name}"))
    }
}

/// The texts that read parts of sequences.
///
/// Their parameters are the id, the first version, the last version, the limit, and the topic if there is one kind.
#[derive(Debug)]
pub(crate) struct Ranges<T = String> {
    pub(crate) ascending: T,
    pub(crate) descending: T,
}

impl Ranges {
    /// Makes the texts that read these columns.
    pub(crate) fn new(dialect: &Dialect, table: &EventTable, columns: &str) -> Self {
        Self::of_rows(dialect, table, columns, "")
    }

    /// Makes the texts that read these columns of the rows of one kind.
    pub(super) fn of_kind(dialect: &Dialect, table: &EventTable, columns: &str) -> Self {
        Self::of_rows(dialect, table, columns, &format!("AND {} = {}5", table.topic, dialect.parameter))
    }

    fn of_rows(dialect: &Dialect, table: &EventTable, columns: &str, which: &str) -> Self {
        let EventTable { name, id, version, .. } = table;
        let (name, p) = (dialect.table(name), dialect.parameter);
        let select = |order: &str| {
            format!(
                "SELECT {columns} FROM {name} WHERE {id} = {p}1 AND {version} BETWEEN {p}2 AND {p}3 {which}
                 ORDER BY {version} {order} LIMIT {p}4"
            )
        };
        Self { ascending: select("ASC"), descending: select("DESC") }
    }
}

impl<T> Ranges<T> {
    pub(crate) const fn of(&self, descending: bool) -> &T {
        if descending { &self.descending } else { &self.ascending }
    }

    /// Makes another kind of texts of these.
    #[cfg(feature = "postgres")]
    pub(crate) fn map<U>(self, mut make: impl FnMut(T) -> U) -> Ranges<U> {
        Ranges { ascending: make(self.ascending), descending: make(self.descending) }
    }
}

/// The texts that read the log: one for each choice of conditions.
///
/// Their parameters are the first position, the last position, the limit, the topics, the first slice and the last slice.
#[derive(Debug)]
pub(crate) struct LogTexts<T = String>([T; 8]);

impl LogTexts {
    pub(crate) fn new(dialect: &Dialect, table: &EventTable) -> Self {
        let EventTable { name, id, version, topic, state, .. } = table;
        let (name, p, one_of) = (dialect.table(name), dialect.parameter, dialect.one_of);
        Self(std::array::from_fn(|choice| {
            let when =
                |bit: usize, condition: String| if choice & bit > 0 { condition } else { String::new() };
            let firsts = when(1, format!("AND {version} = 1"));
            let topics = when(2, format!("AND {topic} {one_of}"));
            let slices = when(4, format!("AND slice BETWEEN {p}5 AND {p}6"));
            format!(
                "SELECT log_position, commit_id, {id}, {version}, {topic}, {state} FROM {name}
                 WHERE log_position BETWEEN {p}1 AND {p}2 {firsts} {topics} {slices}
                 ORDER BY log_position LIMIT {p}3"
            )
        }))
    }
}

impl<T> LogTexts<T> {
    pub(crate) fn of(&self, range: &LogRange) -> &T {
        let bits = [range.is_firsts(), !range.topic_names().is_empty(), !range.which_slices().is_all()];
        let choice = bits.iter().rev().fold(0, |choice, bit| choice << 1 | usize::from(*bit));
        let [plain, ..] = &self.0;
        self.0.get(choice).unwrap_or(plain)
    }

    /// Makes another kind of texts of these.
    #[cfg(feature = "postgres")]
    pub(crate) fn map<U>(self, make: impl FnMut(T) -> U) -> LogTexts<U> {
        LogTexts(self.0.map(make))
    }
}
