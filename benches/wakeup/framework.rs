//! The framework: one account, and a subscription to its events.

use es_runtime::recorder::{ApplicationRecorder, LogRange};
use es_runtime::{Application, Wait, aggregate, mutator};

use crate::side::{beside, rest};
use crate::times::{Calls, now};

#[aggregate]
struct Account {
    balance: i64,
}

#[mutator]
impl Account {
    #[event(Deposited)]
    fn open(amount: i64) -> Self {
        Self { balance: amount }
    }
}

pub(crate) fn open(uri: &str) -> Application {
    Application::open(uri).wait().expect("it opens")
}

pub(crate) fn measure_in(name: &str, app: &Application, many: usize) {
    let (calls, seen) = beside(|ready| follow(app, many, ready), || write(app, many));
    calls.print(name, &seen);
}

pub(crate) fn follow(app: &Application, many: usize, is_ready: impl FnOnce()) -> Vec<i64> {
    let end = app.recorder().read_log(LogRange::all().limit(0)).wait().expect("it is read").through;
    let mut events = app.log::<Deposited>().after(end).follow();
    is_ready();
    let seen = events.wait().take(many).map(|event| {
        event.expect("it is read");
        now()
    });
    seen.collect()
}

pub(crate) fn write(app: &Application, many: usize) -> Calls {
    let mut calls = Calls::default();
    for number in 0..many {
        let mut account = Account::open(1);
        calls.time(|| app.save(&mut account).wait().expect("it is saved"));
        rest(number);
    }
    calls
}
