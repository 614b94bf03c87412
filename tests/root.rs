use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use es_runtime::clock::Timestamp;
use es_runtime::testing::{ManualClock, Scenario, encode, id, ids_from, replay};
use es_runtime::{Version, aggregate, mutator};

use crate::account::{Account, Overdrawn, open};
use crate::failure::failure;

const MINUTE: Duration = Duration::from_secs(60);

fn minutes(number: u32) -> Timestamp {
    ManualClock::START + MINUTE * number
}

fn lines(account: &Account) -> Vec<String> {
    account.pending().iter().map(|recorded| encode::<Account>(recorded.event()).to_string()).collect()
}

#[test]
fn the_creating_event_is_version_1_and_pending() {
    let _clock = ManualClock::default().install();
    let account = open();
    assert_eq!(account.version(), Version::INITIAL);
    assert_eq!(Version::INITIAL, 1);
    assert_eq!(lines(&account), [r#"Opened { "owner": "Ann" }"#]);
    let envelope = account.pending()[0].envelope();
    assert_eq!(envelope.id(), account.id().uuid());
    assert_eq!(envelope.version(), 1);
    assert_eq!(envelope.timestamp(), ManualClock::START);
}

#[test]
fn each_event_is_the_next_version_and_the_last_one_tells_when_it_was_modified() {
    let clock = ManualClock::default();
    let _clock = clock.install();
    let mut account = open();
    clock.advance(MINUTE);
    account.deposit(10);
    clock.advance(MINUTE);
    account.set_owner("Anna".into());
    assert_eq!(account.version(), 3);
    assert_eq!(account.created_at(), minutes(0));
    assert_eq!(account.modified_at(), minutes(2));
    let envelopes: Vec<_> = account.pending().iter().map(|recorded| *recorded.envelope()).collect();
    assert_eq!(envelopes.iter().map(|envelope| envelope.version().get()).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(
        envelopes.iter().map(es_runtime::Envelope::timestamp).collect::<Vec<_>>(),
        [minutes(0), minutes(1), minutes(2)]
    );
    assert!(envelopes.iter().all(|envelope| envelope.id() == account.id().uuid()));
}

#[test]
fn pending_events_stand_in_the_order_of_the_commands() {
    let mut account = open();
    account.deposit(10);
    account.freeze();
    account.withdraw(3).unwrap();
    assert_eq!(
        lines(&account),
        [
            r#"Opened { "owner": "Ann" }"#,
            r#"Deposited { "amount": 10 }"#,
            "Frozen {}",
            r#"Withdrawn { "amount": 3 }"#
        ]
    );
    assert_eq!(account.balance, 7);
}

#[test]
fn a_clock_that_is_set_back_does_not_make_events_older() {
    let clock = ManualClock::default();
    let _clock = clock.install();
    let mut account = open();
    clock.advance(MINUTE);
    account.deposit(1);
    clock.set(minutes(0));
    account.deposit(2);
    account.set_owner("Anna".into());
    assert_eq!(account.modified_at(), minutes(1));
    clock.set(minutes(2));
    account.deposit(3);
    let times: Vec<_> = account.pending().iter().map(|recorded| recorded.envelope().timestamp()).collect();
    assert_eq!(times, [minutes(0), minutes(1), minutes(1), minutes(1), minutes(2)]);
    clock.set(minutes(0));
    let discarded = account.discard();
    assert_eq!(discarded.pending()[5].envelope().timestamp(), minutes(2));
}

#[test]
fn a_replayed_aggregate_is_not_older_than_its_last_event_either() {
    let clock = ManualClock::at(minutes(5));
    let _clock = clock.install();
    let mut again: Account = replay(open().pending().to_vec()).unwrap();
    clock.set(minutes(1));
    again.deposit(1);
    assert_eq!(again.modified_at(), minutes(5));
}

#[test]
fn a_refused_command_records_nothing() {
    let clock = ManualClock::default();
    let _clock = clock.install();
    let mut account = open();
    clock.advance(MINUTE);
    assert_eq!(account.withdraw(1), Err(Overdrawn));
    assert_eq!((account.version().get(), account.pending().len()), (1, 1));
    assert_eq!(account.modified_at(), minutes(0));
}

#[test]
fn helpers_of_the_mutator_block_are_read_through_the_root() {
    assert!(!open().is_overdrawn());
}

#[test]
fn a_replayed_aggregate_has_nothing_pending_and_goes_on_from_its_version() {
    let mut account = open();
    account.deposit(10);
    let mut again: Account = replay(account.pending().to_vec()).unwrap();
    assert!(again.pending().is_empty());
    again.withdraw(3).unwrap();
    assert_eq!((again.version().get(), again.pending().len()), (3, 1));
    assert_eq!(again.pending()[0].envelope().version(), 3);
    assert_eq!(again.pending()[0].envelope().id(), account.id().uuid());
}

#[test]
fn debug_shows_the_identity_the_state_and_how_much_is_pending() {
    let _ids = ids_from(1);
    assert_eq!(
        format!("{:?}", open()),
        "Account { id: Id(00000000-0000-7000-8000-000000000001), version: Version(1), \
         state: AccountState { owner: \"Ann\", balance: 0 }, pending: 1 }"
    );
}

#[test]
fn two_aggregates_do_not_share_anything() {
    let _ids = ids_from(1);
    let (mut one, two) = (open(), open());
    one.deposit(1);
    assert_eq!((one.id(), two.id()), (id(1), id(2)));
    assert_eq!((two.version().get(), two.balance, two.pending().len()), (1, 0, 1));
}

#[test]
fn roots_and_events_can_go_to_other_threads() {
    fn goes<T: Send + Sync + 'static>(value: T) -> T {
        std::thread::spawn(move || value).join().unwrap()
    }
    let account = goes(open());
    assert_eq!(goes(account.pending().to_vec()).len(), 1);
}

#[aggregate]
#[derive(Debug)]
struct Vault {
    gold: u32,
}

#[mutator]
impl Vault {
    #[event(Built)]
    fn build() -> Self {
        Self { gold: 5 }
    }

    #[event(Taken)]
    fn take(&mut self, gold: u32) {
        assert!(gold <= self.gold, "the vault is empty");
        self.gold -= gold;
    }

    #[event(Blessed)]
    fn bless(&mut self) {
        unreachable!("no vault was ever blessed");
    }
}

#[test]
fn a_mutator_that_panics_leaves_no_event() {
    let clock = ManualClock::default();
    let _clock = clock.install();
    let mut vault = Vault::build();
    clock.advance(MINUTE);
    catch_unwind(AssertUnwindSafe(|| vault.take(6))).unwrap_err();
    catch_unwind(AssertUnwindSafe(|| vault.bless())).unwrap_err();
    assert_eq!((vault.version().get(), vault.pending().len(), vault.gold), (1, 1, 5));
    assert_eq!(vault.modified_at(), minutes(0));
    vault.take(5);
    assert_eq!(vault.pending()[1].envelope().version(), 2);
}

#[test]
fn a_root_knows_for_good_that_a_mutator_panicked() {
    let mut vault = Vault::build();
    vault.take(1);
    assert!(!format!("{vault:?}").contains("torn"));
    catch_unwind(AssertUnwindSafe(|| vault.take(6))).unwrap_err();
    vault.take(1);
    assert!(format!("{vault:?}").ends_with("pending: 3, torn: true }"), "{vault:?}");
    let told = failure(|| {
        let scenario = Scenario::<Vault>::given(Built {});
        let _ = scenario.when(|vault| {
            let _ = catch_unwind(AssertUnwindSafe(|| vault.take(6)));
        });
    });
    assert!(
        told.message.ends_with("was left half-changed by a command that panicked; load it again"),
        "{told:?}"
    );
}
