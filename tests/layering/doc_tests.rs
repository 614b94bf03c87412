use std::fs;
use std::path::{Path, PathBuf};

use super::sources_of;

/// Returns all Rust files in a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    files.into_iter().chain(folders.iter().flat_map(|folder| sources(folder))).collect()
}

/// Returns the README and the pages of the guide.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let guide = fs::read_dir(folder.join("../docs/guide")).unwrap().map(|entry| entry.unwrap().path());
    guide.chain([folder.join("../../README.md")]).collect()
}

/// Returns the first lines of the doc tests in a text that open an application in a program shared with others.
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

/// Merged doc tests share a registry, in which many aggregates are named `Account`: no application opens there.
#[test]
fn doc_tests_that_open_an_application_are_programs_of_their_own() {
    let folder = sources_of("es-runtime");
    for path in sources(&folder).into_iter().chain(pages(&folder)) {
        let found = merged_openings(&fs::read_to_string(&path).unwrap());
        assert!(found.is_empty(), "{}: mark with `standalone_crate`: {found:?}", path.display());
    }
    assert_eq!(
        merged_openings("/// ```\n/// # let app = Application::open(\"memory:\");\n/// ```\n").len(),
        1
    );
}
