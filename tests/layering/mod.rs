//! The order of the `mod` lines, in `lib.rs` and in each folder, is the order of the data flow: a module uses only
//! those declared above it.

mod doc_tests;
mod edges;
mod house;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use self::edges::{Edge, back_edges, edges};
use self::house::House;

fn sources_of(member: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(member).join("src")
}

/// Makes a house of a few files, each a name and its code.
fn planted(files: &[(&str, &str)]) -> House {
    House::new(&files.iter().map(|(name, code)| ((*name).to_owned(), (*code).to_owned())).collect())
}

fn shown(edges: &[Edge]) -> Vec<String> {
    edges.iter().map(Edge::to_string).collect()
}

#[test]
fn every_module_uses_only_those_above_it() {
    for member in ["es-runtime", "es-macros", "xtask"] {
        let found = shown(&back_edges(&House::read(&sources_of(member))));
        assert!(
            found.is_empty(),
            "modules of {member} use siblings below them; move the code or the `mod` line\n{}",
            found.join("\n")
        );
    }
}

#[test]
fn recorders_stand_on_four_modules_that_a_store_written_elsewhere_has_too() {
    let house = House::read(&sources_of("es-runtime"));
    let others = edges(&house).into_iter().filter(|edge| {
        edge.from.starts_with(&["recorder".to_owned()])
            && !["error", "id", "stored_event", "wait", "recorder"].contains(&edge.to[0].as_str())
    });
    let others: Vec<_> = others.collect();
    assert!(others.is_empty(), "{}", shown(&others).join("\n"));
}

#[test]
fn public_types_have_names_of_their_own() {
    let (mut seen, mut twice) = (BTreeMap::new(), Vec::new());
    for (path, module) in House::read(&sources_of("es-runtime")).modules() {
        for name in module.public_types() {
            // A handler names the transaction of its view, and no other.
            let is_of_a_view = name == "Tx" && path.first().is_some_and(|room| room == "view");
            if let Some(other) = seen.insert(name.clone(), path.join("::")).filter(|_| !is_of_a_view) {
                twice.push(format!("{name} in {other} and in {}", path.join("::")));
            }
        }
    }
    assert!(seen.contains_key("Application"));
    assert!(twice.is_empty(), "a reader who searches finds two types: {}", twice.join(", "));
}

#[test]
fn the_check_sees_the_modules_and_what_they_use() {
    let found = edges(&House::read(&sources_of("es-runtime")));
    for (from, to) in [("error", "id"), ("event", "clock"), ("aggregate", "event"), ("testing", "aggregate")]
    {
        assert!(
            found
                .iter()
                .any(|edge| edge.from.starts_with(&[from.into()]) && edge.to.starts_with(&[to.into()])),
            "`{from}` is known to use `{to}`"
        );
    }
    let inside = |from: &[&str], to: &[&str]| found.iter().any(|edge| edge.from == from && edge.to == to);
    assert!(inside(&["store", "repository"], &["store", "cache"]));
}

#[test]
fn the_guide_and_the_private_names_come_last() {
    let modules = House::read(&sources_of("es-runtime")).children(&[]).to_vec();
    assert_eq!(modules[modules.len() - 2..], ["guide", "__private"]);
}

const LIB: &str =
    "pub mod id; mod error; pub(crate) mod event; pub use crate::id::Id; pub use self::event::Event;";

fn of_error(code: &str) -> Vec<String> {
    let files = [("lib.rs", LIB), ("id.rs", ""), ("error.rs", code), ("event.rs", "")];
    shown(&back_edges(&planted(&files)))
}

#[test]
fn a_planted_back_edge_is_found() {
    for code in [
        "use crate::event::Event;",
        "fn f() -> crate::event::Event {}",
        "use crate::{id::{Id, Version}, event};",
        "use super::event;",
        "use crate::Event;",
        "mod inside { use super::super::event::Event; }",
    ] {
        assert_eq!(of_error(code), ["error uses event"], "{code}");
    }
}

#[test]
fn a_use_of_a_module_above_is_no_back_edge() {
    for code in [
        "use crate::id::Id; use crate::Id;",
        "use crate::{id, id::Version};",
        "//! See [`crate::event`].\nfn f() {} // not crate::event",
        "use other::event::Event;",
        "fn f() {} #[cfg(test)] mod tests { use crate::event::Event; }",
        "use super::Id;",
    ] {
        assert_eq!(of_error(code), [""; 0], "{code}");
    }
}

#[test]
fn a_back_edge_inside_a_folder_is_found() {
    let of = |folder: &str, low: &str, high: &str| {
        shown(&back_edges(&planted(&[
            ("lib.rs", "mod room;"),
            ("room/mod.rs", folder),
            ("room/low.rs", low),
            ("room/high.rs", high),
        ])))
    };
    let folder = "mod low; mod high; pub use self::high::High; pub struct Own;";
    assert_eq!(of(folder, "use super::high::High;", ""), ["room::low uses room::high"]);
    assert_eq!(of(folder, "use super::High;", ""), ["room::low uses room::high"]);
    assert_eq!(of(folder, "use crate::room::High;", ""), ["room::low uses room::high"]);
    assert_eq!(of(folder, "use super::Own;", "use super::low; use super::{Own, low::Low};"), [""; 0]);
}
