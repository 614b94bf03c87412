//! Optimistic concurrency control: of two writers that change one version, one wins, and the other gets a conflict.

use es_runtime::error::Conflict;
use es_runtime::{Application, Error, ErrorKind, Id, Wait, aggregate, mutator};

#[aggregate]
#[derive(Debug)]
struct Account {
    #[attribute]
    owner: String,
    balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    fn open(owner: String) -> Self {
        Self { owner, balance: 0 }
    }

    #[event(Deposited)]
    fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }

    #[event(Withdrawn)]
    fn take(&mut self, amount: i64) {
        self.balance -= amount;
    }
}

impl Account {
    fn withdraw(&mut self, amount: i64) -> Result<(), Overdrawn> {
        let covered = amount <= self.balance;
        covered.then(|| self.take(amount)).ok_or(Overdrawn)
    }
}

#[derive(Debug, PartialEq)]
struct Overdrawn;

fn main() -> Result<(), Error> {
    let app = Application::open("sqlite::memory:").wait()?;
    let mut account = Account::open("owner 1".into());
    let id = account.id();
    app.save(&mut account).wait()?;

    // The same account twice.
    let mut one = app.get(id).wait()?;
    let mut other = app.get(id).wait()?;
    one.set_owner("owner 2".into());
    app.save(&mut one).wait()?;

    // The other copy does not know of that save.
    other.set_owner("owner 3".into());
    let error = app.save(&mut other).wait().expect_err("somebody else was first");
    assert_eq!(error.kind(), ErrorKind::Conflict);
    if let Some(Conflict::Version { expected, found, .. }) = error.as_conflict() {
        println!("expected {expected:?}, found {found:?}");
    }

    // A copy that is loaded again can be saved ..
    let mut other = app.get(id).wait()?;
    assert_eq!(other.owner, "owner 2");
    other.set_owner("owner 3".into());
    app.save(&mut other).wait()?;
    assert_eq!(app.get(id).wait()?.owner, "owner 3");

    // .. and now the first copy is old.
    one.set_owner("owner 4".into());
    assert_eq!(app.save(&mut one).wait().expect_err("it is old").kind(), ErrorKind::Conflict);

    // `execute` loads, runs the command, saves, and begins again after a conflict: no deposit is lost.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let deposited = app.execute(id, |account| account.deposit(1)).wait();
                    deposited.expect("a hundred attempts are enough");
                }
            });
        }
    });
    assert_eq!(app.get(id).wait()?.balance, 40);
    println!("40 deposits by 4 threads: {}", app.get(id).wait()?.balance);

    // One command changes two accounts while other writers change them too: no money is lost on the way.
    let mut payee = Account::open("payee".into());
    app.save(&mut payee).wait()?;
    let to = payee.id();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| transfer(&app, id, to, 15))).collect();
        let mut ends: Vec<_> = threads.into_iter().map(|thread| thread.join().expect("no panic")).collect();
        ends.sort_by_key(|end| matches!(end, Ok(Err(Overdrawn))));
        assert!(
            matches!(ends[..], [Ok(Ok(())), Ok(Ok(())), Ok(Err(Overdrawn)), Ok(Err(Overdrawn))]),
            "{ends:?}"
        );
    });
    assert_eq!((app.get(id).wait()?.balance, app.get(to).wait()?.balance), (10, 30));
    Ok(())
}

/// Changes two aggregates or none, and runs the command again if another writer was first with either. Of the two
/// results the outer one is the store's, the inner one the command's.
fn transfer(
    app: &Application,
    from: Id<Account>,
    to: Id<Account>,
    amount: i64,
) -> Result<Result<(), Overdrawn>, Error> {
    let moved = app.execute((from, to), |from, to| {
        from.withdraw(amount)?;
        to.deposit(amount);
        Ok(())
    });
    moved.wait()
}

#[test]
fn the_example_runs() {
    assert!(main().is_ok());
}
