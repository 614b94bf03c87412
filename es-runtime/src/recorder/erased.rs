//! The recorder traits as objects, for recorders chosen at run time.
//!
//! Every recorder implements the twin of its trait, and every twin is a recorder, even behind an `Arc` or a `Box`. Code
//! that holds an `Arc<dyn DynApplicationRecorder>` calls the methods of [`ApplicationRecorder`] on it.
#![expect(
    clippy::elidable_lifetime_names,
    reason = "one macro writes methods with and without borrowed arguments"
)]

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use uuid::Uuid;

use super::{
    AggregateRecorder, ApplicationRecorder, Commit, CommitId, Cursor, EventPage, EventRange, KeyRecorder,
    Limits, LogPage, LogRange, Mark, ProcessRecorder, Receipt, Remains, SnapshotRecorder, Step, StoredKey,
    TrackingRecorder,
};
use crate::error::Error;
use crate::id::Version;
use crate::stored_event::StoredEvent;

/// The return type of the methods: a future on the heap.
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Makes the twin of a trait, implements it for every recorder, and implements the trait for objects and pointers.
macro_rules! twin {
    (
        $(#[$docs:meta])*
        $twin:ident: $($above:path),+; of $recorder:ident; for $($object:ident)+;
        $(fn $method:ident as $erased:ident($($arg:ident: $(ref $amp:tt)? $type:ty),*) -> $made:ty;)+
        $(plain fn $plain:ident as $erased_plain:ident() -> $answer:ty;)*
    ) => {
        $(#[$docs])*
        pub trait $twin: $($above +)+ {
            $(
                #[doc = concat!("See [`", stringify!($recorder), "::", stringify!($method), "`].")]
                fn $erased<'a>(&'a self $(, $arg: $($amp 'a)? $type)*) -> Boxed<'a, $made>;
            )+
            $(
                #[doc = concat!("See [`", stringify!($recorder), "::", stringify!($plain), "`].")]
                fn $erased_plain(&self) -> $answer;
            )*
        }

        impl<R: $recorder> $twin for R {
            $(
                fn $erased<'a>(&'a self $(, $arg: $($amp 'a)? $type)*) -> Boxed<'a, $made> {
                    Box::pin($recorder::$method(self $(, $arg)*))
                }
            )+
            $(
                fn $erased_plain(&self) -> $answer {
                    $recorder::$plain(self)
                }
            )*
        }

        twin! { @object $recorder [$($object)+] {
            $(async fn $method(&self $(, $arg: $($amp)? $type)*) -> Result<$made, Error> {
                self.$erased($($arg),*).await
            })+
            $(fn $plain(&self) -> $answer {
                self.$erased_plain()
            })*
        } }

        twin! { @pointer $recorder [Arc Box] {
            $(fn $method(&self $(, $arg: $($amp)? $type)*) -> impl Future<Output = Result<$made, Error>> + Send {
                (**self).$method($($arg),*)
            })+
            $(fn $plain(&self) -> $answer {
                (**self).$plain()
            })*
        } }
    };
    (@object $recorder:ident [$($object:ident)+] $methods:tt) => { $(twin! { @one_object $recorder $object $methods })+ };
    (@one_object $recorder:ident $object:ident { $($method:item)* }) => {
        impl $recorder for dyn $object { $($method)* }
    };
    (@pointer $recorder:ident [$($pointer:ident)+] $methods:tt) => { $(twin! { @one_pointer $recorder $pointer $methods })+ };
    (@one_pointer $recorder:ident $pointer:ident { $($method:item)* }) => {
        impl<R: $recorder + ?Sized> $recorder for $pointer<R> { $($method)* }
    };
}

twin! {
    /// [`AggregateRecorder`] as an object; every recorder of that trait is one.
    DynAggregateRecorder: Send, Sync; of AggregateRecorder;
    for DynAggregateRecorder DynKeyRecorder DynApplicationRecorder DynProcessRecorder;
    fn append as append_dyn(commit: Commit) -> Receipt;
    fn select as select_dyn(id: Uuid, range: EventRange) -> EventPage;
    fn has_commit as has_commit_dyn(id: Uuid, commit: CommitId) -> bool;
    fn has_commits as has_commits_dyn(commits: Vec<(Uuid, CommitId)>) -> Vec<bool>;
    plain fn limits as limits_dyn() -> Limits;
    plain fn as_keys as as_keys_dyn() -> Option<&(dyn DynKeyRecorder + 'static)>;
}

twin! {
    /// [`KeyRecorder`] as an object; every recorder of that trait is one.
    DynKeyRecorder: DynAggregateRecorder; of KeyRecorder;
    for DynKeyRecorder;
    fn select_keys as select_keys_dyn(ids: Vec<Uuid>) -> Vec<StoredKey>;
    fn replace_key as replace_key_dyn(old: StoredKey, new: StoredKey) -> bool;
    fn forget as forget_dyn(id: Uuid, notice: Commit) -> Remains;
    fn sample_keys as sample_keys_dyn() -> Vec<StoredKey>;
}

twin! {
    /// [`ApplicationRecorder`] as an object; every recorder of that trait is one.
    DynApplicationRecorder: DynAggregateRecorder; of ApplicationRecorder;
    for DynApplicationRecorder DynProcessRecorder;
    fn read_log as read_log_dyn(range: LogRange) -> LogPage;
    fn resolve as resolve_dyn(receipt: ref & Receipt) -> Option<Mark>;
    fn beyond as beyond_dyn(after: Option<Mark>) -> ();
    plain fn as_any as as_any_dyn() -> Option<&(dyn Any + Send + Sync)>;
    plain fn as_process as as_process_dyn() -> Option<&(dyn DynProcessRecorder + 'static)>;
}

twin! {
    /// [`TrackingRecorder`] as an object; every recorder of that trait is one.
    DynTrackingRecorder: Send, Sync; of TrackingRecorder;
    for DynTrackingRecorder DynProcessRecorder;
    fn tracked as tracked_dyn(cursor: ref & Cursor) -> Option<Mark>;
    fn track as track_dyn(step: Step) -> ();
}

twin! {
    /// [`ProcessRecorder`] as an object; every recorder of that trait is one.
    DynProcessRecorder: DynApplicationRecorder, DynTrackingRecorder; of ProcessRecorder;
    for DynProcessRecorder;
    fn append_tracked as append_tracked_dyn(commit: Commit, step: Step) -> Receipt;
    fn append_tracked_all as append_tracked_all_dyn(commits: Vec<(Commit, Step)>) -> Vec<Receipt>;
}

twin! {
    /// [`SnapshotRecorder`] as an object; every recorder of that trait is one.
    DynSnapshotRecorder: Send, Sync; of SnapshotRecorder;
    for DynSnapshotRecorder;
    fn put as put_dyn(snapshot: StoredEvent) -> ();
    fn select as select_dyn(id: Uuid, topic: ref & str, range: EventRange) -> Vec<StoredEvent>;
    fn versions as versions_dyn(id: Uuid, topic: ref & str, range: EventRange) -> Vec<Version>;
    fn delete as delete_dyn(id: Uuid, topic: ref & str, range: EventRange) -> ();
    fn clear as clear_dyn(id: Uuid) -> ();
}
