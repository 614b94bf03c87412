//! One application in a process: made once, shared by all threads, closed at the end.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use es_runtime::{Application, Error, ErrorKind, Id, Wait};

use crate::bank::Account;

/// The strict way: `init` at the start of the process, `get` for each request, `close` at its end.
///
/// The library has no global state. A program has one where its framework leaves no other place.
mod strict {
    use super::{Application, Error, ErrorKind, Mutex, MutexGuard, PoisonError, Wait};

    static APPLICATION: Mutex<Option<Application>> = Mutex::new(None);

    fn held() -> MutexGuard<'static, Option<Application>> {
        APPLICATION.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn init(uri: &str) -> Result<(), Error> {
        let mut held = held();
        if held.is_some() {
            return Err(Error::new(ErrorKind::Invalid, "the application is open; close it first"));
        }
        *held = Some(Application::open(uri).wait()?);
        Ok(())
    }

    /// Returns a copy that shares the store: cheap enough for each request.
    pub(crate) fn get() -> Result<Application, Error> {
        held().clone().ok_or_else(|| Error::new(ErrorKind::Invalid, "the application is not open; `init` it"))
    }

    pub(crate) fn close() {
        if let Some(app) = held().take() {
            app.close();
        }
    }
}

/// The lazy way: the first caller opens the application, and all others wait for that.
fn lazy() -> &'static Application {
    static APPLICATION: OnceLock<Application> = OnceLock::new();
    APPLICATION.get_or_init(|| Application::open("sqlite::memory:").wait().expect("SQLite is built in"))
}

/// Handles a request.
fn handle(app: &Application, id: Id<Account>) -> Result<i64, Error> {
    let deposited = app.update(id, |account| {
        account.deposit(1);
        account.balance
    });
    deposited.wait()
}

/// Serves requests from several threads.
fn serve(app: fn() -> Result<Application, Error>) -> Result<(), Error> {
    let mut account = Account::open();
    let id = account.id();
    app()?.save(&mut account).wait()?;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(move || {
                for _ in 0..5 {
                    let app = app().expect("it is open");
                    handle(&app, id).expect("a hundred attempts are enough");
                }
            });
        }
    });
    assert_eq!(app()?.get(id).wait()?.balance, 20);
    Ok(())
}

pub(crate) fn show() -> Result<(), Error> {
    assert_eq!(strict::get().expect_err("it is not open").kind(), ErrorKind::Invalid);
    strict::init("sqlite::memory:")?;
    assert_eq!(strict::init("sqlite::memory:").expect_err("there is one").kind(), ErrorKind::Invalid);
    serve(strict::get)?;

    // Closing counts for every holder; after it, as in tests, the program may open the application again.
    let held = strict::get()?;
    strict::close();
    assert_eq!(
        held.contains(Id::<Account>::new()).wait().expect_err("it is closed").kind(),
        ErrorKind::Closed
    );
    strict::init("sqlite::memory:")?;
    strict::close();

    serve(|| Ok(lazy().clone()))?;
    println!("20 requests by 4 threads, on one application each time");
    Ok(())
}
