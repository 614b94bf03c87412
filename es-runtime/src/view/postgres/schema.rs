use std::fmt;
use std::future::{Future, ready};
use std::sync::Arc;

use tokio_postgres::types::Type;

use super::drive::Drive;
use super::{SchemaView, failure, rebuild};
use crate::error::{Error, ErrorKind};
use crate::recorder::postgres::{Connection, Sessions, Way, error};
use crate::recorder::{Identifier, PostgresOptions};
use crate::view::{Claim, Object, OpenView};

/// The ending of the schema in which a view is rebuilt.
const BESIDE: &str = "_rebuild";
/// Keeps other processes from making a schema at the same time.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7310034283826797103)";

/// A schema of a PostgreSQL database for views.
///
/// Each worker of a projection has one connection, on which the view's schema is the whole `search_path`: a table of another
/// schema, or an extension in `public`, is written with its schema. The clones of a schema share the thread of the
/// connections.
///
/// A commit waits for the disk of the server. The time limit of the options holds for each statement, and for a handler
/// that waits for something else; a transaction that takes longer is rolled back, and the batch is tried again.
///
/// ```no_run,standalone_crate
/// # use es_runtime::{aggregate, mutator};
/// # #[aggregate]
/// # pub struct Account { balance: i64 }
/// # #[mutator]
/// # impl Account {
/// #     #[event(Opened)]
/// #     pub fn open() -> Self { Self { balance: 0 } }
/// # }
/// use es_runtime::view::{Result, postgres::{Schema, Tx}};
/// use es_runtime::{Application, Id, Wait, projection};
///
/// pub struct Accounts;
///
/// #[projection(Account, ..)]
/// impl Accounts {
///     const TABLES: &str = "CREATE TABLE accounts (id uuid PRIMARY KEY)";
///
///     #[event]
///     async fn opened(_: &Opened, id: Id<Account>, tx: &Tx) -> Result {
///         tx.run("INSERT INTO accounts VALUES ($1)", &[&id]).await
///     }
/// }
///
/// let uri = "postgresql://localhost/bank";
/// let app = Application::open(uri).wait()?;
/// let accounts = app.project(Accounts).in_schema(Schema::at(uri, "accounts")?).start().wait()?;
/// # let _ = accounts;
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[derive(Clone)]
pub struct Schema {
    name: Identifier,
    beside: Identifier,
    way: Arc<Way>,
    drive: Arc<Drive>,
}

impl Schema {
    /// Names a schema, which the projection creates if it does not exist, in the database of a URI: see
    /// [`PostgresOptions`].
    ///
    /// ```
    /// use es_runtime::view::postgres::Schema;
    ///
    /// let balances = Schema::at("postgresql://localhost/bank", "balances")?;
    /// assert_eq!(balances.name(), "balances");
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new); `Config` if the URI cannot be read.
    pub fn at(uri: &str, schema: &str) -> Result<Self, Error> {
        Self::new(uri.parse()?, schema)
    }

    /// Names a schema, which the projection creates if it does not exist, in the database of these options. Their own
    /// schema, their number of connections and their way to append concern events, and play no part here.
    ///
    /// ```
    /// use es_runtime::recorder::PostgresOptions;
    /// use es_runtime::view::postgres::Schema;
    ///
    /// let options = PostgresOptions::new("db.example.org", "bank").user("reports").password_from(|| {
    ///     std::fs::read_to_string("/run/secrets/reports").map_err(|cause| {
    ///         es_runtime::Error::new(es_runtime::ErrorKind::Config, "the password is not there").with_source(cause)
    ///     })
    /// });
    /// let balances = Schema::new(options, "balances")?;
    /// # let _ = balances;
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `Config` if the name is no [`Identifier`], has more than 55 letters, or ends with `_rebuild`, as the schemas of
    /// rebuilds do; if the options go through a pooler, or ask for TLS, which this build leaves out.
    pub fn new(options: PostgresOptions, schema: &str) -> Result<Self, Error> {
        let name: Identifier = schema.parse()?;
        let beside = format!("{schema}{BESIDE}");
        if schema.ends_with(BESIDE) || beside.len() > 63 {
            let message = format!(
                "the schema of a view cannot be named {schema:?}: beside it, the view is rebuilt in a schema whose name ends \
                 with `{BESIDE}`; choose a name of at most 55 letters without this ending"
            );
            return Err(Error::new(ErrorKind::Config, message));
        }
        if options.goes_through_pooler() {
            return Err(Error::new(
                ErrorKind::Config,
                "a view keeps its session, with settings and prepared statements, and a pooler would give each transaction \
                 another one; connect directly to the server, without `pooler=yes`",
            ));
        }
        let beside = beside.parse()?;
        let way = Arc::new(Way::with(options, Sessions::OfView(name.clone()))?);
        Ok(Self { name, beside, way, drive: Arc::default() })
    }

    /// Returns the name of the schema.
    ///
    /// ```
    /// use es_runtime::view::postgres::Schema;
    ///
    /// assert_eq!(Schema::at("postgresql://localhost/bank", "balances")?.name(), "balances");
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    pub fn name(&self) -> &str {
        self.name.as_str()
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = self.way.options();
        f.debug_struct("Schema").field("name", &self.name()).field("options", options).finish_non_exhaustive()
    }
}

impl OpenView for Schema {
    type View = SchemaView;

    async fn open(&self) -> Result<SchemaView, Error> {
        let (way, name) = (Arc::clone(&self.way), self.name.clone());
        let connecting = async move {
            let connection = way.connect(None).await?;
            make(&connection, &name, way.options().creates()).await?;
            Ok(connection)
        };
        let connection = self.drive.run(connecting).await?;
        Ok(SchemaView::over(connection, self.name.clone(), Arc::clone(&self.drive)))
    }

    async fn attend<F: Future + Send>(&self, work: F) -> F::Output {
        self.drive.attend(work).await
    }

    fn beside(&self) -> Option<Self> {
        let (name, drive) = (self.beside.clone(), Arc::clone(&self.drive));
        let way = Arc::new(self.way.to_view(name.clone()));
        Some(Self { beside: name.clone(), name, way, drive })
    }

    async fn claim(&self) -> Result<Claim, Error> {
        let (way, beside) = (Arc::clone(&self.way), self.beside.clone());
        // The runtime ends with the claim, and takes the connection along: the server then frees the lock.
        let drive = Arc::new(Drive::default());
        let claiming = async move {
            let connection = way.connect(None).await?;
            rebuild::claim(connection.client(), &beside).await?;
            Ok(connection)
        };
        let connection = drive.run(claiming).await?;
        Ok(Claim::holding((connection, drive)))
    }

    fn link(&self, _: &mut SchemaView) -> impl Future<Output = Result<(), Error>> + Send {
        // One connection sees both schemas.
        ready(Ok(()))
    }

    async fn replace(&self, view: &mut SchemaView, old: &[Object], new: &[Object]) -> Result<(), Error> {
        rebuild::replace(&view.tx, (&self.name, &self.beside), old, new).await
    }

    async fn clear(&self) -> Result<(), Error> {
        let (way, beside) = (Arc::clone(&self.way), self.beside.clone());
        self.drive
            .run(async move {
                let connection = way.connect(None).await?;
                rebuild::remove(connection.client(), &beside).await
            })
            .await
    }
}

/// Makes the schema and the table of the library, if they are missing.
async fn make(connection: &Connection, schema: &Identifier, may_create: bool) -> Result<(), Error> {
    const LOOK: &str =
        "SELECT EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = 'es_view')
                          FROM pg_namespace n WHERE n.nspname = $1";
    let failed = error::of("make the table of views");
    let client = connection.client();
    let found = client.query_typed(LOOK, &[(&schema.as_str(), Type::NAME)]).await.map_err(&failed)?;
    let has_table = found.first().map(|row| row.try_get(0)).transpose().map_err(&failed)?;
    let table = format!(
        "CREATE TABLE IF NOT EXISTS {schema}.es_view (key text COLLATE \"C\" PRIMARY KEY, value text NOT NULL)"
    );
    if has_table == Some(true) {
        return Ok(());
    }
    if !may_create {
        let message = format!(
            "the schema {schema} has no table for the places of views, and the options say not to create it; make it with: \
             CREATE SCHEMA {schema}; {table}"
        );
        return Err(Error::new(ErrorKind::Schema, message));
    }
    // Even to make a schema that is there needs a right.
    let schema = match has_table {
        Some(_) => String::new(),
        None => format!("CREATE SCHEMA IF NOT EXISTS {schema};"),
    };
    client
        .batch_execute(&format!("BEGIN; {LOCK}; {schema} {table}; COMMIT"))
        .await
        .map_err(failure::of("make the table of views"))
}
