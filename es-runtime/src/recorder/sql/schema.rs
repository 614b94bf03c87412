//! The schema engine, which makes missing tables, brings older ones to the current form, and refuses tables that are
//! not ours. The dialect of each database stands in a [`Catalog`].

use crate::error::{Error, ErrorKind};
use crate::recorder::sql::{EventTable, Identifier};

/// The tables that a recorder needs.
pub(crate) struct Needed {
    pub(crate) tables: Vec<Table>,
    /// The table of events that the tables belong to.
    pub(crate) owner: String,
    /// Statements that the database accepts if the tables have the right columns.
    pub(crate) checks: Vec<String>,
}

/// A table, with its forms.
pub(crate) struct Table {
    name: String,
    /// The statement that makes the table in the current form.
    create: String,
    /// The changes that bring form 1 to form 2, and so on.
    migrations: Vec<Vec<Change>>,
    /// The user's own columns: name and definition.
    own: Vec<(String, String)>,
    /// The names of its indexes.
    parts: Vec<String>,
}

/// One change of a table.
#[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "only SQLite has tables of older forms"))]
pub(crate) enum Change {
    Run(String),
    /// Makes the table of events anew in the current form, and copies all rows, with the additions of others.
    Rebuild(EventTable),
}

impl Table {
    pub(crate) fn new(name: &Identifier, create: String) -> Self {
        Self {
            name: name.as_str().to_owned(),
            create,
            migrations: Vec::new(),
            own: Vec::new(),
            parts: Vec::new(),
        }
    }

    #[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "only SQLite has tables of older forms"))]
    pub(crate) fn with_migrations(mut self, migrations: impl Into<Vec<Vec<Change>>>) -> Self {
        self.migrations = migrations.into();
        self
    }

    pub(crate) fn with_own_columns(mut self, own: Vec<(String, String)>) -> Self {
        self.own = own;
        self
    }

    pub(crate) fn with_parts(mut self, parts: impl Into<Vec<String>>) -> Self {
        self.parts = parts.into();
        self
    }

    #[cfg(feature = "postgres")]
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    #[cfg(feature = "postgres")]
    pub(crate) fn create(&self) -> &str {
        &self.create
    }

    /// Returns the form that this program knows.
    pub(crate) fn form(&self) -> usize {
        1 + self.migrations.len()
    }
}

/// A column in the database.
pub(crate) struct Column {
    pub(crate) name: String,
    /// The declared type.
    pub(crate) of: String,
    /// True if the column cannot be null.
    #[cfg_attr(
        not(feature = "sqlite"),
        expect(dead_code, reason = "only SQLite empties columns that it finds by the catalog")
    )]
    pub(crate) is_required: bool,
}

/// The operations that the engine needs of a database.
pub(crate) trait Catalog {
    /// Returns whether a table, view or index has this name.
    fn exists(&self, name: &str) -> Result<bool, Error>;
    /// Returns the recorded form of a table, and the table of events that it belongs to.
    fn recorded(&self, table: &str) -> Result<Option<(i64, String)>, Error>;
    /// Records the form of a table; makes the table of forms if it is missing.
    fn record(&self, table: &str, form: usize, owner: &str) -> Result<(), Error>;
    fn columns(&self, table: &str) -> Result<Vec<Column>, Error>;
    /// Returns whether a column of this declared type holds the values of the definition.
    fn fits(&self, declared: &str, definition: &str) -> bool;
    /// Runs statements, whose purpose an error names.
    fn run(&self, doing: &'static str, statements: &str) -> Result<(), Error>;
    fn add_column(&self, table: &str, definition: &str) -> Result<(), Error>;
    /// Makes the table of events anew in the current form, and copies all rows.
    fn rebuild(&self, events: &EventTable) -> Result<(), Error>;
    /// Returns the remedy for a table that is missing.
    fn remedy(&self) -> String;
    /// Lets the database parse a statement, without running it.
    fn accept(&self, statement: &str) -> Result<(), Error>;
}

/// The work that a table needs.
enum Lack {
    Table,
    Migrations { from: usize },
    Columns(Vec<String>),
}

impl Needed {
    /// Returns whether a table has to be made or changed; fails if a table is not ours.
    pub(crate) fn is_lacking(&self, catalog: &impl Catalog) -> Result<bool, Error> {
        Ok(self.first_lack(catalog)?.is_some())
    }

    /// Makes and changes the tables. Call it in one transaction that keeps others out.
    pub(crate) fn make(&self, catalog: &impl Catalog) -> Result<(), Error> {
        for table in &self.tables {
            while let Some(lack) = table.lack(catalog, &self.owner)? {
                table.mend(catalog, &self.owner, &lack)?;
            }
        }
        Ok(())
    }

    /// Refuses tables that lack something, or have other columns.
    pub(crate) fn check(&self, catalog: &impl Catalog) -> Result<(), Error> {
        if let Some((table, lack)) = self.first_lack(catalog)? {
            return Err(lacking(&table.name, &lack, catalog));
        }
        for statement in &self.checks {
            catalog.accept(statement).map_err(|cause| {
                if cause.is_transient() {
                    // The database did not judge the statement: it is away, or busy.
                    return cause;
                }
                let tables: Vec<&str> = self.tables.iter().map(|table| &*table.name).collect();
                let tables = tables.join("`, `");
                schema(format!(
                    "a table of `{tables}` has other columns than this program expects: {cause}; check their names"
                ))
                .with_source(cause)
            })?;
        }
        Ok(())
    }

    fn first_lack(&self, catalog: &impl Catalog) -> Result<Option<(&Table, Lack)>, Error> {
        for table in &self.tables {
            if let Some(lack) = table.lack(catalog, &self.owner)? {
                return Ok(Some((table, lack)));
            }
        }
        Ok(None)
    }
}

impl Table {
    /// Returns the work that the table needs, or an error if it is not ours.
    fn lack(&self, catalog: &impl Catalog, owner: &str) -> Result<Option<Lack>, Error> {
        let name = &self.name;
        let Some((form, recorded)) = catalog.recorded(name)? else { return Ok(Some(Lack::Table)) };
        if recorded != owner {
            return Err(schema(format!(
                "the table `{name}` belongs to the events in `{recorded}`, not to those in `{owner}`; give each \
                 application tables of its own, for example with `Tables::with_prefix`"
            )));
        }
        let known = self.form();
        match usize::try_from(form) {
            Ok(form) if form == known => self.lacking_columns(catalog),
            Ok(from) if (1..known).contains(&from) => Ok(Some(Lack::Migrations { from })),
            _ => Err(schema(format!(
                "the table `{name}` has form {form}, but this program knows form {known}; \
                 update the program, or open another database"
            ))),
        }
    }

    fn lacking_columns(&self, catalog: &impl Catalog) -> Result<Option<Lack>, Error> {
        if self.own.is_empty() {
            return Ok(None);
        }
        let columns = catalog.columns(&self.name)?;
        let mut lacking = Vec::new();
        for (own, definition) in &self.own {
            match columns.iter().find(|known| known.name.eq_ignore_ascii_case(own)) {
                None => lacking.push(definition.clone()),
                Some(Column { of, .. }) if !catalog.fits(of, definition) => {
                    return Err(schema(format!(
                        "the column `{own}` of the table `{}` holds {of}, and this program says {definition}; say that it \
                         holds {of}, or take another name",
                        self.name
                    )));
                }
                Some(_) => {}
            }
        }
        Ok((!lacking.is_empty()).then_some(Lack::Columns(lacking)))
    }

    fn mend(&self, catalog: &impl Catalog, owner: &str, lack: &Lack) -> Result<(), Error> {
        let name = &self.name;
        match lack {
            Lack::Table => {
                for name in std::iter::once(name).chain(&self.parts) {
                    refuse_taken(catalog, name)?;
                }
                catalog.run("make the tables", &self.create)?;
            }
            Lack::Migrations { from } => {
                for change in self.migrations.iter().skip(from - 1).flatten() {
                    match change {
                        Change::Run(statements) => {
                            catalog.run("bring a table to its new form", statements)?;
                        }
                        Change::Rebuild(events) => catalog.rebuild(events)?,
                    }
                }
            }
            Lack::Columns(definitions) => {
                definitions.iter().try_for_each(|definition| catalog.add_column(name, definition))?;
            }
        }
        catalog.record(name, self.form(), owner)
    }
}

/// Refuses a name that another program has used.
pub(crate) fn refuse_taken(catalog: &impl Catalog, name: &str) -> Result<(), Error> {
    if catalog.exists(name)? {
        return Err(schema(format!(
            "there is a table, view or index `{name}` that this program did not make; rename it, choose other names for \
             the tables, or another database"
        )));
    }
    Ok(())
}

fn lacking(table: &str, lack: &Lack, catalog: &impl Catalog) -> Error {
    schema(match lack {
        Lack::Table => {
            format!("the database has no table `{table}` of this program; {}", catalog.remedy())
        }
        Lack::Migrations { from } => format!(
            "the table `{table}` has form {from}, that of an older release; open the database once for writing, \
             and leave out `without_creating`: that brings it to the form of today"
        ),
        Lack::Columns(columns) => format!(
            "the table `{table}` lacks the column {}; open the database once for writing, and \
             leave out `without_creating`: that adds it",
            columns.join(", ")
        ),
    })
}

fn schema(message: String) -> Error {
    Error::new(ErrorKind::Schema, message)
}
