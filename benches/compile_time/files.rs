//! A crate as text, and its folder.

use std::fmt::Write;
use std::path::Path;
use std::{fs, io};

/// A crate to be written.
pub(crate) struct Crate {
    /// The name of the crate.
    pub name: &'static str,
    dependencies: String,
    files: Vec<(String, String)>,
}

impl Crate {
    /// Makes a crate without files, with these dependencies besides those that both crates need.
    pub(crate) fn new(name: &'static str, dependencies: &str) -> Self {
        Self { name, dependencies: dependencies.to_owned(), files: Vec::new() }
    }

    /// Adds a module.
    pub(crate) fn file(&mut self, module: &str, text: String) {
        self.files.push((module.to_owned(), text));
    }

    /// Returns the number of lines, over all files.
    pub(crate) fn lines(&self) -> usize {
        self.files.iter().map(|(_, text)| text.lines().count()).sum()
    }

    /// Writes the crate into its own folder below `folder`.
    pub(crate) fn write(&self, folder: &Path) -> io::Result<()> {
        let Self { name, dependencies, .. } = self;
        let source = folder.join(name).join("src");
        fs::create_dir_all(&source)?;
        let manifest = format!(
            "[package]
name = \"{name}\"
version = \"0.0.0\"
edition = \"2024\"

[dependencies]
serde = {{ version = \"1.0\", features = [\"derive\"] }}
serde_json = \"1.0\"
uuid = {{ version = \"1.0\", features = [\"v5\", \"v7\", \"serde\"] }}
{dependencies}"
        );
        fs::write(folder.join(name).join("Cargo.toml"), manifest)?;
        let mut root = String::new();
        for (module, text) in &self.files {
            writeln!(root, "pub mod {module};").expect("a string can be written to");
            fs::write(source.join(module).with_extension("rs"), text)?;
        }
        fs::write(source.join("lib.rs"), root)
    }
}
