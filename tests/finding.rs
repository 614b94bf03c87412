//! Ids, and aggregates that may not be there.

use es_runtime::error::Conflict;
use es_runtime::{Application, ErrorKind, Id, Wait};

use crate::account::{Account, open};
use crate::application::{Branch, apps, saved};

#[test]
fn all_ids_of_a_type_are_listed_in_pages() {
    for app in apps() {
        let mut branches: Vec<Branch> = (0..3).map(|_| Branch::found()).collect();
        branches.iter_mut().for_each(Branch::count);
        app.save(&mut branches).wait().unwrap();
        let mut accounts: Vec<Account> = (0..1_000).map(|_| open()).collect();
        for account in &mut accounts {
            account.deposit(1);
        }
        app.save(&mut accounts).wait().unwrap();
        let gone = saved(&app);
        let gone_id = gone.id();
        app.save(&mut gone.discard()).wait().unwrap();
        let mut listed = Vec::new();
        let mut ids = app.ids::<Account>();
        while let Some(page) = ids.next_page().wait().unwrap() {
            listed.extend(page);
        }
        let mut expected: Vec<_> = accounts.iter().map(|account| account.id()).collect();
        expected.push(gone_id);
        assert_eq!(listed, expected);
        let listed = app.ids::<Branch>().next_page().wait().unwrap().unwrap();
        assert_eq!(listed, branches.iter().map(|branch| branch.id()).collect::<Vec<_>>());
    }
}

#[test]
fn ids_are_listed_from_either_end_and_up_to_a_limit() {
    for app in apps() {
        assert!(app.ids::<Account>().descending().next().wait().unwrap().is_none());
        let mut made = Vec::new();
        for some in 0..12 {
            let mut accounts: Vec<Account> = (0..=100 * (some % 3)).map(|_| open()).collect();
            for account in &mut accounts {
                account.deposit(1);
            }
            made.extend(accounts.iter().map(|account| account.id()));
            app.save(&mut accounts).wait().unwrap();
            let mut branches: Vec<Branch> = (0..400).map(|_| Branch::found()).collect();
            app.save(&mut branches).wait().unwrap();
        }
        let all = app.ids::<Account>().wait().collect::<Result<Vec<_>, _>>().unwrap();
        assert_eq!(all, made);
        let first: Vec<_> = app.ids::<Account>().limit(3).wait().map(Result::unwrap).collect();
        assert_eq!(first, made[..3]);
        made.reverse();
        let back: Vec<_> = app.ids::<Account>().descending().wait().map(Result::unwrap).collect();
        assert_eq!(back, made);
        let mut last = Vec::new();
        let mut ids = app.ids::<Account>().descending().limit(250);
        async {
            while let Some(id) = ids.next().await.unwrap() {
                last.push(id);
            }
        }
        .wait();
        assert_eq!(last, made[..250]);
        app.close();
        let mut ids = app.ids::<Account>().wait();
        assert_eq!(ids.next().map(|id| id.unwrap_err().kind()), Some(ErrorKind::Closed));
        assert!(ids.next().is_none(), "an iterator ends after an error");
    }
}

#[test]
fn find_returns_none_for_an_aggregate_that_is_not_there() {
    for app in apps() {
        let (there, gone, never) = (saved(&app), saved(&app), open());
        let ids = [there.id(), gone.id(), never.id(), there.id()];
        app.save(&mut gone.discard()).wait().unwrap();
        assert_eq!(app.find(there.id()).wait().unwrap().map(|account| account.balance), Some(10));
        assert!(app.find(never.id()).wait().unwrap().is_none());
        let found = app.find_many(ids).wait().unwrap();
        let found: Vec<_> = found.iter().map(|found| found.as_ref().map(|account| account.id())).collect();
        assert_eq!(found, [Some(ids[0]), None, None, Some(ids[0])]);
        let error = app.get_many(ids).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().contains(&ids[1].to_string()), "{error}");
        let wrong = Id::<Branch>::from_uuid(ids[0].uuid());
        assert_eq!(app.find(wrong).wait().unwrap_err().kind(), ErrorKind::WrongAggregate);
    }
}

#[test]
fn many_are_loaded_in_the_order_of_their_ids_in_a_task_as_in_a_thread() {
    let tokio = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    for app in apps() {
        let ids: Vec<_> = (0..100).map(|_| saved(&app).id()).collect();
        let loaded = app.get_many(ids.iter().copied()).wait().unwrap();
        assert!(loaded.iter().map(|account| account.id()).eq(ids.iter().copied()));
        let (task, wanted) = (app.clone(), ids.clone());
        let loaded =
            tokio.block_on(tokio.spawn(async move { task.get_many(wanted).await })).unwrap().unwrap();
        assert!(loaded.iter().map(|account| account.id()).eq(ids));
    }
}

#[test]
fn a_duplicate_and_a_change_have_errors_of_their_own() {
    for app in apps() {
        let mut account = saved(&app);
        // A second creation gets a conflict, though no command ran in between.
        let mut again = Account::open_with_id(account.id(), "Bob".into());
        again.deposit(1);
        let error = app.save((&mut Branch::found(), &mut again)).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert!(matches!(error.as_conflict(), Some(Conflict::Version { .. })));
        assert_eq!(again.pending().len(), 2, "the events are kept");
        // A change that conflicts with another one may be repeated.
        app.update(account.id(), |account| account.deposit(1)).wait().unwrap();
        account.deposit(1);
        assert_eq!(app.save(&mut account).wait().unwrap_err().kind(), ErrorKind::Conflict);
    }
}

#[test]
fn a_history_that_lacks_an_event_is_corrupt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bank.db");
    let app = Application::open_file(&path).wait().unwrap();
    let mut account = saved(&app);
    account.deposit(1);
    app.save(&mut account).wait().unwrap();
    assert_eq!(app.history(account.id()).wait().unwrap().len(), 3);
    let database = rusqlite::Connection::open(&path).unwrap();
    assert_eq!(database.execute("DELETE FROM stored_events WHERE version = 2", []).unwrap(), 1);
    let error = app.history(account.id()).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
}
