//! What a recorder that wraps another one leaves to it.

/// The methods of `AggregateRecorder` that are not about events, of the recorder in this field.
macro_rules! delegate_keys {
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

        async fn forget(&self, id: uuid::Uuid) -> Result<(), Error> {
            self.$($field).+.forget(id).await
        }
    };
}
