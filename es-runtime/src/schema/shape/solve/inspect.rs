//! Facts that refusals do not show but written values do: sets, and defaults.

use crate::schema::shape::data::{Data, Key};
use crate::schema::shape::node::{Id, Kind, Omission};
use crate::schema::shape::path::Step;
use crate::schema::shape::solve::Solver;

/// The edit of the value at a place in the data.
#[derive(Clone, Copy)]
enum Edit {
    Repeat,
    Remove,
}

impl Solver<'_> {
    /// Inspects the lists and the fields that may be left out, in the whole values that were seen.
    pub(super) fn inspect(&mut self, top: Id) {
        for sample in std::mem::take(&mut self.samples) {
            for id in self.tree().ids() {
                let node = self.tree().get(id);
                if !node.is_inside {
                    continue;
                }
                if node.kind == Kind::List && node.built {
                    let written = self.edited(top, id, &sample, Edit::Repeat);
                    let set = written.is_some_and(|list| list.as_array().is_some_and(|list| list.len() == 1));
                    self.note(id, |node| node.set |= set);
                } else if node.omission == Omission::Allowed {
                    let written = self.edited(top, id, &sample, Edit::Remove);
                    let again = self.edited(top, id, &sample, Edit::Remove);
                    let default = if written == again { written } else { None };
                    self.note(id, |node| node.default = default.or(node.default.take()));
                }
            }
        }
    }

    /// Edits a sample at a node, and returns the data that are then written there.
    fn edited(&mut self, top: Id, id: Id, sample: &Data, edit: Edit) -> Option<serde_json::Value> {
        let mut path: Vec<Id> = std::iter::successors(Some(id), |&id| self.tree().get(id).parent).collect();
        let start = path.iter().position(|&id| id == top)?;
        path.truncate(start);
        path.reverse();
        let mut data = sample.clone();
        self.edit(&mut data, &path, edit)?;
        let written = self.offer(data).ok()??;
        self.tree().written_inside(top, id, &written).cloned()
    }

    fn edit(&self, data: &mut Data, path: &[Id], edit: Edit) -> Option<()> {
        let Some((&id, inner)) = path.split_first() else {
            let Data::List(elements) = data else { return None };
            elements.push(elements.first()?.clone());
            return Some(());
        };
        let node = self.tree().get(id);
        match (node.step.as_ref()?, data) {
            (Step::Variant(name), data) if self.tree().get(node.parent?).kind == Kind::Tag => {
                let tag = self.tree().get(node.parent?).step.clone()?;
                let Data::Map(entries) = &*data else { return None };
                let is = |key: &Key| *key == Key::name(tag.name());
                entries.iter().find(|(key, value)| is(key) && *value == Data::text(name))?;
                self.edit(data, inner, edit)
            }
            // This is the tag itself; the steps beside it follow.
            (Step::Field(_), data) if node.kind == Kind::Tag && !inner.is_empty() => {
                self.edit(data, inner, edit)
            }
            (Step::Field(name) | Step::Variant(name), Data::Map(entries)) => {
                let at = entries.iter().position(|(key, _)| *key == Key::name(name))?;
                if inner.is_empty() && matches!(edit, Edit::Remove) {
                    entries.remove(at);
                    return Some(());
                }
                self.edit(&mut entries.get_mut(at)?.1, inner, edit)
            }
            (Step::Value, Data::Map(entries)) => self.edit(&mut entries.last_mut()?.1, inner, edit),
            (Step::Element, Data::List(elements)) => self.edit(elements.first_mut()?, inner, edit),
            (Step::Index(at), Data::List(elements)) => self.edit(elements.get_mut(*at)?, inner, edit),
            _ => None,
        }
    }
}
