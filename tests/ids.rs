use std::collections::{BTreeSet, HashSet};
use std::thread;

use es_runtime::testing::{id, ids_from};
use es_runtime::{Id, aggregate, mutator};
use uuid::Uuid;

use crate::account::{Account, open};

// Computed with Python's `uuid.uuid5`: stored ids depend on it, so the value never changes.
const ANN: &str = "1392e97d-49cb-5b25-81d9-b1f18465ea6b";
const ANN_AS_KUNDE: &str = "ddebbde2-baae-51b9-8480-74cdf689db55";
const ANN_AS_KONTO: &str = "dc535228-1b24-51a7-adc1-ad099ecb81fa";

#[aggregate(name = "Kunde")]
struct Customer {
    visits: u32,
}

#[mutator]
impl Customer {
    #[event(Met)]
    fn meet() -> Self {
        Self { visits: 1 }
    }
}

#[aggregate(name = "CurrentAccount", aliases = ["Konto"])]
struct RenamedAccount {
    balance: i64,
}

#[mutator]
impl RenamedAccount {
    #[event(RenamedOpened)]
    fn open() -> Self {
        Self { balance: 0 }
    }
}

#[test]
fn new_ids_are_random_version_7() {
    let ids: HashSet<_> = (0..100).map(|_| open().id()).collect();
    assert_eq!(ids.len(), 100);
    assert!(ids.iter().all(|id| id.uuid().get_version_num() == 7));
}

#[test]
fn an_id_can_be_given() {
    let given = Id::from_uuid(Uuid::from_u128(0xabc));
    let account = Account::open_with_id(given, "Ann".into());
    assert_eq!(account.id(), given);
    assert_eq!(account.pending()[0].envelope().id(), Uuid::from_u128(0xabc));
    assert_eq!(account.owner, "Ann");
}

#[test]
fn the_same_key_names_the_same_aggregate_for_ever() {
    assert_eq!(Id::<Account>::from_key("ann@example.org").to_string(), ANN);
    assert_eq!(Id::<Account>::from_key(b"ann@example.org").to_string(), ANN);
    assert_ne!(Id::<Account>::from_key("bob@example.org").to_string(), ANN);
    assert_eq!(Id::<Account>::from_key("").uuid().get_version_num(), 5);
}

#[test]
fn the_same_key_names_another_aggregate_under_another_name() {
    assert_eq!(Id::<Customer>::from_key("ann@example.org").to_string(), ANN_AS_KUNDE);
    assert_eq!(Customer::meet().visits, 1);
}

#[test]
fn a_renamed_aggregate_keeps_the_ids_of_its_first_name() {
    assert_eq!(Id::<RenamedAccount>::from_key("ann@example.org").to_string(), ANN_AS_KONTO);
    let id = Id::from_key("ann@example.org");
    assert_eq!(RenamedAccount::open_with_id(id).balance, 0);
}

#[test]
fn an_id_is_read_from_its_text() {
    let id: Id<Account> = ANN.parse().unwrap();
    assert_eq!(id, Id::from_key("ann@example.org"));
    assert_eq!(id.to_string(), ANN);
    assert_eq!(format!("{id:?}"), format!("Id({ANN})"));
    let error = "1392e97d-49cb".parse::<Id<Account>>().unwrap_err();
    assert!(error.to_string().starts_with("\"1392e97d-49cb\" is no id; an id is a UUID, as in `"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
    assert!("".parse::<Id<Account>>().is_err());
}

#[test]
fn an_id_is_stored_as_its_text() {
    let id = Id::<Account>::from_key("ann@example.org");
    let json = serde_json::to_string(&id).unwrap();
    assert_eq!(json, format!("\"{ANN}\""));
    assert_eq!(serde_json::from_str::<Id<Account>>(&json).unwrap(), id);
    assert!(serde_json::from_str::<Id<Account>>("7").is_err());
}

#[test]
fn ids_are_equal_ordered_and_hashed_as_their_uuids() {
    let (low, high) = (Id::<Account>::from_uuid(Uuid::from_u128(1)), Id::from_uuid(Uuid::from_u128(2)));
    assert!(low < high);
    assert_eq!(BTreeSet::from([high, low]).first(), Some(&low));
    assert_eq!(HashSet::from([high, low, low]).len(), 2);
    assert_eq!(Uuid::from(low), Uuid::from_u128(1));
    assert_eq!(Id::<Account>::from(Uuid::from_u128(2)), high);
}

#[test]
fn ids_that_count_end_with_their_guard() {
    let outer = ids_from(10);
    assert_eq!(open().id(), id(10));
    {
        let _inner = ids_from(100);
        assert_eq!((open().id(), open().id()), (id(100), id(101)));
    }
    assert_eq!(open().id(), id(11));
    drop(outer);
    assert!(open().id() > id::<Account>(1_000_000));
}

#[test]
fn each_guard_takes_back_its_own_ids() {
    let (outer, inner) = (ids_from(10), ids_from(100));
    drop(outer);
    assert_eq!(open().id(), id(100));
    drop(inner);
    assert!(open().id() > id::<Account>(1_000_000));
}

#[test]
fn ids_that_count_do_so_on_one_thread() {
    let _ids = ids_from(1);
    let elsewhere = thread::spawn(|| open().id()).join().unwrap();
    assert_ne!(elsewhere, id(1));
    assert_eq!(open().id(), id(1));
}

#[test]
fn counted_ids_are_of_version_7_however_large() {
    for number in [0, 1, u64::MAX] {
        let uuid = id::<Account>(number).uuid();
        assert_eq!(uuid.get_version_num(), 7);
        assert_eq!(uuid.get_variant(), uuid::Variant::RFC4122);
    }
}
