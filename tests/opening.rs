//! Applications that are opened by a URI or a path, and closed.

use es_runtime::application::Builder;
use es_runtime::log::AnyEvent;
use es_runtime::{Application, ErrorKind, Wait};

use crate::account::open;
use crate::application::{apps, saved};

#[test]
fn a_file_is_opened_by_its_path_and_by_what_people_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd?name#1.db");
    let app = Application::open_file(&path).wait().unwrap();
    let id = saved(&app).id();
    app.close();
    let builder = Builder::file(&path).snapshots();
    assert!(builder.open().wait().unwrap().contains(id).wait().unwrap());
    let plain = folder.path().join("bank.db");
    let plain = plain.to_str().unwrap();
    let id = saved(&Application::open(plain).wait().unwrap()).id();
    for uri in [format!("sqlite:{plain}"), format!("sqlite:///{plain}")] {
        assert!(Application::open(&uri).wait().unwrap().contains(id).wait().unwrap(), "{uri}");
    }
    for uri in [":memory:", "sqlite://:memory:"] {
        saved(&Application::open(uri).wait().unwrap());
    }
}

#[test]
fn a_closed_application_says_so() {
    for app in apps() {
        let mut account = saved(&app);
        account.deposit(1);
        let (id, receipt) = (account.id(), app.save(&mut account).wait().unwrap());
        app.clone().close();
        app.close();
        assert_eq!(app.get(id).wait().unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(app.contains(id).wait().unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(app.history(id).wait().unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(app.resolve(&receipt).wait().unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(app.log::<AnyEvent>().more().wait().unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(app.forget(id).wait().unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(app.save(&mut open()).wait().unwrap_err().kind(), ErrorKind::Closed);
    }
}

#[test]
fn a_uri_that_names_no_store_is_refused_with_what_would() {
    for (uri, part) in [
        ("", "the URI is empty; write `memory:`, `sqlite:bank.db` or `postgresql://host/bank`"),
        ("library.dat", "the URI `library.dat` names no store; write `sqlite:library.dat`"),
        ("sqlite:///library.db", "write `sqlite:/library.db` or `sqlite:library.db`"),
        ("sqlite", "the URI `sqlite` names no file; write `sqlite:bank.db`, or `sqlite::memory:`"),
        ("sqlite::memory", "for a database in memory write `sqlite::memory:`"),
        (
            "mysq://bank",
            "begins with `mysq:`, which names no store; write `memory:`, `sqlite:bank.db` or `postgresql://host/bank`",
        ),
        ("sqlite:", "names no file"),
        ("memory:bank", "more than `memory:`, which is all there is to say; write `memory:`"),
        ("sqlite:/no/such/folder/bank.db", "the folder /no/such/folder does not exist; make it first"),
    ] {
        let error = Application::open(uri).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{uri}");
        assert!(error.to_string().contains(part), "{uri}: {error}");
    }
}

#[test]
fn a_file_keeps_what_was_saved() {
    let folder = tempfile::tempdir().unwrap();
    let uri = format!("sqlite:{}", folder.path().join("bank.db").display());
    let id = {
        let app = Application::open(&uri).wait().unwrap();
        let id = saved(&app).id();
        app.close();
        id
    };
    let app = Application::open(&uri).wait().unwrap();
    assert_eq!(app.get(id).wait().unwrap().balance, 10);
}
