//! The guide: from the first aggregate to a store of your own. Each page stands on the ones before it.
//!
//! | page | you learn |
//! |---|---|
//! | [`first_aggregate`] | how methods become events, and events a state |
//! | [`where_code_goes`] | which code stands in which `impl` |
//! | [`saving_and_loading`] | stores, sync and async, history |
//! | [`commands_and_conflicts`] | retries, several aggregates, idempotent commands |
//! | [`two_styles_of_events`] | declared events, attributes |
//! | [`changing_events`] | renames, new shapes, `events.lock` |
//! | [`testing`] | given, when, then |
//! | [`snapshots_and_cache`] | faster loading |
//! | [`encryption_and_forgetting`] | keys, and the right to erasure |
//! | [`projections`] | rows that follow the events: views, rebuilds, failures |
//! | [`deployment`] | processes, variables, SQLite and PostgreSQL in production, moving between them |
//! | [`without_macros`] | events and states of your own, a bus |
//! | [`errors`] | every kind of error, with its remedy |
//! | [`writing_a_store`] | recorders, and the rules that they keep |
//! | [`limits`] | known holes |
//! | [`other_libraries`] | facts for a choice |

/// Declares the pages. Each begins with its links as they lead from the generated page; of two definitions of a link, the
/// first counts, and the second is for readers of the file.
macro_rules! pages {
    ($($page:ident),+ $(,)?) => {
        $(
            #[doc = "[code]: where_code_goes"]
            #[doc = "[saving]: saving_and_loading"]
            #[doc = "[commands]: commands_and_conflicts"]
            #[doc = "[styles]: two_styles_of_events"]
            #[doc = "[changing]: changing_events"]
            #[doc = "[testing]: testing"]
            #[doc = "[snapshots]: snapshots_and_cache"]
            #[doc = "[encryption]: encryption_and_forgetting"]
            #[doc = "[without]: without_macros"]
            #[doc = "[errors]: errors"]
            #[doc = "[writing]: writing_a_store"]
            #[doc = "[limits]: limits"]
            #[doc = "[others]: other_libraries"]
            #[doc = "[deployment]: deployment"]
            #[doc = "[ex-follower]: ../../../../../examples/follower/main.rs"]
            #[doc = "[ex-read_model]: ../../../../../examples/read_model/main.rs"]
            #[doc = "[ex-sqlx_view]: ../../../../../examples/sqlx_view/main.rs"]
            #[doc = "[projections]: projections"]
            #[doc = "[ex-view]: ../../../../../examples/view/main.rs"]
            #[doc = "[ex-web]: ../../../../../examples/web/main.rs"]
            #[doc = "[ex-deployment]: ../../../../../examples/deployment/main.rs"]
            #[doc = "[ex-postgres]: ../../../../../examples/postgres/main.rs"]
            #[doc = "[ex-moving]: ../../../../../examples/moving/main.rs"]
            #[doc = "[ex-standalone]: ../../../../../examples/standalone/main.rs"]
            #[doc = "[adr-forgetting]: ../../../../../es-runtime/docs/adr/0011-forgetting-destroys-a-key.md"]
            #[doc = ""]
            #[doc = include_str!(concat!("../docs/guide/", stringify!($page), ".md"))]
            pub mod $page {}
        )+
    };
}

pages! {
    first_aggregate,
    where_code_goes,
    saving_and_loading,
    commands_and_conflicts,
    two_styles_of_events,
    changing_events,
    testing,
    snapshots_and_cache,
    encryption_and_forgetting,
    projections,
    deployment,
    without_macros,
    errors,
    writing_a_store,
    limits,
    other_libraries,
}
