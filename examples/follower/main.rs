//! A follower: reads the log, counts events by kind in a database of its own, and keeps its mark beside the counts.

use es_runtime::id::Mark;
use es_runtime::mapper::{AesGcm, Key, Mapper};
use es_runtime::recorder::{ApplicationRecorder, LogRange};
use es_runtime::{Application, ErrorKind, Event, Wait, aggregate, mutator};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

#[aggregate]
struct Account {
    balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    fn open() -> Self {
        Self { balance: 0 }
    }

    #[event(Deposited)]
    fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }
}

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS counts (account TEXT, topic TEXT, events INTEGER, PRIMARY KEY (account, topic));
    CREATE TABLE IF NOT EXISTS reached (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), mark TEXT NOT NULL);";

fn main() -> Fallible<()> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let key = Key::generate(256)?;
    let bank = |name: &str| {
        let mapper = Mapper::new().with_data_keys(AesGcm::new(&key));
        Application::builder(format!("sqlite:{}", path(name))).mapper(mapper).open().wait()
    };
    let open_view = || -> Fallible<Connection> {
        let view = Connection::open(path("counts.db"))?;
        view.execute_batch(TABLES)?;
        Ok(view)
    };

    let app = bank("bank.db")?;
    let (mut ann, mut bob) = (Account::open(), Account::open());
    ann.deposit(10);
    app.save((&mut ann, &mut bob)).wait()?;
    let mut view = open_view()?;
    assert_eq!(follow(&app, &mut view)?, 3);
    assert_eq!((count(&view, Opened::TOPIC)?, count(&view, Deposited::TOPIC)?), (2, 1));
    Connection::open(path("bank.db"))?.execute("VACUUM INTO ?1", [path("backup.db")])?;

    // The follower stops. Meanwhile Bob pays in twice, and Ann is forgotten.
    drop(view);
    bob.deposit(1);
    bob.deposit(2);
    app.save(&mut bob).wait()?;
    app.forget(ann.id()).wait()?;

    // The follower starts again from its mark: it sees two deposits and the notice, and deletes the rows of Ann.
    let mut view = open_view()?;
    assert_eq!(follow(&app, &mut view)?, 3);
    assert_eq!((count(&view, Opened::TOPIC)?, count(&view, Deposited::TOPIC)?), (1, 2));
    assert_eq!(follow(&app, &mut view)?, 0);
    app.close();

    // The backup ends before the mark of the follower, which counts again from the beginning.
    let app = bank("backup.db")?;
    assert_eq!(follow(&app, &mut view)?, 3);
    assert_eq!((count(&view, Opened::TOPIC)?, count(&view, Deposited::TOPIC)?), (2, 1));
    app.close();
    Ok(())
}

/// Reads the log to its end; returns the number of new events. A program that goes on following waits for the next
/// events with `ApplicationRecorder::beyond`.
fn follow(app: &Application, view: &mut Connection) -> Fallible<usize> {
    let mut seen = 0;
    loop {
        // An immediate transaction: a second follower of this view waits here until the first one has stored its mark.
        let step = view.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let text =
            step.query_row("SELECT mark FROM reached", [], |row| row.get::<_, String>(0)).optional()?;
        let mark = text.map(|text| text.parse::<Mark>()).transpose()?;
        let page = match app.recorder().read_log(LogRange::all().after(mark).limit(100)).wait() {
            Err(error) if error.kind() == ErrorKind::Diverged => {
                println!("counting again: {error}");
                step.execute_batch("DELETE FROM counts; DELETE FROM reached")?;
                step.commit()?;
                continue;
            }
            page => page?,
        };
        for event in page.entries.iter().map(|entry| &entry.event) {
            let account = event.id.to_string();
            if event.forgotten() == Some("Account") {
                step.execute("DELETE FROM counts WHERE account = ?1", [account])?;
            } else {
                step.execute(
                    "INSERT INTO counts VALUES (?1, ?2, 1) ON CONFLICT DO UPDATE SET events = events + 1",
                    [account.as_str(), event.topic.as_str()],
                )?;
            }
        }
        // The counts and the mark change in one transaction: each event counts once, whenever the program ends.
        if let Some(through) = page.through {
            step.execute("INSERT OR REPLACE INTO reached VALUES (1, ?1)", [through.to_string()])?;
            println!("{} new events, up to {through}", page.entries.len());
        }
        step.commit()?;
        seen += page.entries.len();
        if !page.more {
            return Ok(seen);
        }
    }
}

fn count(view: &Connection, topic: &str) -> Fallible<i64> {
    let sum = "SELECT coalesce(sum(events), 0) FROM counts WHERE topic = ?1";
    Ok(view.query_row(sum, [topic], |row| row.get(0))?)
}

#[test]
fn the_example_runs() {
    assert!(main().is_ok());
}
