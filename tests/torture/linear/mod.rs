//! Threads append to and read a few aggregates on one file through several handles. The answers about each aggregate
//! have to fit those of one store with one lock.

mod history;

use std::thread;
use std::time::Instant;

use es_runtime::recorder::EventRange;
use es_runtime::{Application, ErrorKind, Id, Wait, aggregate, mutator};

use self::history::{Operation, What, violations};
use crate::kind::{Kind, Length, Table};

const HANDLES: usize = 3;
const THREADS: u64 = 6;
const AGGREGATES: usize = 4;

#[aggregate]
struct Register {
    token: u64,
}

#[mutator]
impl Register {
    #[event(RegisterMade)]
    fn make() -> Self {
        Self { token: 0 }
    }

    #[event(Written)]
    fn write(&mut self, token: u64) {
        self.token = token;
    }
}

pub(crate) struct Linear;

impl Kind for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn about(&self) -> &'static str {
        "Six threads append to and read four aggregates on one SQLite file, two threads on each of three handles. The\n\
         answers of each aggregate have to be linearizable."
    }

    fn run(&self, length: Length) -> Table {
        let mut table =
            Table::new(&["operations", "appends", "conflicts", "reads", "no outcome"], &["violations"]);
        length.rounds(|number| table.add("SQLite", &round(number, length.pick(60, 150))));
        table
    }
}

/// The operations of one thread, each with its aggregate.
type Histories = Vec<(usize, Operation)>;

/// Runs that many operations on each thread, on a new file.
fn round(number: u64, operations: u64) -> [u64; 6] {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let uri = format!("sqlite:{}", folder.path().join("linear.db").display());
    let handles: Vec<Application> =
        (0..HANDLES).map(|_| Application::open(&uri).wait().expect("the file can be opened")).collect();
    let ids: Vec<Id<Register>> = (0..AGGREGATES).map(|_| Id::new()).collect();
    for id in &ids {
        handles[0].save(&mut Register::make_with_id(*id)).wait().expect("the aggregate is saved");
    }
    let start = Instant::now();
    let histories: Histories = thread::scope(|scope| {
        let work = |(thread, app)| {
            let ids = &ids;
            scope.spawn(move || {
                let seed = (number * THREADS + thread) << 32;
                Caller { app, ids, start, random: seed | 1, histories: Vec::new() }.work(seed, operations)
            })
        };
        let threads: Vec<_> = (0..THREADS).zip(handles.iter().cycle()).map(work).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("the thread ends")).collect()
    });
    let count = |counted: fn(&What) -> bool| {
        histories.iter().filter(|(_, operation)| counted(&operation.what)).count() as u64
    };
    let mut counts = [
        histories.len() as u64,
        count(|what| matches!(what, What::Appended { .. })),
        count(|what| matches!(what, What::Refused { .. })),
        count(|what| matches!(what, What::Read { .. })),
        count(|what| matches!(what, What::Unknown { .. })),
        0,
    ];
    let mut by_aggregate: Vec<Vec<Operation>> = ids.iter().map(|_| Vec::new()).collect();
    for (at, operation) in histories {
        by_aggregate[at].push(operation);
    }
    for (id, history) in ids.iter().zip(by_aggregate) {
        for violation in violations(&history, &stored(&handles[0], *id)) {
            println!("{id}: {violation}");
            counts[5] += 1;
        }
    }
    counts
}

/// Returns the token of each version.
fn stored(app: &Application, id: Id<Register>) -> Vec<u64> {
    let events = app.store().get(id, EventRange::all()).wait().expect("the events can be read");
    let token = |event: &RegisterEvent| match event {
        RegisterEvent::Written(Written { token }) => *token,
        _ => 0,
    };
    events.iter().map(|recorded| token(recorded.event())).collect()
}

/// A thread that calls the store.
struct Caller<'a> {
    app: &'a Application,
    ids: &'a [Id<Register>],
    start: Instant,
    random: u64,
    histories: Histories,
}

impl Caller<'_> {
    fn work(mut self, seed: u64, operations: u64) -> Histories {
        // The states that this thread knows, while others change the aggregates.
        let mut known: Vec<Option<Register>> = self.ids.iter().map(|_| None).collect();
        for token in (1..=operations).map(|number| seed + number) {
            let at = self.random(AGGREGATES);
            let known = &mut known[at];
            match known.take() {
                Some(register) if self.random(3) > 0 => *known = self.append(at, register, token),
                _ => *known = Some(self.read(at)),
            }
        }
        self.histories
    }

    fn read(&mut self, at: usize) -> Register {
        let begin = self.now();
        let register = self.app.get(self.ids[at]).wait().expect("the aggregate can be read");
        let what = What::Read { version: register.version().get(), token: register.token };
        self.note(at, begin, what);
        register
    }

    /// Appends a token. Returns the aggregate if it equals the stored one.
    fn append(&mut self, at: usize, mut register: Register, token: u64) -> Option<Register> {
        let behind = register.version().get();
        register.write(token);
        let begin = self.now();
        let saved = self.app.save(&mut register).wait();
        let (version, kind) = (behind + 1, saved.as_ref().err().map(es_runtime::Error::kind));
        let what = match kind {
            None => What::Appended { version, token },
            Some(ErrorKind::Conflict | ErrorKind::AlreadyExists) => What::Refused { behind },
            Some(ErrorKind::Timeout | ErrorKind::Unavailable | ErrorKind::OutcomeUnknown) => {
                What::Unknown { version, token }
            }
            Some(kind) => panic!("the store refuses an append as {kind:?}: {saved:?}"),
        };
        self.note(at, begin, what);
        kind.is_none().then_some(register)
    }

    fn note(&mut self, at: usize, begin: u64, what: What) {
        let end = self.now();
        self.histories.push((at, Operation { begin, end, what }));
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn random(&mut self, below: usize) -> usize {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.random >> 33).unwrap_or_default() % below
    }
}
