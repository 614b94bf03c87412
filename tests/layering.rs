//! The order of the `mod` lines in `es-runtime/src/lib.rs` is the order of the data flow: a module uses
//! only those that are declared above its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn source_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../es-runtime/src")
}

fn modules() -> Vec<String> {
    declared(&fs::read_to_string(source_folder().join("lib.rs")).unwrap())
}

/// The modules that `lib.rs` declares, in its order.
fn declared(lib: &str) -> Vec<String> {
    let lines = lib.lines().map(|line| line.trim_start_matches("pub(crate) ").trim_start_matches("pub "));
    lines.filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';')).map(str::to_owned).collect()
}

/// Every source file with the module that it belongs to.
fn sources() -> Vec<(String, PathBuf)> {
    let mut sources = Vec::new();
    let mut folders = vec![source_folder()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let inside = path.strip_prefix(source_folder()).unwrap().to_owned();
                let first = inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
                sources.push((first.trim_end_matches(".rs").to_owned(), path));
            }
        }
    }
    sources.retain(|(module, _)| module != "lib");
    sources
}

/// The modules of its own crate that a source names outside of comments and unit tests.
fn used(source: &str) -> Vec<String> {
    let code = source.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let code: Vec<_> = code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let code = code.join(" ");
    let mut used = Vec::new();
    for (at, path) in code.match_indices("crate::") {
        if code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_') {
            continue;
        }
        let rest = code[at + path.len()..].trim_start();
        // A macro of the crate expands elsewhere.
        if rest[name(rest).len()..].starts_with('!') {
            continue;
        }
        match rest.strip_prefix('{') {
            Some(group) => used.extend(heads(group)),
            None => used.push(name(rest)),
        }
    }
    used
}

/// The first names of the paths in a group, up to its closing brace.
fn heads(group: &str) -> Vec<String> {
    let mut heads = Vec::new();
    let mut depth = 0;
    let mut begins = true;
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            _ if begins && !letter.is_whitespace() => {
                heads.push(name(&group[at..]));
                begins = false;
            }
            _ => {}
        }
    }
    heads
}

fn name(path: &str) -> String {
    path.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

/// What `source`, a file of `module`, uses though it is not declared above.
fn back_edges(modules: &[String], module: &str, source: &str) -> Vec<String> {
    let at = modules.iter().position(|known| known == module);
    let own = at.unwrap_or_else(|| panic!("`{module}` is not declared in lib.rs"));
    let mut edges = used(source);
    edges.retain(|used| {
        !modules[..=own].contains(used) && !source.contains(&format!("macro_rules! {used} {{"))
    });
    edges
}

/// The first lines of the doc tests in a source or a text that open an application in a program shared with others.
fn merged_openings(text: &str) -> Vec<String> {
    let mut open: Option<&str> = None;
    let mut found = Vec::new();
    for line in
        text.lines().map(|line| line.trim().trim_start_matches("///").trim_start_matches("//!").trim())
    {
        match (open, line.strip_prefix("```")) {
            (None, Some(attributes)) => open = Some(attributes),
            (Some(_), Some(_)) => open = None,
            (Some(attributes), None)
                if ["open(", "builder(", "on("]
                    .iter()
                    .any(|call| line.contains(&format!("Application::{call}")))
                    && !attributes.contains("standalone_crate")
                    && !["text", "console", "toml"].contains(&attributes) =>
            {
                found.push(line.to_owned());
            }
            _ => {}
        }
    }
    found
}

/// Merged ones share a registry, in which many aggregates are named `Account`: no application opens there.
#[test]
fn doc_tests_that_open_an_application_are_programs_of_their_own() {
    let readme = source_folder().join("../../README.md");
    for path in sources().into_iter().map(|(_, path)| path).chain([readme]) {
        let found = merged_openings(&fs::read_to_string(&path).unwrap());
        assert!(found.is_empty(), "{}: mark with `standalone_crate`: {found:?}", path.display());
    }
    assert_eq!(
        merged_openings("/// ```\n/// # let app = Application::open(\"memory:\");\n/// ```\n").len(),
        1
    );
}

#[test]
fn every_module_uses_only_those_above_it() {
    let modules = modules();
    let mut found = Vec::new();
    for (module, path) in sources() {
        // Unit tests may look at the whole crate.
        if path.ends_with("tests.rs") {
            continue;
        }
        let edges = back_edges(&modules, &module, &fs::read_to_string(&path).unwrap());
        found.extend(edges.into_iter().map(|used| format!("{} uses `crate::{used}`", path.display())));
    }
    assert!(
        found.is_empty(),
        "modules use what is declared below them in lib.rs; move the code or the `mod` line\n{}",
        found.join("\n")
    );
}

#[test]
fn the_check_sees_the_modules_and_what_they_use() {
    let modules = modules();
    let mut uses = BTreeMap::new();
    for (module, path) in sources() {
        uses.entry(module).or_insert_with(Vec::new).extend(used(&fs::read_to_string(path).unwrap()));
    }
    assert_eq!(uses.keys().len(), modules.len(), "a file for every module, a module for every file");
    for (module, seen) in
        [("error", "id"), ("event", "clock"), ("aggregate", "event"), ("testing", "aggregate")]
    {
        assert!(uses[module].iter().any(|used| used == seen), "`{module}` is known to use `{seen}`");
    }
}

#[test]
fn the_test_kit_and_the_private_names_come_last() {
    let modules = modules();
    assert_eq!(modules[modules.len() - 2..], ["testing", "__private"]);
}

fn planted(source: &str) -> Vec<String> {
    let lib = "//! mod docs;\npub mod id;\nmod error;\n#[cfg(feature = \"x\")]\npub(crate) mod event;\npub use crate::id::Id;\n";
    let modules = declared(lib);
    assert_eq!(modules, ["id", "error", "event"]);
    back_edges(&modules, "error", source)
}

#[test]
fn a_planted_back_edge_is_found() {
    assert_eq!(planted("use crate::event::Event;\n"), ["event"]);
    assert_eq!(planted("fn f() -> crate::event::Event {\n"), ["event"]);
    assert_eq!(planted("use crate::{id::{Id, Version}, event};\n"), ["event"]);
    assert_eq!(planted("use crate::{\n    event::Event,\n    id,\n};\n"), ["event"]);
    assert_eq!(
        planted("use crate::id::Id;\nuse crate::event::Event;\nuse crate::event as e;\n"),
        ["event", "event"]
    );
}

#[test]
fn what_lib_rs_exports_is_used_by_its_module() {
    assert_eq!(planted("use crate::Event;\n"), ["Event"]);
}

#[test]
fn what_stands_above_is_no_back_edge() {
    assert!(
        planted("use crate::id::Id;\nuse crate::error::kind;\nuse crate::{id, error::Error};\n").is_empty()
    );
}

#[test]
fn comments_other_crates_and_unit_tests_are_no_back_edges() {
    assert!(planted("//! See [`crate::event`].\nfn f() {} // not crate::event\n").is_empty());
    assert!(planted("use other_crate::event::Event;\n").is_empty());
    assert!(planted("fn f() {}\n\n#[cfg(test)]\nmod tests {\n    use crate::event::Event;\n}\n").is_empty());
}
