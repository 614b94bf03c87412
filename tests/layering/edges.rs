use std::collections::BTreeSet;
use std::fmt;

use syn::visit::{self, Visit};
use syn::{Attribute, ItemMod, ItemUse, Path};

use super::house::{House, absolute, paths};

/// A module that uses another one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge {
    pub(super) from: Vec<String>,
    pub(super) to: Vec<String>,
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} uses {}", self.from.join("::"), self.to.join("::"))
    }
}

/// Returns the uses of one module by another, outside unit tests.
pub(super) fn edges(house: &House) -> Vec<Edge> {
    let mut edges = BTreeSet::new();
    for (from, module) in house.modules() {
        let mut uses = Uses { at: from.clone(), found: Vec::new() };
        module.items.iter().for_each(|item| uses.visit_item(item));
        for path in uses.found {
            let to = house.owner(&path);
            if !to.is_empty() && to != *from {
                edges.insert(Edge { from: from.clone(), to });
            }
        }
    }
    edges.into_iter().collect()
}

/// Returns the uses of a sibling that is declared below.
pub(super) fn back_edges(house: &House) -> Vec<Edge> {
    let mut edges = edges(house);
    edges.retain(|edge| {
        let shared = edge.from.iter().zip(&edge.to).take_while(|(one, other)| one == other).count();
        let (Some(own), Some(used)) = (edge.from.get(shared), edge.to.get(shared)) else {
            // A folder uses its modules, and these build on the folder's own declarations.
            return false;
        };
        let siblings = house.children(&edge.from[..shared]);
        let place = |name: &String| siblings.iter().position(|sibling| sibling == name);
        place(used) > place(own)
    });
    edges
}

/// The paths from the crate's root that code names.
struct Uses {
    at: Vec<String>,
    found: Vec<Vec<String>>,
}

impl Uses {
    fn add(&mut self, path: &[String]) {
        self.found.extend(absolute(&self.at, path));
    }
}

impl<'ast> Visit<'ast> for Uses {
    fn visit_path(&mut self, path: &'ast Path) {
        let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add(&names);
        visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let mut named = Vec::new();
        paths(&item.tree, &mut Vec::new(), &mut |path, _| named.push(path.to_vec()));
        for path in &named {
            self.add(path);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !item.attrs.iter().any(is_for_tests) {
            self.at.push(item.ident.to_string());
            visit::visit_item_mod(self, item);
            self.at.pop();
        }
    }
}

fn is_for_tests(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
        && attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test")
}
