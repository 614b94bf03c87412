//! The newest state of each aggregate as a row: a projection without a handler of the user's.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde_json::{from_str, to_string};

use super::{HandledRow, Handler, Projection, ReadResult, Row, Seen};
use crate::aggregate::{Aggregate, Effect, Events, LONGEST, join, joined};
use crate::event::Topics;
use crate::view;

/// Keeps the newest state of each aggregate as a row: see [`keep_state`].
pub struct KeepState<A>(PhantomData<fn() -> A>);

impl<A> fmt::Debug for KeepState<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeepState")
    }
}

/// Returns a projection that keeps the newest state of each aggregate as a row, with its id, its version and the time of
/// its last event. The state is JSON, which the database can query. The row goes when the aggregate ends or is forgotten.
///
/// The table is called after the aggregate: `account_states` for `Account`, with the columns `id`, `version`,
/// `modified_at` (microseconds since 1970) and `state`. If the code of the aggregate changes, the rows count as those of
/// [other code](super::OnChange).
///
/// ```standalone_crate
/// # #[cfg(feature = "sqlite")] {
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
/// use es_runtime::projection::keep_state;
///
/// # let folder = std::env::temp_dir().join(format!("keep_state-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).ok();
/// # let file = folder.join("states.db");
/// let app = Application::open("memory:").wait()?;
/// let states = app.project(keep_state::<Account>()).in_file(&file).start().wait()?;
/// let mut account = Account::open();
/// account.deposit(10);
/// let receipt = app.save(&mut account).wait()?;
/// states.reached(&receipt).wait()?;
///
/// let balance: i64 = states.connect()?
///     .query_row("SELECT state ->> 'balance' FROM account_states", [], |row| row.get(0))
///     .expect("there is one account");
/// assert_eq!(balance, 10);
/// # states.stop().wait()?;
/// # std::fs::remove_dir_all(&folder).ok();
/// # }
/// # Ok::<(), es_runtime::Error>(())
/// ```
pub const fn keep_state<A: Aggregate>() -> KeepState<A> {
    KeepState(PhantomData)
}

impl<A: Aggregate> KeepState<A> {
    const BYTES: [u8; LONGEST] = join(A::NAME, "State");

    /// Returns the name of the table: letters, digits and underlines.
    fn table() -> String {
        let mut name = String::new();
        for letter in A::NAME.chars() {
            if letter.is_uppercase() && !name.is_empty() && !name.ends_with('_') {
                name.push('_');
            }
            name.extend(if letter.is_alphanumeric() { letter.to_lowercase().next() } else { Some('_') });
        }
        format!("\"{name}_states\"")
    }

    /// Returns the new state; `None` if the aggregate has ended.
    fn newest(kept: Option<&str>, seen: &Seen<A>) -> view::Result<Option<String>> {
        let Some(event) = seen.any().cloned() else { return Ok(None) };
        let envelope = seen.origin().envelope();
        let Some(kept) = kept else {
            let made =
                event.create(envelope).ok_or("the row of the aggregate is missing; rebuild the view")?;
            return Ok(Some(to_string(&made)?));
        };
        let mut state: A::State = from_str(kept)?;
        match event.change(&mut state, envelope) {
            Effect::Changed => Ok(Some(to_string(&state)?)),
            Effect::Discards => Ok(None),
            Effect::Creates => Err("the row of the aggregate exists already; rebuild the view".into()),
        }
    }
}

impl<A: Aggregate> Projection for KeepState<A> {
    const NAME: &'static str = joined(&Self::BYTES, A::NAME, "State");
    const FINGERPRINT: u64 = A::FINGERPRINT.rotate_left(1) ^ <A::Event as Events<A>>::FINGERPRINT;
    const SOURCES: &'static [Topics] = &[Topics::of::<A>()];
    const HANDLERS: &'static [Handler] = &[
        Handler::new(0, 0, HandledRow::Every, "keep_state"),
        Handler::new(1, 0, HandledRow::Forgotten, "keep_state"),
    ];
    const IS_PARTIAL: bool = false;
    type Seen = Seen<A>;

    fn read(_: usize, row: Row<'_>) -> ReadResult<Seen<A>> {
        row.read(|seen| seen)
    }
}

#[cfg(feature = "sqlite")]
impl<A: Aggregate> super::Blocking for KeepState<A> {
    const TABLES: &'static str = "";
    type Tx = view::sqlite::Tx;

    fn tables() -> Cow<'static, str> {
        let table = Self::table();
        format!(
            "CREATE TABLE {table} (id BLOB PRIMARY KEY, version INTEGER NOT NULL, modified_at INTEGER NOT NULL,
             state TEXT NOT NULL) STRICT, WITHOUT ROWID"
        )
        .into()
    }

    fn apply(&self, _: usize, seen: &Seen<A>, tx: &view::sqlite::Tx) -> view::Result {
        use rusqlite::OptionalExtension;
        let (table, origin) = (Self::table(), seen.origin());
        let kept: Option<String> = tx
            .prepare_cached(&format!("SELECT state FROM {table} WHERE id = ?1"))?
            .query_row([origin.id()], |row| row.get(0))
            .optional()?;
        let Some(state) = Self::newest(kept.as_deref(), seen)? else {
            return tx.run(&format!("DELETE FROM {table} WHERE id = ?1"), [origin.id()]);
        };
        let version = i64::try_from(origin.version().get())?;
        tx.run(
            &format!(
                "INSERT INTO {table} VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (id) DO UPDATE SET version = ?2, modified_at = ?3, state = ?4"
            ),
            (origin.id(), version, origin.time().as_micros(), state),
        )
    }
}

#[cfg(feature = "postgres")]
impl<A: Aggregate> super::Async for KeepState<A> {
    const TABLES: &'static str = "";
    type Tx = view::postgres::Tx;

    fn tables() -> Cow<'static, str> {
        let table = Self::table();
        format!(
            "CREATE TABLE {table} (id uuid PRIMARY KEY, version bigint NOT NULL, modified_at bigint NOT NULL,
             state jsonb NOT NULL)"
        )
        .into()
    }

    async fn apply<'a>(&'a self, _: usize, seen: &'a Seen<A>, tx: &'a view::postgres::Tx) -> view::Result {
        let (table, origin) = (Self::table(), seen.origin());
        let id = origin.id();
        let rows = tx.query(&format!("SELECT state::text FROM {table} WHERE id = $1"), &[&id]).await?;
        let kept: Option<String> = rows.first().map(|row| row.try_get(0)).transpose()?;
        let Some(state) = Self::newest(kept.as_deref(), seen)? else {
            return tx.run(&format!("DELETE FROM {table} WHERE id = $1"), &[&id]).await;
        };
        let version = i64::try_from(origin.version().get())?;
        let upsert = format!(
            "INSERT INTO {table} VALUES ($1, $2, $3, $4::text::jsonb)
             ON CONFLICT (id) DO UPDATE SET version = $2, modified_at = $3, state = excluded.state"
        );
        tx.run(&upsert, &[&id, &version, &origin.time().as_micros(), &state]).await
    }
}
