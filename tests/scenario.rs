//! Given, when, then: the scenarios that pass, and the reports of those that fail.

use std::cell::Cell;
use std::time::Duration;

use es_runtime::clock::{Clock, Timestamp};
use es_runtime::testing::{ManualClock, Scenario, id, ids_from};
use es_runtime::{Id, aggregate, mutator};
use serde::{Deserialize, Serialize};

use crate::account::{
    Account, AccountAttribute, AccountEvent, Deposited, Frozen, Opened, Overdrawn, Withdrawn, open, opened,
};
use crate::failure::failure;

const MINUTE: Duration = Duration::from_secs(60);

fn deposited(amount: i64) -> Deposited {
    Deposited { amount }
}

fn account() -> Scenario<Account> {
    Scenario::given((opened(), deposited(10)))
}

#[test]
fn events_are_given_and_expected_in_any_form() {
    let variants = vec![AccountEvent::Deposited(deposited(1)), AccountEvent::Frozen(Frozen {})];
    Scenario::<Account>::given((opened(), variants.clone(), [deposited(2), deposited(3)]))
        .when(|account| {
            account.deposit(1);
            account.freeze();
            account.set_owner("Anna".into());
        })
        .then((variants, AccountAttribute::Owner("Anna".into())))
        .then_state(|account| assert_eq!((account.balance, account.version().get()), (7, 8)));
    let one = || deposited(1);
    Scenario::<Account>::given((
        opened(),
        (one(), one(), one(), one(), one(), one(), one(), one(), one(), one(), one(), one()),
    ))
    .when(|account| account.withdraw(12))
    .then(AccountEvent::Withdrawn(Withdrawn { amount: 12 }));
}

#[test]
fn events_can_be_given_one_after_the_other() {
    Scenario::<Account>::given(opened())
        .and_given(deposited(1))
        .and_given((deposited(2), deposited(3)))
        .and_given(Frozen {})
        .when(|account| account.withdraw(6))
        .then(Withdrawn { amount: 6 })
        .then_state(|account| assert_eq!((account.version().get(), account.pending().len()), (6, 1)));
}

#[test]
fn the_closure_may_return_anything_that_can_be_shown() {
    account()
        .when(|account| account.balance)
        .then_nothing()
        .then_returns(10)
        .when(|account| account.withdraw(30))
        .then_returns(Err(Overdrawn))
        .then_refused(Overdrawn);
    assert_eq!(*account().when(|account| account.balance + 1).returned(), 11);
}

#[test]
fn the_next_command_sees_what_the_last_one_did() {
    account()
        .when(|account| account.withdraw(4))
        .then(Withdrawn { amount: 4 })
        .when(|account| account.withdraw(7))
        .then_refused(Overdrawn)
        .when(|account| account.withdraw(6))
        .then(Withdrawn { amount: 6 })
        .then_state(|account| assert_eq!((account.balance, account.version().get()), (0, 4)));
}

#[test]
fn the_clock_stands_until_it_is_moved() {
    let later = Timestamp::from_micros(ManualClock::START.as_micros() + 5);
    let outcome = Scenario::<Account>::given(opened())
        .after(MINUTE)
        .and_given(deposited(10))
        .after(MINUTE)
        .when(|account| account.deposit(1))
        .then_state(|account| {
            assert_eq!(account.created_at(), ManualClock::START);
            assert_eq!(account.modified_at(), ManualClock::START + MINUTE * 2);
        })
        .after(MINUTE)
        .when(|account| account.deposit(2));
    assert_eq!(outcome.recorded()[0].envelope().timestamp(), ManualClock::START + MINUTE * 3);
    Scenario::<Account>::given_nothing()
        .at(later)
        .when_created(open)
        .then_state(|account| assert_eq!(account.created_at(), later));
}

#[test]
fn ids_are_the_same_in_every_run() {
    account().when(|account| (account.id(), Id::<Account>::new())).then_returns((id(1), id(2)));
    let outcome = Scenario::given_nothing()
        .when_created(|| {
            let other = Account::open("Bob".into());
            Account::open(format!("not {}", other.id()))
        })
        .then(Opened { owner: format!("not {}", id::<Account>(1)) });
    assert_eq!(outcome.recorded()[0].envelope().id(), id::<Account>(2).uuid());
    outcome.when(|_| Id::<Account>::new()).then_returns(id::<Account>(3));
}

#[test]
fn a_scenario_leaves_the_clock_and_the_ids_of_its_thread_alone() {
    let clock = ManualClock::at(Timestamp::from_micros(1));
    let _clock = clock.install();
    let _ids = ids_from(50);
    account().when(|account| account.deposit(1)).then(deposited(1));
    let failed = failure(|| drop(account().when(|_| panic!("planned"))));
    assert_eq!(failed.message, "planned");
    let mine = open();
    assert_eq!((mine.id(), mine.created_at()), (id(50), clock.now()));
}

#[test]
fn a_failure_shows_other_events_line_by_line() {
    let failure = failure(|| {
        let outcome = account().when(|account| {
            account.deposit(1);
            account.freeze();
            account.withdraw(3)
        });
        drop(outcome.then((deposited(1), Withdrawn { amount: 4 }, AccountEvent::Discarded)));
    });
    assert_eq!(
        failure.message,
        "the command recorded other events than expected; correct one of the two (- expected, + recorded)
    Deposited { \"amount\": 1 }
  - Withdrawn { \"amount\": 4 }
  - Discarded {}
  + Frozen {}
  + Withdrawn { \"amount\": 3 }
given
    Opened { \"owner\": \"Ann\" }
    Deposited { \"amount\": 10 }
returned
    Ok(())
"
    );
}

#[test]
fn a_failure_shows_too_few_and_too_many_events() {
    let few = failure(|| drop(account().when(|_| ()).then(deposited(1))));
    assert!(few.message.contains("\n  - Deposited { \"amount\": 1 }\ngiven\n"), "{}", few.message);
    let many = failure(|| {
        let outcome = account().when(|account| {
            account.deposit(1);
            account.deposit(1);
        });
        drop(outcome.then(deposited(1)));
    });
    assert!(
        many.message.contains("\n    Deposited { \"amount\": 1 }\n  + Deposited { \"amount\": 1 }\ngiven")
    );
}

#[test]
fn events_in_another_order_are_other_events() {
    failure(|| {
        let outcome = account().when(|account| {
            account.deposit(1);
            account.freeze();
        });
        drop(outcome.then((Frozen {}, deposited(1))));
    });
}

#[test]
fn only_the_events_of_the_last_command_are_compared() {
    let failure = failure(|| {
        let outcome = account().when(|account| account.deposit(1)).when(|account| account.deposit(2));
        drop(outcome.then((deposited(1), deposited(2))));
    });
    assert!(
        failure.message.ends_with(
            "given\n    Opened { \"owner\": \"Ann\" }\n    Deposited { \"amount\": 10 }\n    \
             Deposited { \"amount\": 1 }\nreturned\n    ()\n"
        ),
        "{}",
        failure.message
    );
}

#[test]
fn a_failure_shows_an_event_where_none_is_expected() {
    let failure = failure(|| drop(Scenario::given_nothing().when_created(open).then_nothing()));
    assert_eq!(
        failure.message,
        "the command recorded events where none are expected; correct one of the two
  + Opened { \"owner\": \"Ann\" }
given
    nothing
returned
    ()
"
    );
}

#[test]
fn a_failure_shows_another_value_with_the_recorded_events() {
    let failure = failure(|| drop(account().when(|account| account.withdraw(3)).then_refused(Overdrawn)));
    assert_eq!(
        failure.message,
        "the command returned another value than expected; correct one of the two (- expected, + returned)
  - Err(Overdrawn)
  + Ok(())
given
    Opened { \"owner\": \"Ann\" }
    Deposited { \"amount\": 10 }
recorded
    Withdrawn { \"amount\": 3 }
"
    );
    let failure =
        crate::failure::failure(|| drop(account().when(|account| account.balance).then_returns(11)));
    assert!(failure.message.contains("\n  - 11\n  + 10\n"), "{}", failure.message);
}

#[test]
fn a_command_that_records_and_then_fails_is_not_refused() {
    let failure = failure(|| {
        let outcome = account().when(|account| {
            account.deposit(1);
            Err::<(), _>(Overdrawn)
        });
        drop(outcome.then_returns(Err(Overdrawn)).then(deposited(1)).then_refused(Overdrawn));
    });
    assert_eq!(
        failure.message,
        "the command refused after it had recorded events; let it check everything first, and record then
  + Deposited { \"amount\": 1 }
given
    Opened { \"owner\": \"Ann\" }
    Deposited { \"amount\": 10 }
returned
    Err(Overdrawn)
"
    );
}

/// Withdraws from one account after depositing to the other, which is the wrong order.
fn hasty(from: &mut Account, to: &mut Account, amount: i64) -> Result<(), Overdrawn> {
    to.deposit(amount);
    from.withdraw(amount)
}

fn two_accounts() -> Scenario<(Account, Account)> {
    Scenario::<(Account, Account)>::given(((opened(), deposited(10)), Opened { owner: "Bob".into() }))
}

#[test]
fn a_command_of_several_aggregates_has_its_own_scenario() {
    two_accounts()
        .after(MINUTE)
        .and_given(((), deposited(5)))
        .when(|ann, bob| hasty(ann, bob, 4))
        .then((Withdrawn { amount: 4 }, deposited(4)))
        .then_returns(Ok(()))
        .then_state(|ann, bob| {
            assert_eq!((ann.id(), bob.id(), ann.balance, bob.balance), (id(1), id(2), 6, 9));
            assert_eq!(bob.modified_at(), ManualClock::START + MINUTE);
        })
        .when(|ann, bob| ann.balance < bob.balance)
        .then_nothing()
        .then_returns(true)
        .when(|_, bob| bob.withdraw(10))
        .then_refused(Overdrawn);
    let outcome = Scenario::<(Account, Lottery)>::given((opened(), Opening {}))
        .at(Timestamp::from_micros(7))
        .when(|_, lottery| lottery.stake(1.0));
    assert_eq!((outcome.recorded().0.len(), outcome.recorded().1.len()), (0, 1));
    Scenario::<(Account, Lottery, Account, Lottery)>::given((opened(), Opening {}, opened(), Opening {}))
        .when(|_, _, third, _| third.deposit(1))
        .then(((), (), deposited(1), ()))
        .when(|_, _, third, _| third.balance)
        .then_returns(1);
    Scenario::<(Account, Account, Account)>::given((opened(), opened(), opened()))
        .when(|one, other, _| hasty(one, other, 0))
        .then((Withdrawn { amount: 0 }, deposited(0), ()));
}

#[test]
fn a_failure_shows_the_difference_of_each_aggregate() {
    let other = failure(|| {
        let outcome = two_accounts().when(|ann, bob| hasty(ann, bob, 4));
        drop(outcome.then(((), deposited(4))));
    });
    assert_eq!(
        other.message,
        "the command recorded other events than expected; correct one of the two (- expected, + recorded)
`Account`
  + Withdrawn { \"amount\": 4 }
`Account`
    Deposited { \"amount\": 4 }
given `Account`
    Opened { \"owner\": \"Ann\" }
    Deposited { \"amount\": 10 }
given `Account`
    Opened { \"owner\": \"Bob\" }
returned
    Ok(())
"
    );
    let refused =
        failure(|| drop(two_accounts().when(|ann, bob| hasty(ann, bob, 11)).then_refused(Overdrawn)));
    assert!(
        refused.message.starts_with(
            "the command refused after it had recorded events; let it check everything first, and record then\n`Account`\n  \
             + Deposited { \"amount\": 11 }\ngiven `Account`\n    Opened"
        ),
        "{}",
        refused.message
    );
    let nothing = failure(|| drop(two_accounts().when(|_, _| ()).then((deposited(1), ()))));
    assert!(
        nothing.message.contains(
            "\n`Account`\n  - Deposited { \"amount\": 1 }\n`Account`\n    nothing\ngiven `Account`"
        ),
        "{}",
        nothing.message
    );
    let value = failure(|| drop(two_accounts().when(|_, bob| bob.balance).then_returns(1)));
    assert!(
        value.message.ends_with("\nrecorded `Account`\n    nothing\nrecorded `Account`\n    nothing\n"),
        "{}",
        value.message
    );
}

#[test]
fn a_failure_shows_given_events_that_make_no_aggregate() {
    let failure = failure(|| drop(Scenario::<Account>::given((deposited(1), opened()))));
    assert_eq!(
        failure.message,
        "the given events do not make the aggregate `Account`: event 1 of `Account` 00000000-0000-7000-8000-000000000001 does \
         not create one; give its creating event, then what changed it
given
    Deposited { \"amount\": 1 }
    Opened { \"owner\": \"Ann\" }
"
    );
    for given in [
        vec![AccountEvent::Opened(opened()); 2],
        vec![AccountEvent::Opened(opened()), AccountEvent::Discarded],
    ] {
        let failure = crate::failure::failure(|| drop(Scenario::<Account>::given(given)));
        assert!(
            failure.message.starts_with("the given events do not make the aggregate `Account`: "),
            "{}",
            failure.message
        );
    }
}

#[test]
fn a_scenario_reports_a_command_without_an_aggregate() {
    let expected =
        "there is no such `Account`: it has no events; give the event that creates it, or use `when_created`";
    let nothing = failure(|| drop(Scenario::<Account>::given_nothing().when(|account| account.deposit(1))));
    assert_eq!(nothing.message, expected);
    let gone = failure(|| {
        let discarded = account().when_discarded(Account::discard).then(AccountEvent::Discarded);
        drop(discarded.when(|account| account.deposit(1)));
    });
    assert!(gone.message.contains(": it is discarded"), "{}", gone.message);
    let state = failure(|| {
        drop(account().when_discarded(Account::discard).then_state(|_| ()));
    });
    assert!(state.message.starts_with("there is no state to look at: "), "{}", state.message);
}

#[test]
fn an_aggregate_that_is_given_is_not_created() {
    let failure = failure(|| drop(account().when_created(open)));
    assert_eq!(
        failure.message,
        "events are given, so the `Account` exists and is not created again; begin with `given_nothing`"
    );
}

#[test]
fn a_creation_that_fails_makes_nothing() {
    let create = || if open().balance == 0 { Err("too poor") } else { Ok(open()) };
    let outcome = Scenario::<Account>::given_nothing().when_created(create).then_refused("too poor");
    assert!(outcome.recorded().is_empty());
}

#[test]
fn each_failure_blames_the_line_of_the_test() {
    fn blames(line: u32, run: impl FnOnce()) {
        let failure = failure(run);
        assert_eq!((failure.file.as_str(), failure.line), (file!(), line), "{}", failure.message);
    }
    blames(line!(), || drop(Scenario::<Account>::given(deposited(1))));
    blames(line!(), || drop(account().and_given(opened())));
    blames(line!(), || drop(Scenario::<Account>::given_nothing().when(|_| ())));
    blames(line!(), || drop(account().when_created(open)));
    blames(line!(), || drop(account().when(|_| ()).then(opened())));
    blames(line!(), || drop(account().when(Account::freeze).then_nothing()));
    blames(line!(), || drop(account().when(|_| 1).then_returns(2)));
    blames(line!(), || drop(account().when(|account| account.withdraw(1)).then_refused(Overdrawn)));
    blames(line!(), || drop(account().when_discarded(Account::discard).then_state(|_| ())));
    blames(line!(), || drop(Scenario::<(Account, Account)>::given((opened(), deposited(1)))));
    blames(line!(), || drop(two_accounts().and_given((opened(), ()))));
    blames(line!(), || drop(two_accounts().when(|_, bob| bob.deposit(1)).then(((), ()))));
    blames(line!(), || drop(two_accounts().when(|_, bob| bob.deposit(1)).then_nothing()));
    blames(line!(), || drop(two_accounts().when(|_, bob| bob.withdraw(0)).then_refused(Overdrawn)));
    blames(line!(), || drop(two_accounts().when(|ann, _| *ann = open())));
    blames(line!(), || drop(Scenario::<Lottery>::given(Opening {}).when(Lottery::draw)));
    blames(line!(), || drop(Scenario::<Lottery>::given(Opening {}).when(|lottery| lottery.stake(f64::NAN))));
}

thread_local! {
    static NUMBER: Cell<u32> = const { Cell::new(0) };
}

/// A state that depends on more than its events.
#[aggregate]
#[derive(Debug)]
struct Lottery {
    drawn: Vec<u32>,
    fair: Fair,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Fair(bool);

#[mutator]
impl Lottery {
    #[event(Opening)]
    fn open_doors() -> Self {
        Self { drawn: Vec::new(), fair: Fair(true) }
    }

    #[event(Drawn)]
    fn draw(&mut self) {
        self.drawn.push(NUMBER.replace(NUMBER.get() + 1));
    }

    #[event(Staked)]
    fn stake(&mut self, amount: f64) {
        self.fair = Fair(amount > 0.0);
    }
}

#[test]
fn a_mutator_that_uses_more_than_its_event_is_found() {
    let failure = failure(|| drop(Scenario::<Lottery>::given(Opening {}).when(Lottery::draw)));
    let (about, lines) = failure.message.split_once('\n').unwrap();
    assert_eq!(
        about,
        "the stored events make another `Lottery` than the command left; an event method may use nothing but the \
         state, the event and the envelope (- left, + made from the events)"
    );
    assert_eq!(lines.matches("\n  - ").count(), 1, "{lines}");
    assert_eq!(lines.matches("\n  + ").count(), 1, "{lines}");
}

#[test]
fn a_command_that_exchanges_the_aggregate_is_found() {
    let failure = failure(|| drop(account().when(|account| *account = open())));
    assert!(
        failure.message.starts_with("the events do not make the `Account` again: "),
        "{}",
        failure.message
    );
}

#[test]
fn scenarios_can_be_shown() {
    assert_eq!(
        format!("{:?}", account()),
        "Scenario { clock: Timestamp(2025-01-01T00:00:00.000000Z), past: [\"Opened { \\\"owner\\\": \\\"Ann\\\" }\", \
         \"Deposited { \\\"amount\\\": 10 }\"], .. }"
    );
    assert!(format!("{:?}", two_accounts()).contains("\\\"Ann\\\" }\", \"Deposited"));
    assert!(format!("{:?}", account().when(|_| 7)).contains("recorded: [], returned: 7, .. }"));
    assert!(Lottery::open_doors().drawn.is_empty());
}
