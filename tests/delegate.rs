//! What a recorder that wraps another one leaves to it.

/// The methods of `AggregateRecorder` that are not about events, of the recorder in this field.
macro_rules! delegate_keys {
    ($($field:ident).+) => {
        delegate_all_but_forgetting!($($field).+);

        async fn forget(&self, id: uuid::Uuid) -> Result<(), Error> {
            self.$($field).+.forget(id).await
        }
    };
}

/// Those but the one that a recorder has itself.
macro_rules! delegate_all_but_forgetting {
    ($($field:ident).+) => {
        async fn has_commit(&self, id: uuid::Uuid, commit: es_runtime::recorder::CommitId) -> Result<bool, Error> {
            self.$($field).+.has_commit(id, commit).await
        }

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

/// The methods of `ApplicationRecorder`.
macro_rules! delegate_log {
    ($($field:ident).+) => {
        async fn select_log(
            &self,
            range: es_runtime::recorder::LogRange,
        ) -> Result<Vec<es_runtime::recorder::Notification>, Error> {
            self.$($field).+.select_log(range).await
        }

        async fn last_position(&self) -> Result<Option<es_runtime::recorder::Position>, Error> {
            self.$($field).+.last_position().await
        }

        async fn resolve(&self, receipt: &Receipt) -> Result<Option<es_runtime::recorder::Position>, Error> {
            self.$($field).+.resolve(receipt).await
        }
    };
}
