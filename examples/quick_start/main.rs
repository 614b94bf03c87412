//! Quick start: an account is created, read, updated and deleted.

use es_runtime::{Application, Error, ErrorKind, Wait, aggregate, mutator};

#[aggregate]
#[derive(Debug)]
struct Account {
    #[attribute]
    owner: String,
}

#[mutator]
impl Account {
    #[event(Opened)]
    fn open(owner: String) -> Self {
        Self { owner }
    }
}

fn main() -> Result<(), Error> {
    let app = Application::open("sqlite::memory:").wait()?;

    // Create.
    let mut account = Account::open("Ann".into());
    app.save(&mut account).wait()?;

    // Read.
    assert!(app.contains(account.id()).wait()?);
    assert_eq!(app.get(account.id()).wait()?.owner, "Ann");

    // Update.
    account.set_owner("Anna".into());
    app.save(&mut account).wait()?;
    assert_eq!(app.get(account.id()).wait()?.owner, "Anna");

    // Delete. `discard` consumes the account; the value that it returns can only be saved.
    let id = account.id();
    app.save(&mut account.discard()).wait()?;
    assert!(!app.contains(id).wait()?);
    let error = app.get(id).wait().expect_err("it is gone");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    println!("opened, read, renamed, closed: {error}");
    Ok(())
}

#[test]
fn the_example_runs() {
    assert!(main().is_ok());
}
