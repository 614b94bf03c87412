//! Looks at a panic: its message, and the line that it names.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Once;

#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) line: u32,
    pub(crate) file: String,
}

thread_local! {
    static SEEN: RefCell<Option<Vec<Failure>>> = const { RefCell::new(None) };
}

/// Runs code that is expected to panic, and returns the panic.
#[track_caller]
pub(crate) fn failure(run: impl FnOnce()) -> Failure {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = take_hook();
        set_hook(Box::new(move |info| {
            if !note(info) {
                previous(info);
            }
        }));
    });
    SEEN.set(Some(Vec::new()));
    let outcome = catch_unwind(AssertUnwindSafe(run));
    let seen = SEEN.take().and_then(|mut seen| seen.pop());
    assert!(outcome.is_err(), "a panic is expected, and there is none");
    seen.expect("the hook sees every panic")
}

/// Notes the panic, if this thread expects one.
fn note(info: &PanicHookInfo<'_>) -> bool {
    let payload = info.payload();
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    let message = text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default();
    let (file, line) =
        info.location().map_or_else(Default::default, |place| (place.file().to_owned(), place.line()));
    SEEN.with_borrow_mut(|seen| {
        seen.as_mut().map(|seen| seen.push(Failure { message, line, file })).is_some()
    })
}
