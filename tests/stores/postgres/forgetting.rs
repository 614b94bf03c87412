//! Forgetting beside other transactions, and by a role that may not.

use es_runtime::recorder::{Commit, KeyRecorder, Tables};
use es_runtime::{ErrorKind, Wait};
use uuid::Uuid;

use super::{Database, notice, open};
use crate::server::{self, by_hand};

pub(crate) fn a_refused_forgetting_leaves_no_transaction() {
    let Database { schema, .. } = open();
    by_hand(&format!(
        "CREATE ROLE {schema} LOGIN; GRANT USAGE ON SCHEMA {schema} TO {schema};
         GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {schema};
         GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {schema} TO {schema}"
    ));
    let options = server::in_schema(&schema).user(&*schema).existing().connections(1);
    let database = options.open().unwrap();
    let recorder = database.recorder(&Tables::default()).unwrap();
    let id = Uuid::now_v7();
    let refused = recorder.forget(id, Commit::new(vec![notice(id, 1)])).wait().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Storage, "{refused}");
    let within = format!(
        "SELECT state FROM pg_stat_activity WHERE usename = '{schema}' AND state LIKE 'idle in transaction%'"
    );
    assert_eq!(by_hand(&within), [""; 0]);
}
