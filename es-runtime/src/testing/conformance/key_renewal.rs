//! The store replaces the form of a data key after its cipher key changed. The key stays the same.

use super::keys::by_id;
use super::samples::{event, form, key, new_id, sequence, with_keys};
use super::store::Store;
use crate::recorder::{KeyRecorder, StoredKey};

/// A caller that knows the stored form of a data key replaces the form, and no other caller does.
pub fn a_key_is_replaced_by_a_caller_that_knows_it<R: KeyRecorder>(store: &Store<R>) {
    let (id, other, unknown) = (new_id(), new_id(), new_id());
    for id in [id, other] {
        store.store(&with_keys([event(id, 1)], [key(id, "key")]));
    }
    let new = form(id, "key", "new");
    assert!(
        !store.replace(form(id, "key", "guessed"), new.clone()),
        "a key was replaced by who did not know it"
    );
    let absent = store.replace(key(unknown, "key"), form(unknown, "key", "new"));
    assert!(!absent, "a key was replaced that is not there");
    assert_eq!(by_id(store.keys([id, other, unknown])), [key(id, "key"), key(other, "key")]);
    let longer = form(id, "key", &"longer".repeat(40));
    assert!(store.replace(key(id, "key"), longer.clone()), "a key was not replaced");
    assert!(!store.replace(key(id, "key"), new), "a key was replaced by who knew an older form");
    assert_eq!(by_id(store.keys([id, other])), [longer, key(other, "key")]);
}

/// The store replaces a data key by another form of itself, and never by another key.
pub fn a_replaced_key_keeps_its_id<R: KeyRecorder>(store: &Store<R>) {
    let (id, other) = (new_id(), new_id());
    store.store(&with_keys([event(id, 1)], [key(id, "key")]));
    for new in [key(id, "other"), StoredKey::forgotten(id), form(other, "key", "new")] {
        assert!(!store.replace(key(id, "key"), new), "a key was replaced by another one");
        assert_eq!(by_id(store.keys([id, other])), [key(id, "key")], "the data key after that");
    }
}

/// A data key in another form is no conflict: the store accepts a save while keys are renewed. The stored form stays.
pub fn a_key_in_another_form_is_no_conflict<R: KeyRecorder>(store: &Store<R>) {
    let (id, new) = (new_id(), new_id());
    store.store(&with_keys([event(id, 1)], [key(id, "key")]));
    let renewed = form(id, "key", "renewed");
    assert!(store.replace(key(id, "key"), renewed.clone()), "a key was not replaced");
    store.store(&with_keys([event(id, 2)], [key(id, "key")]));
    store.store(&with_keys([event(new, 1), event(id, 3), event(id, 4)], [key(new, "key"), key(id, "key")]));
    store.store(&with_keys([event(id, 5)], [form(id, "key", "never stored")]));
    assert_eq!(by_id(store.keys([id, new])), [renewed, key(new, "key")], "the stored forms");
    assert_eq!(store.all(id), sequence(id, 1..=5), "the events saved with another form of the data key");
}

/// A destroyed key does not return in another form.
pub fn a_destroyed_key_is_not_renewed<R: KeyRecorder>(store: &Store<R>) {
    let id = new_id();
    store.store(&with_keys([event(id, 1)], [key(id, "key")]));
    store.forget(id);
    for old in [key(id, "key"), StoredKey::forgotten(id)] {
        assert!(!store.replace(old, form(id, "key", "back")), "a forgotten data key came back");
        assert_eq!(store.key(id), Some(StoredKey::forgotten(id)), "the rest of a forgotten data key");
    }
}
