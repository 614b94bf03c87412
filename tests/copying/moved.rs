//! An application moves to another store, with everything that it has encrypted and forgotten.

use es_runtime::application::Batch;
use es_runtime::recorder::{CommitId, copy};
use es_runtime::{Application, ErrorKind, Wait};

use crate::account::Account;
use crate::data_keys::{keyed, kind, saved};

#[test]
fn an_application_finds_its_aggregates_in_the_target() {
    let folder = tempfile::tempdir().unwrap();
    let open = |uri: String| Application::builder(uri).mapper(keyed()).open().wait().unwrap();
    let uri = format!("sqlite:{}", folder.path().join("bank.db").display());
    let (old, new) = (open("memory:".into()), open(uri));
    let (mut ann, bob, gone) = (saved(&old), saved(&old), saved(&old));
    let chosen = CommitId::new();
    ann.deposit(5);
    old.save(Batch::new().commit_id(chosen).add(&mut ann)).wait().unwrap();
    copy(old.recorder(), new.recorder()).wait().unwrap();

    // The application goes on meanwhile.
    old.forget(gone.id()).wait().unwrap();
    old.execute(bob.id(), |account: &mut Account| account.deposit(1)).wait().unwrap();
    let copied = copy(old.recorder(), new.recorder()).wait().unwrap();
    assert_eq!((copied.events, copied.compared), (2, 12));
    old.close();

    assert_eq!(new.get(ann.id()).wait().unwrap().balance, 35);
    assert_eq!(new.get(bob.id()).wait().unwrap().balance, 31);
    assert_eq!(new.history(bob.id()).wait().unwrap().len(), 4);
    assert_eq!(kind(new.get(gone.id()).wait()), ErrorKind::Forgotten);
    let mut again = new.get(ann.id()).wait().unwrap();
    again.deposit(1);
    new.save(&mut again).wait().unwrap();
    assert_eq!(new.get(ann.id()).wait().unwrap().balance, 36);
    new.forget(bob.id()).wait().unwrap();
    assert_eq!(kind(new.get(bob.id()).wait()), ErrorKind::Forgotten);
}
