//! The lines that an expansion may have, as rustfmt would print it, with derives left as attributes. Users read an
//! expansion with `cargo expand`, and the compiler compiles one for each event.

use std::fmt::Write as _;

use super::corpus::{derive_event, derive_event_set};
use super::{Expand, pretty, tokens};
use crate::{aggregate, event, mutator, projection};

/// An aggregate without attributes and events.
const AGGREGATE: usize = 74;
/// The first attribute also brings an enum and its impl.
const FIRST_ATTRIBUTE: usize = 45;
const FURTHER_ATTRIBUTE: usize = 14;
/// A mutator block without its events.
const MUTATOR: usize = 97;
const CHANGING_EVENT: usize = 49;
const CREATING_EVENT: usize = 58;
const EVENT_STRUCT: usize = 26;
const DERIVED_EVENT: usize = 25;
/// A set without its events.
const EVENT_SET: usize = 28;
const EVENT_OF_A_SET: usize = 15;
/// A projection without its handlers, and the block as written.
const PROJECTION: usize = 46;
const HANDLER: usize = 14;

#[test]
fn expansions_stay_within_their_budgets() {
    let attributes = |number| {
        let fields = (0..number).fold(String::new(), |mut fields, at| {
            let _ = write!(fields, "#[attribute] field_{at}: String,");
            fields
        });
        lines(aggregate::expand, &format!("struct Account {{ {fields} }}"))
    };
    let events = |number| {
        let methods = (0..number).fold(String::new(), |mut methods, at| {
            let _ = write!(
                methods,
                "#[event(Changed{at})] fn change_{at}(&mut self, amount: i64) {{ self.balance += amount; }}"
            );
            methods
        });
        let create = "#[event(Opened)] fn open(owner: String) -> Self { Self { owner } }";
        lines(mutator::expand, &format!("impl Account {{ {create} {methods} }}"))
    };
    // The state's own fields are lines of the user's, not of the expansion.
    let aggregate = attributes(0);
    let first = attributes(1) - aggregate;
    let further = attributes(2) - attributes(1);
    let changing = events(2) - events(1);
    let block = "impl Account {
        #[event(Opened)] fn open(owner: String) -> Self { Self { owner } }
        #[event(Reopened)] fn reopen(owner: String) -> Self { Self { owner } }
    }";
    let creating = lines(mutator::expand, block) - events(0);
    let mutator = events(0) - creating;
    let declared = lines(event::expand, "struct Paid { amount: i64 }");
    let encrypted = pretty(event::expand(tokens("encrypted"), tokens("struct Paid { amount: i64 }")));
    let encrypted = encrypted.lines().filter(|line| !line.trim().is_empty()).count();
    assert_eq!(encrypted, declared + 1, "an event that demands encryption is one line longer");

    let derived = lines(derive_event, "struct Paid { amount: i64 }");
    let one = lines(derive_event_set, "enum Events { Paid(Paid) }");
    let of_a_set = lines(derive_event_set, "enum Events { Paid(Paid), Moved(Moved) }") - one;

    let handlers = |number| {
        let methods = (0..number).fold(String::new(), |mut methods, at| {
            let _ = write!(
                methods,
                "#[event] fn changed_{at}(event: &Changed{at}, id: Id<Account>, tx: &Tx) -> Result {{ tx.run(SQL, (id,)) }}"
            );
            methods
        });
        let block = format!("impl Balances {{ const TABLES: &str = TABLES; {methods} }}");
        let made = lines_with(projection::expand, "Account", &block);
        made - pretty(tokens(&block)).lines().filter(|line| !line.trim().is_empty()).count() + number
    };
    let handler = handlers(3) - handlers(2);

    let measured = [
        ("an aggregate", aggregate, AGGREGATE),
        ("its first attribute", first, FIRST_ATTRIBUTE),
        ("a further attribute", further, FURTHER_ATTRIBUTE),
        ("a mutator block", mutator, MUTATOR),
        ("a changing event", changing, CHANGING_EVENT),
        ("a creating event", creating, CREATING_EVENT),
        ("an event struct", declared, EVENT_STRUCT),
        ("a derived event", derived, DERIVED_EVENT),
        ("a set of events", one - of_a_set, EVENT_SET),
        ("an event of a set", of_a_set, EVENT_OF_A_SET),
        ("a projection", handlers(3) - 3 * handler, PROJECTION),
        ("a handler", handler, HANDLER),
    ];
    for (what, lines, budget) in measured {
        println!("{what}: {lines} of {budget} lines");
        assert!(lines <= budget, "{what} expands to {lines} lines, over its budget of {budget}");
    }
}

fn lines(expand: Expand, item: &str) -> usize {
    lines_with(expand, "", item)
}

fn lines_with(expand: Expand, args: &str, item: &str) -> usize {
    pretty(expand(tokens(args), tokens(item))).lines().filter(|line| !line.trim().is_empty()).count()
}
