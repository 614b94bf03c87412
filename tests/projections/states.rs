//! The newest state of each aggregate as a row.

use es_runtime::projection::keep_state;
use es_runtime::{Application, Wait};

use crate::LONG;
use crate::account::Account;
use crate::balances::account;

#[test]
fn each_aggregate_has_a_row_with_its_newest_state_until_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let app = Application::open("memory:").wait().unwrap();
    let mut ann = account(&app, "Ann", &[1, 2]);
    let file = folder.path().join("states.db");
    let states = app.project(keep_state::<Account>()).in_file(&file).start().wait().unwrap();
    let bob = account(&app, "Bob", &[]);
    ann.set_owner("Anna".into());
    ann.freeze();
    app.save(&mut ann).wait().unwrap();
    states.caught_up().within(LONG).wait().unwrap();
    let rows = || {
        let connection = states.connect().unwrap();
        let sql = "SELECT id, version, modified_at, state FROM account_states ORDER BY version";
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement
            .query_map([], |row| {
                Ok((
                    row.get::<_, es_runtime::Id<Account>>(0)?,
                    row.get::<_, i64>(1)?,
                    row.get::<_, i64>(2)?,
                    row.get::<_, String>(3)?,
                ))
            })
            .unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>()
    };
    let state = |owner: &str, balance: i64| format!(r#"{{"owner":"{owner}","balance":{balance}}}"#);
    assert_eq!(
        rows(),
        [
            (bob.id(), 1, bob.modified_at().as_micros(), state("Bob", 0)),
            (ann.id(), 5, ann.modified_at().as_micros(), state("Anna", 3)),
        ]
    );
    app.save(&mut ann.discard()).wait().unwrap();
    states.caught_up().within(LONG).wait().unwrap();
    assert_eq!(rows().len(), 1);
}
