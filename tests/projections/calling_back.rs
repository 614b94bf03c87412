//! Code of the user that the store calls while it writes, and that calls the store: wakers, and handlers of inline views.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::task::{Context, Wake, Waker};
use std::thread;

use es_runtime::view::Result;
use es_runtime::view::sqlite::Tx;
use es_runtime::{Application, Error, ErrorKind, Wait, projection};
use tempfile::TempDir;

use crate::LONG;
use crate::account::{Account, Deposited};
use crate::balances::{Balances, account, rows};
use crate::inline::{balance, open};

/// Fails if the work never ends: a thread waits for itself.
fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || send.send(work()));
    receive.recv_timeout(LONG).expect("a thread waits for itself, or has panicked")
}

/// A waker that saves an account, and waits for that.
struct Saves {
    app: Application,
    has_saved: AtomicBool,
    saved: mpsc::Sender<std::result::Result<(), Error>>,
}

impl Wake for Saves {
    fn wake(self: Arc<Self>) {
        if !self.has_saved.swap(true, Ordering::SeqCst) {
            let saved = self.app.save(&mut Account::open("Woken".into())).wait().map(drop);
            self.saved.send(saved).unwrap();
        }
    }
}

/// Polls the future of an inline view with a waker that saves, while another thread saves an account of Ann. The future waits
/// for the end of the view, and looks again each time that the view moves. `before` works on the file once the view is open.
fn save_beside_a_waker(before: impl FnOnce(&Path)) -> (Application, PathBuf, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.db");
    let app = open(&file);
    let runner = app.project(Balances).inline().unwrap().open().wait().unwrap();
    before(&file);
    let (saved, receive) = mpsc::channel();
    let waker = Waker::from(Arc::new(Saves { app: app.clone(), has_saved: AtomicBool::new(false), saved }));
    let mut runs = pin!(runner.run());
    assert!(runs.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let writer = app.clone();
    in_time(move || account(&writer, "Ann", &[1]));
    receive.recv_timeout(LONG).unwrap().unwrap();
    (app, file, folder)
}

#[test]
fn a_waker_of_an_inline_view_may_save() {
    let (_app, file, _folder) = save_beside_a_waker(|_| ());
    assert_eq!((rows(&file)["Ann"], rows(&file)["Woken"]), (1, 0));
}

#[test]
fn a_waker_of_an_inline_view_that_ends_may_save() {
    let (app, _file, _folder) = save_beside_a_waker(|file| {
        // Another release takes the view over.
        let taken = "DELETE FROM es_view WHERE key LIKE 'place/%'";
        assert_eq!(rusqlite::Connection::open(file).unwrap().execute(taken, []).unwrap(), 1);
    });
    assert_eq!(app.log::<Deposited>().next_page().wait().unwrap().unwrap().entries.len(), 1);
}

/// A view whose handler saves to an application, unless the amount is 0.
struct Saving(Arc<OnceLock<Application>>);

#[projection(Account, ..)]
impl Saving {
    const TABLES: &str = "CREATE TABLE amounts (amount INTEGER NOT NULL) STRICT";

    #[event]
    fn deposited(&self, event: &Deposited, tx: &Tx) -> Result {
        if event.amount > 0
            && let Some(app) = self.0.get()
        {
            let mut inner = Account::open("Inner".into());
            inner.deposit(event.amount - 1);
            app.save(&mut inner).wait()?;
        }
        tx.run("INSERT INTO amounts VALUES (?1)", [event.amount])
    }
}

#[test]
fn a_handler_of_an_inline_view_that_saves_to_its_own_application_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let targets: [Arc<OnceLock<Application>>; 3] = Default::default();
    let apps = ["one.db", "two.db", "three.db"].map(|name| open(&folder.path().join(name)));
    let _views: Vec<_> = apps
        .iter()
        .zip(&targets)
        .map(|(app, target)| {
            app.project(Saving(Arc::clone(target))).inline().unwrap().start().wait().unwrap()
        })
        .collect();
    let [one, two, three] = apps;
    targets[0].set(one.clone()).unwrap();
    targets[1].set(three.clone()).unwrap();
    targets[2].set(two.clone()).unwrap();
    // The second saves to the third, which saves to the second.
    for (app, taken, refused) in [(one, 0, 1), (two, 1, 2)] {
        let mut ann = account(&app, "Ann", &[]);
        let id = ann.id();
        ann.deposit(refused);
        let saves = app.clone();
        let error = in_time(move || saves.save(&mut ann).wait().map(drop)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains("would wait for itself"), "{error}");
        let mut ann = app.get(id).wait().unwrap();
        ann.deposit(taken);
        let saves = app.clone();
        in_time(move || saves.save(&mut ann).wait().map(drop)).unwrap();
        assert_eq!(balance(&app, id), taken);
    }
    assert_eq!(three.log::<Deposited>().next_page().wait().unwrap().unwrap().entries.len(), 1);
}
