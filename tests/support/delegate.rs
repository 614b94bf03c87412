//! The methods that a recorder delegates to the one that it wraps.

/// Delegates the methods of `AggregateRecorder` but `append` and `select` to the recorder in this field.
macro_rules! delegate_commits {
    ($($field:ident).+) => {
        async fn has_commit(&self, id: uuid::Uuid, commit: es_runtime::recorder::CommitId) -> Result<bool, Error> {
            self.$($field).+.has_commit(id, commit).await
        }

        fn limits(&self) -> es_runtime::recorder::Limits {
            self.$($field).+.limits()
        }

        fn as_keys(&self) -> Option<&(dyn es_runtime::recorder::DynKeyRecorder + 'static)> {
            Some(self)
        }
    };
}

/// Delegates the methods of `KeyRecorder`.
macro_rules! delegate_keys {
    ($($field:ident).+) => {
        delegate_all_but_forgetting!($($field).+);

        async fn forget(&self, id: uuid::Uuid, notice: Commit) -> Result<es_runtime::recorder::Remains, Error> {
            self.$($field).+.forget(id, notice).await
        }
    };
}

/// Delegates the methods of `KeyRecorder` but `forget`.
macro_rules! delegate_all_but_forgetting {
    ($($field:ident).+) => {
        async fn select_keys(&self, ids: Vec<uuid::Uuid>) -> Result<Vec<es_runtime::recorder::StoredKey>, Error> {
            self.$($field).+.select_keys(ids).await
        }

        async fn replace_key(
            &self,
            old: es_runtime::recorder::StoredKey,
            new: es_runtime::recorder::StoredKey,
        ) -> Result<bool, Error> {
            self.$($field).+.replace_key(old, new).await
        }
    };
}

/// Delegates the methods of `ApplicationRecorder`.
macro_rules! delegate_log {
    ($($field:ident).+) => {
        async fn read_log(
            &self,
            range: es_runtime::recorder::LogRange,
        ) -> Result<es_runtime::recorder::LogPage, Error> {
            self.$($field).+.read_log(range).await
        }

        async fn resolve(&self, receipt: &Receipt) -> Result<Option<es_runtime::recorder::Mark>, Error> {
            self.$($field).+.resolve(receipt).await
        }

        async fn beyond(&self, after: Option<es_runtime::recorder::Mark>) -> Result<(), Error> {
            self.$($field).+.beyond(after).await
        }
    };
}
