//! Inline views in trouble: what is not in the view is not stored, and the caller learns what is.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use es_runtime::mapper::{AesGcm, Cipher, Key, KeyId, Mapper};
use es_runtime::projection::RunnerState;
use es_runtime::recorder::Tables;
use es_runtime::view::Result;
use es_runtime::view::postgres::Tx;
use es_runtime::{Application, Error, ErrorKind, Id, Wait, projection};

use super::{Balances, LONG, Stage, account, application, of};
use crate::account::{Account, Deposited};
use crate::server;

impl Stage {
    /// Opens the application once more, with so much time for a call.
    fn within(&self, time: Duration) -> Application {
        let options = server::in_schema(&self.name).timeout(time);
        application(&options.open().unwrap().recorder(&Tables::default()).unwrap())
    }

    fn stored(&self) -> String {
        server::by_hand(&format!("SELECT count(*) FROM \"{}\".stored_events", self.name)).concat()
    }
}

pub(crate) fn an_inline_view_refuses_a_log_that_it_does_not_know() {
    let stage = Stage::new();
    let balances = stage.inline();
    account(&stage.app, "Ann", &[1, 2]);
    // The view stays as it is, and the events go back to an earlier state.
    server::by_hand(&format!("DELETE FROM \"{}\".stored_events WHERE version = 3", stage.name));
    let error = stage.app.save(&mut Account::open("Bob".into())).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Diverged, "{error}");
    assert_eq!((stage.stored(), stage.rows()), ("2".into(), of([("Ann", 3)])));
    assert_eq!(balances.state(), RunnerState::Running);
    let started = stage.again().project(Balances).inline_in_schema(&stage.view).unwrap().start().wait();
    assert_eq!(started.map(drop).unwrap_err().kind(), ErrorKind::Diverged);
    server::by_hand(&format!("DELETE FROM \"{}\".stored_events", stage.name));
    let started = stage.again().project(Balances).inline_in_schema(&stage.view).unwrap().start().wait();
    assert_eq!(started.map(drop).unwrap_err().kind(), ErrorKind::Diverged, "of an empty log");
}

/// A view that asks another application, which at first does not answer.
struct Asking;

static ASKED: AtomicUsize = AtomicUsize::new(0);

#[projection(Account, ..)]
impl Asking {
    const TABLES: &str = "CREATE TABLE answers (id uuid NOT NULL)";

    #[event]
    async fn deposited(_: &Deposited, id: Id<Account>, tx: &Tx) -> Result {
        if ASKED.fetch_add(1, Ordering::Relaxed) == 0 {
            return Err(Error::new(ErrorKind::OutcomeUnknown, "the other application is gone").into());
        }
        tx.run("INSERT INTO answers VALUES ($1)", &[&id]).await
    }
}

pub(crate) fn an_unknown_outcome_elsewhere_does_not_end_an_inline_view() {
    let stage = Stage::new();
    let asking = stage.app.project(Asking).inline_in_schema(&stage.view).unwrap().start().wait().unwrap();
    account(&stage.app, "Ann", &[1]);
    assert_eq!(asking.state(), RunnerState::Running);
    let answers = server::by_hand(&format!("SELECT count(*) FROM {}.answers", stage.view));
    assert_eq!((answers.concat(), ASKED.load(Ordering::Relaxed)), ("1".into(), 2));
}

/// A prepared transaction belongs to no process of the server, and its events may be below those of the view.
pub(crate) fn an_inline_view_waits_for_an_append_that_is_prepared() {
    let stage = Stage::new();
    let app = stage.within(Duration::from_secs(1));
    let _balances = stage.inline_in(&app);
    account(&app, "Ann", &[1]);
    let (events, name) = (format!("\"{}\".stored_events", stage.name), &stage.name);
    let floor = server::by_hand(&format!("SELECT pg_sequence_last_value('\"{name}\".stored_events_block')"));
    server::by_hand(&format!(
        "BEGIN; SELECT pg_advisory_xact_lock_shared('{events}'::regclass::oid::int4, {}::int4);
         INSERT INTO {events} (log_position, version, id, commit_id, slice, once, topic, state)
         SELECT nextval('\"{name}\".stored_events_block') << 10, 3, id, gen_random_uuid(), slice, once, topic, state
         FROM {events} WHERE version = 2;
         PREPARE TRANSACTION '{name}'",
        floor[0]
    ));
    let mut bob = Account::open("Bob".into());
    let error = app.save(&mut bob).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    server::by_hand(&format!("COMMIT PREPARED '{name}'"));
    app.save(&mut bob).wait().unwrap();
    assert_eq!(stage.rows(), of([("Ann", 2), ("Bob", 0)]));
}

/// A view whose error panics when it is shown.
struct Speechless;

static IS_SPEECHLESS: AtomicBool = AtomicBool::new(false);

#[derive(Debug)]
struct Unspeakable;

impl fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("an error without words")
    }
}

impl std::error::Error for Unspeakable {}

#[projection(Account, ..)]
impl Speechless {
    const TABLES: &str = "CREATE TABLE deposits (id uuid NOT NULL)";

    #[event]
    async fn deposited(_: &Deposited, id: Id<Account>, tx: &Tx) -> Result {
        tx.run("INSERT INTO deposits VALUES ($1)", &[&id]).await?;
        if IS_SPEECHLESS.load(Ordering::Relaxed) { Err(Unspeakable.into()) } else { Ok(()) }
    }
}

pub(crate) fn a_panic_leaves_no_transaction_open() {
    let stage = Stage::new();
    let project = stage.app.project(Speechless).inline_in_schema(&stage.view).unwrap();
    let speechless = project.start().wait().unwrap();
    account(&stage.again(), "Ann", &[1]);
    IS_SPEECHLESS.store(true, Ordering::Relaxed);
    assert!(speechless.caught_up().within(LONG).wait().is_err());
    IS_SPEECHLESS.store(false, Ordering::Relaxed);
    let open = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = '{}' AND state LIKE 'idle in transaction%'",
        stage.name
    );
    let began = Instant::now();
    while server::by_hand(&open) != ["0"] {
        assert!(began.elapsed() < Duration::from_secs(10), "a transaction is open");
        thread::sleep(Duration::from_millis(20));
    }
    account(&stage.app, "Bob", &[1]);
    let deposits = server::by_hand(&format!("SELECT count(*) FROM {}.deposits", stage.view));
    assert_eq!(deposits, ["2"]);
}

/// A cipher that panics when it decrypts.
#[derive(Debug)]
struct Panicking {
    inner: AesGcm,
    panics: Arc<AtomicBool>,
}

impl Cipher for Panicking {
    fn code(&self) -> u8 {
        self.inner.code()
    }

    fn key_id(&self) -> KeyId {
        self.inner.key_id()
    }

    fn encrypt(
        &self,
        plaintext: &[u8],
        associated: &[u8],
        into: &mut Vec<u8>,
    ) -> std::result::Result<(), Error> {
        self.inner.encrypt(plaintext, associated, into)
    }

    fn decrypt(&self, key: KeyId, data: &[u8], associated: &[u8]) -> std::result::Result<Vec<u8>, Error> {
        assert!(!self.panics.load(Ordering::Relaxed), "the cipher panics");
        self.inner.decrypt(key, data, associated)
    }
}

pub(crate) fn a_cipher_that_panics_is_reported() {
    let stage = Stage::new();
    let (panics, key) = (Arc::new(AtomicBool::new(false)), Key::generate(256).unwrap());
    let open = |mapper: Mapper| {
        let recorder = server::in_schema(&stage.name).open().unwrap().recorder(&Tables::default()).unwrap();
        Application::on(Arc::new(recorder)).mapper(mapper).open().wait().unwrap()
    };
    let [inner, plain] = [AesGcm::new(&key), AesGcm::new(&key)];
    let mapper = Mapper::new().with_data_keys(Panicking { inner, panics: Arc::clone(&panics) });
    let (app, other) = (open(mapper), open(Mapper::new().with_data_keys(plain)));
    let balances = stage.inline_in(&app);
    account(&other, "Ann", &[1]);
    panics.store(true, Ordering::Relaxed);
    let error = balances.caught_up().within(LONG).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    assert!(error.to_string().contains("the cipher panics"), "{error}");
    panics.store(false, Ordering::Relaxed);
    account(&app, "Bob", &[2]);
    assert_eq!(stage.rows(), of([("Ann", 1), ("Bob", 2)]));
}

/// A view that takes its time, in many short statements.
struct Slow;

#[projection(Account, ..)]
impl Slow {
    const TABLES: &str = "";

    #[event]
    async fn deposited(event: &Deposited, tx: &Tx) -> Result {
        for _ in 0..event.amount {
            tx.rows("SELECT pg_sleep(0.2)", &[]).await?;
        }
        Ok(())
    }
}

pub(crate) fn a_save_that_a_handler_keeps_too_long_is_known_not_to_be_stored() {
    let stage = Stage::new();
    let app = stage.within(Duration::from_millis(500));
    let slow = app.project(Slow).inline_in_schema(&stage.view).unwrap().start().wait().unwrap();
    let mut ann = account(&app, "Ann", &[1]);
    ann.deposit(50);
    let error = app.save(&mut ann).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(error.to_string().contains("nothing is stored"), "{error}");
    assert_eq!((stage.stored(), slow.state()), ("2".into(), RunnerState::Running));
    account(&app, "Bob", &[1]);
}
