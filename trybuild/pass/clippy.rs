//! Clippy's default set finds nothing in an expansion. `cargo clippy` checks this file like any other.
#![deny(warnings, clippy::all, clippy::pedantic)]
#![allow(clippy::many_single_char_names)]

use es_runtime::{aggregate, mutator};

/// An account.
#[aggregate]
#[derive(Debug)]
pub struct Account {
    /// The money.
    pub balance: i64,
    /// The note.
    pub text: String,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(a: i64, b: i64, c: i64, d: i64, e: i64, f: i64, g: String) -> Self {
        Self { balance: a + b + c + d + e + f, text: g }
    }

    #[event(Moved)]
    pub fn move_to(&mut self, street: [u64; 30], town: [u64; 30]) {
        self.balance += i64::from(street[0] > town[0]);
    }

    #[event(Changed)]
    #[expect(clippy::too_many_arguments, reason = "they are what the form asks for")]
    pub fn change(&mut self, a: i64, b: i64, c: i64, d: i64, e: i64, f: i64, g: i64) {
        self.balance = a + b + c + d + e + f + g;
    }

    #[event(Closed)]
    pub fn close(&mut self) {
        self.text.clear();
    }
}

fn main() {
    let mut account = Account::open(1, 2, 3, 4, 5, 6, "a".into());
    account.move_to([1; 30], [2; 30]);
    account.change(1, 2, 3, 4, 5, 6, 7);
    account.close();
    assert_eq!(account.balance, 28);
}
