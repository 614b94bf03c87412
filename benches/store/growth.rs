//! B10: the cost of saving and loading when the store has grown.

use es_runtime::Wait;
use es_runtime::recorder::Synchronous;

use crate::account::{Account, REFERENCE};
use crate::harness::{Folder, open, timed};
use es_benches::median;

/// The goal: at most this many times the cost at the first size.
const GOAL: f64 = 1.3;

pub(crate) fn growth(sizes: &[usize], rounds: usize) {
    let folder = Folder::new();
    let app = open(&folder.file("growing.db"), Synchronous::Normal);
    let mut stored = 0;
    let mut first: Option<(f64, f64)> = None;
    println!(
        "\n{:<44} {:>12} {:>12} {:>7} {:>7}   goal {GOAL}",
        "B10 growth, NORMAL", "save µs", "load µs", "", ""
    );
    for &size in sizes {
        while stored < size {
            let mut accounts: Vec<Account> = (0..100).map(|_| Account::open("Ann".to_owned())).collect();
            for account in &mut accounts {
                (0..9).for_each(|_| account.deposit(1, REFERENCE.to_owned()));
            }
            app.save(&mut accounts).wait().expect("they are saved");
            stored += 1_000;
        }
        let (mut saves, mut loads) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let mut account = Account::open("Ann".to_owned());
            let time = timed(|| {
                for _ in 0..500 {
                    account.deposit(1, REFERENCE.to_owned());
                    app.save(&mut account).wait().expect("it is saved");
                }
            });
            saves.push(time.as_secs_f64() * 1e6 / 500.0);
            let time = timed(|| {
                for _ in 0..20 {
                    std::hint::black_box(app.get(account.id()).wait().expect("it is there"));
                }
            });
            loads.push(time.as_secs_f64() * 1e6 / 20.0);
        }
        let (save, load) = (median(saves), median(loads));
        let (save_first, load_first) = *first.get_or_insert((save, load));
        let name = format!("{size} events stored");
        println!(
            "{name:<44} {save:>12.1} {load:>12.1} {:>7.2} {:>7.2}",
            save / save_first,
            load / load_first
        );
    }
}
