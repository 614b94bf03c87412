use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use syn::{Item, ItemMod, ItemUse, UseTree, Visibility};

/// The modules of a crate, read from its source files.
pub(super) struct House {
    modules: BTreeMap<Vec<String>, Module>,
}

pub(super) struct Module {
    pub(super) items: Vec<Item>,
    /// The files and folders that the module declares, in its order.
    children: Vec<String>,
    /// The names that the module re-exports, with their paths from the module.
    exports: BTreeMap<String, Vec<String>>,
}

impl House {
    pub(super) fn read(folder: &Path) -> Self {
        let mut files = BTreeMap::new();
        collect(folder, "", &mut files);
        Self::new(&files)
    }

    pub(super) fn new(files: &BTreeMap<String, String>) -> Self {
        let mut house = Self { modules: BTreeMap::new() };
        let root = if files.contains_key("lib.rs") { "lib.rs" } else { "main.rs" };
        house.add(files, Vec::new(), root);
        house
    }

    fn add(&mut self, files: &BTreeMap<String, String>, path: Vec<String>, file: &str) {
        let code = files.get(file).unwrap_or_else(|| panic!("{file} is declared and not there"));
        let items = syn::parse_file(code).unwrap_or_else(|error| panic!("{file}: {error}")).items;
        let children: Vec<_> = items.iter().filter_map(declared).collect();
        for child in &children {
            let child_path = [&path[..], std::slice::from_ref(child)].concat();
            let stem = child_path.join("/");
            let file = [format!("{stem}.rs"), format!("{stem}/mod.rs")]
                .into_iter()
                .find(|file| files.contains_key(file))
                .unwrap_or_else(|| panic!("no source of the module `{stem}`"));
            self.add(files, child_path, &file);
        }
        let mut exports = BTreeMap::new();
        for item in &items {
            if let Item::Use(ItemUse { tree, .. }) = item {
                paths(tree, &mut Vec::new(), &mut |path, name| {
                    exports.insert(name.to_owned(), path.to_vec());
                });
            }
        }
        self.modules.insert(path, Module { items, children, exports });
    }

    pub(super) fn modules(&self) -> impl Iterator<Item = (&Vec<String>, &Module)> {
        self.modules.iter()
    }

    pub(super) fn children(&self, path: &[String]) -> &[String] {
        self.modules.get(path).map_or(&[], |module| &module.children)
    }

    /// Returns the module that declares the target of a path from the crate's root.
    pub(super) fn owner(&self, path: &[String]) -> Vec<String> {
        self.owner_within(path, 0)
    }

    fn owner_within(&self, path: &[String], depth: usize) -> Vec<String> {
        let mut at = Vec::new();
        for (index, segment) in path.iter().enumerate() {
            let Some(module) = self.modules.get(&at) else { break };
            if module.children.contains(segment) {
                at.push(segment.clone());
            } else if let Some(export) = module.exports.get(segment)
                && let Some(target) = absolute(&at, export)
                && depth < 8
            {
                return self.owner_within(&[&target[..], &path[index + 1..]].concat(), depth + 1);
            } else {
                break;
            }
        }
        at
    }
}

impl Module {
    /// Returns the names of the public structs, enums and traits that the modules declare.
    pub(super) fn public_types(&self) -> impl Iterator<Item = String> {
        self.items.iter().filter_map(|item| {
            let (visibility, name) = match item {
                Item::Struct(item) => (&item.vis, &item.ident),
                Item::Enum(item) => (&item.vis, &item.ident),
                Item::Trait(item) => (&item.vis, &item.ident),
                _ => return None,
            };
            matches!(visibility, Visibility::Public(_)).then(|| name.to_string())
        })
    }
}

/// Returns the name of a module with a file of its own; unit tests may use the whole crate.
fn declared(item: &Item) -> Option<String> {
    match item {
        Item::Mod(ItemMod { content: None, ident, .. }) if ident != "tests" => Some(ident.to_string()),
        _ => None,
    }
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_string_lossy());
        if path.is_dir() {
            collect(&path, &format!("{name}/"), files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.insert(name, fs::read_to_string(path).unwrap());
        }
    }
}

/// Calls `found` with each path of a use tree, and its name in the module.
pub(super) fn paths(tree: &UseTree, before: &mut Vec<String>, found: &mut impl FnMut(&[String], &str)) {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            paths(&path.tree, before, found);
            before.pop();
        }
        UseTree::Name(name) => with(before, &name.ident.to_string(), |path| {
            let own = if name.ident == "self" { &path[path.len() - 2] } else { &path[path.len() - 1] };
            found(path, own);
        }),
        UseTree::Rename(name) => {
            with(before, &name.ident.to_string(), |path| found(path, &name.rename.to_string()));
        }
        UseTree::Glob(_) => found(before, "*"),
        UseTree::Group(group) => group.items.iter().for_each(|tree| paths(tree, before, found)),
    }
}

fn with(before: &[String], last: &str, then: impl FnOnce(&[String])) {
    then(&[before, &[last.to_owned()]].concat());
}

/// Returns the path from the crate's root, for one that begins with `crate`, `self` or `super`.
pub(super) fn absolute(at: &[String], path: &[String]) -> Option<Vec<String>> {
    let mut base = match path.first()?.as_str() {
        "crate" => Vec::new(),
        "self" | "super" => at.to_vec(),
        _ => return None,
    };
    for segment in path {
        match segment.as_str() {
            "crate" | "self" => {}
            "super" => {
                base.pop()?;
            }
            other => base.push(other.to_owned()),
        }
    }
    Some(base)
}
