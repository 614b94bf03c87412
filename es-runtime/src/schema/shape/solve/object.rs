//! Structs inside a buffer: the solver adds their fields one by one, as the type misses them.

use crate::schema::shape::data::{Data, Key, Watch};
use crate::schema::shape::node::{Id, Kind, Omission};
use crate::schema::shape::path::Step;
use crate::schema::shape::refusal::Refusal;
use crate::schema::shape::solve::{Frame, NOBODY, Solver};
use serde_json::Value;
use std::collections::BTreeSet;

/// The most fields of one struct.
const MAX_FIELDS: u64 = 1_000;

type Entries = Vec<(Key, Data)>;

impl Solver<'_> {
    /// Finds the fields of a struct and returns those that it needs. Fields beside a tag start with `given` ones.
    pub(super) fn object(&mut self, id: Id, given: Entries, beside: bool) -> Option<Entries> {
        let entries = self.needed(id, given)?;
        let mut all = entries.clone();
        let tagged =
            self.tree().get(id).children.iter().any(|&child| self.tree().get(child).kind == Kind::Tag);
        let mut numbered = false;
        for number in (0..MAX_FIELDS).take_while(|_| !tagged) {
            match self.numbered(id, &entries, number) {
                Field::Unknown => break,
                Field::Known => {}
                Field::Found(entry) => all.push(entry),
            }
            numbered = true;
        }
        let mut names: BTreeSet<String> = self.tracer.names.iter().cloned().collect();
        let stranger = self.offer(Data::Map(with(&entries, Key::name(NOBODY), Data::Null)));
        if let Err(Refusal::Field(known)) = &stranger {
            names.extend(known.iter().map(|&name| name.to_owned()));
        }
        if let Ok(Some(Value::Object(written))) = self.offer(Data::Map(entries.clone())) {
            names.extend(written.into_iter().map(|(name, _)| name));
        }
        names.remove(NOBODY);
        for name in names {
            all.extend(self.named(id, &entries, &name, stranger.is_ok(), beside));
        }
        let is_name_refused = matches!(stranger, Err(Refusal::Field(_) | Refusal::Value(_)));
        if !numbered && !is_name_refused && !self.has_rest(id) {
            all.extend(self.rest(id, &entries));
        }
        // This offer of all fields shows the written data.
        if let Ok(Some(_)) = self.offer(Data::Map(all.clone())) {
            self.samples.extend(self.frames.is_empty().then_some(Data::Map(all)));
        }
        Some(entries)
    }

    /// True if the type reads fields of any other name beside a tag.
    fn has_rest(&self, id: Id) -> bool {
        let mut children = self.tree().get(id).children.iter().map(|&child| self.tree().get(child));
        children.any(|node| {
            node.step == Some(Step::Value)
                || (node.kind == Kind::Tag && node.children.iter().any(|&variant| self.has_rest(variant)))
        })
    }

    /// Adds fields as long as the type misses one.
    fn needed(&mut self, id: Id, mut entries: Entries) -> Option<Entries> {
        loop {
            let name = match self.offer(Data::Map(entries.clone())) {
                Ok(_) => return Some(entries),
                Err(Refusal::Missing(name)) if !has(&entries, name) => name,
                Err(_) => return None,
            };
            let child = self.add(id, Step::Field(name.to_owned()));
            let data = self.field(child, &entries, Key::name(name))?;
            if self.tree().get(child).kind == Kind::Tag {
                return self.beside(child, &entries, name);
            }
            entries.push((Key::name(name), data));
        }
    }

    fn field(&mut self, child: Id, entries: &Entries, key: Key) -> Option<Data> {
        self.inside(Frame::entry(entries.clone(), key), |solver| solver.value(child))
    }

    /// Solves the values of a tag. A tag that takes any name has its values counted.
    pub(super) fn tag(&mut self, id: Id) -> Option<Data> {
        let Err(Refusal::Variant(names)) = self.offer(Data::text(NOBODY)) else {
            self.note(id, |node| node.others_read = true);
            return self.settle(id, Kind::Tag, Some(Data::text(NOBODY)));
        };
        for name in names {
            let child = self.add(id, Step::Variant((*name).to_owned()));
            self.note(child, |node| node.kind = Kind::Object);
        }
        self.settle(id, Kind::Tag, Some(Data::text(names.first().copied().unwrap_or_default())))
    }

    /// Finds, for each value of a tag, the fields that stand beside it.
    fn beside(&mut self, tag: Id, entries: &Entries, key: &str) -> Option<Entries> {
        if self.tree().get(tag).others_read {
            return Some(self.counted(tag, entries, key));
        }
        let parent = self.tree().get(tag).parent?;
        let mut base = None;
        // Two rounds: a variant that holds the enum again can be built once another is known.
        for _ in 0..2 {
            for variant in self.tree().get(tag).children.clone() {
                if self.tree().get(variant).built {
                    continue;
                }
                self.clear(variant);
                let name = self.tree().get(variant).step.as_ref().map_or("", Step::name).to_owned();
                let found = self.object(variant, with(entries, Key::name(key), Data::text(name)), true);
                self.note(variant, |node| {
                    node.built = found.is_some();
                    node.opaque = found.is_none();
                });
                if let Some(found) = found.as_ref().filter(|_| base.is_none()) {
                    self.bases.insert(parent, Data::Map(found.clone()));
                }
                base = base.or(found);
            }
        }
        base
    }

    /// Does the same for a tag that takes any name (`#[serde(other)]`). The solver requests a variant by its number,
    /// and the written data show its name. If nothing is written, the solver tries names.
    fn counted(&mut self, tag: Id, entries: &Entries, key: &str) -> Entries {
        let given = |data: Data| with(entries, Key::name(key), data);
        let mut names = BTreeSet::new();
        for number in 0..i128::from(MAX_FIELDS) {
            let child = self.add(tag, Step::Variant(String::new()));
            self.note(child, |node| node.kind = Kind::Object);
            let found = self.object(child, given(Data::Int(number)), true);
            let written = found.and_then(|found| self.offer(Data::Map(found)).ok().flatten());
            let name = written.and_then(|fields| Some(fields.get(key)?.as_str()?.to_owned()));
            let Some(name) = name.filter(|name| names.insert(name.clone())) else {
                self.note(tag, |node| node.children.retain(|&other| other != child));
                break;
            };
            self.note(child, |node| {
                node.built = true;
                node.step = Some(Step::Variant(name));
            });
        }
        if names.is_empty() {
            for name in std::rc::Rc::clone(&self.tracer.names).iter() {
                if self.accepts(Data::Map(given(Data::text(name)))) {
                    continue;
                }
                let child = self.add(tag, Step::Variant(name.clone()));
                let found = self.object(child, given(Data::text(name)), true);
                self.settle(child, Kind::Object, found.map(Data::Map));
            }
        }
        given(Data::text(NOBODY))
    }

    /// Looks for a field by its number. If it comes twice, the refusal contains its name.
    fn numbered(&mut self, id: Id, entries: &Entries, number: u64) -> Field {
        let mut data = Data::Null;
        loop {
            let key = Key::Number(number);
            match self.offer(twice(entries, key.clone(), data.clone())) {
                Err(Refusal::Duplicate(name)) if has(entries, name) => return Field::Known,
                Err(Refusal::Duplicate(name)) => return self.found(id, entries, name),
                Err(Refusal::Type(_) | Refusal::Variant(_) | Refusal::Missing(_) | Refusal::Length(_))
                    if data == Data::Null => {}
                _ => return Field::Unknown,
            }
            // The field needs a value first, under a name that is found later.
            let child = self.add(id, Step::Field(String::new()));
            let found = self.field(child, entries, key);
            self.note(id, |node| node.children.retain(|&other| other != child));
            let Some(found) = found else { return Field::Unknown };
            data = found;
        }
    }

    fn found(&mut self, id: Id, entries: &Entries, name: &str) -> Field {
        let child = self.add(id, Step::Field(name.to_owned()));
        self.note(child, |node| node.omission = Omission::Allowed);
        match self.field(child, entries, Key::name(name)) {
            // This is the content of a variant without any.
            Some(_) if self.tree().get(child).kind == Kind::Variant => {
                self.note(id, |node| node.children.retain(|&other| other != child));
                Field::Known
            }
            Some(data) => Field::Found((Key::name(name), data)),
            None => Field::Known,
        }
    }

    /// Looks for a field by a name that it may have.
    fn named(
        &mut self,
        id: Id,
        entries: &Entries,
        name: &str,
        ignores: bool,
        beside: bool,
    ) -> Option<(Key, Data)> {
        let mut known = self.tree().get(id).children.iter();
        if known.any(|&child| self.is_named(child, entries, name)) || has(entries, name) {
            return None;
        }
        let found = match self.offer(twice(entries, Key::name(name), Data::Null)) {
            Err(Refusal::Duplicate(real)) if real == name && !beside => self.found(id, entries, name),
            Err(Refusal::Duplicate(real)) => {
                let child = self.tree().field(id, real)?;
                let alias = self.add(id, Step::Field(name.to_owned()));
                self.note(alias, |node| node.alias_of = Some(child));
                return None;
            }
            Err(_) if ignores && !beside => self.found(id, entries, name),
            _ => return None,
        };
        if let Field::Found(entry) = found { Some(entry) } else { None }
    }

    /// True of a field of this name, and of one beside the tag's given value.
    fn is_named(&self, child: Id, entries: &Entries, name: &str) -> bool {
        let node = self.tree().get(child);
        let Some(step) = &node.step else { return false };
        let tag = entries.iter().find(|(key, _)| node.kind == Kind::Tag && *key == Key::name(step.name()));
        let beside = node.children.iter().map(|&variant| self.tree().get(variant)).find(|variant| {
            tag.is_some_and(|(_, tag)| {
                variant.step.as_ref().is_some_and(|step| *tag == Data::text(step.name()))
            })
        });
        step.name() == name
            || beside.is_some_and(|variant| {
                variant.children.iter().any(|&child| self.is_named(child, entries, name))
            })
    }

    /// Finds fields of any other name, which a map takes.
    fn rest(&mut self, id: Id, entries: &Entries) -> Option<(Key, Data)> {
        let under = |value: Data| Data::Map(with(entries, Key::name(NOBODY), value));
        let values = [Data::Null, Data::Bool(true), Data::Int(1), Data::text("text"), Data::List(Vec::new())];
        let values = values.into_iter().chain([Data::Map(Vec::new())]);
        let taken: Vec<_> = values.map(|value| self.offer(under(value))).collect();
        let written = |taken: &Result<Option<serde_json::Value>, Refusal>| matches!(taken, Ok(Some(value)) if value.get(NOBODY).is_some());
        // The type ignores all values, or refuses them for the name.
        let alike = taken.windows(2).all(|pair| matches!(pair, [one, other] if one == other));
        let ignored = taken.iter().all(Result::is_ok) && !taken.iter().any(written);
        if ignored || (alike && taken.iter().all(Result::is_err)) {
            return None;
        }
        let value = self.add_rest(id);
        let data = self.field(value, entries, Key::name(NOBODY))?;
        Some((Key::name(NOBODY), data))
    }
}

impl Solver<'_> {
    /// Adds the nodes that stand for fields of any other name.
    fn add_rest(&mut self, id: Id) -> Id {
        let key = self.add(id, Step::Key);
        self.note(key, |node| node.accepted = vec![0]);
        self.settle(key, Kind::Text, Some(Data::Null));
        self.add(id, Step::Value)
    }

    /// Adds an opaque value for flattened fields of which the solver found nothing.
    pub(super) fn show_gap(&mut self, id: Id) {
        let fields = self.tree().get(id).children.clone();
        for child in fields {
            let node = self.tree().get(child);
            let Some(step) = node.step.clone() else { continue };
            let watch = Watch::default();
            let name = if step.name().is_empty() { NOBODY } else { step.name() };
            // The value comes before the needed fields, so that the type misses nothing until then.
            let _ = self.offer(Data::Map(vec![(Key::name(name), Data::Watched(watch.clone()))]));
            if watch.is_buffered() {
                return;
            }
        }
        self.add_gap(id);
    }

    /// Adds fields that cannot be seen.
    pub(super) fn add_gap(&mut self, id: Id) {
        let rest = self.add_rest(id);
        self.note(rest, |node| node.opaque = true);
    }
}

enum Field {
    Unknown,
    Known,
    Found((Key, Data)),
}

fn with(entries: &Entries, key: Key, data: Data) -> Entries {
    let mut entries = entries.clone();
    entries.push((key, data));
    entries
}

fn twice(entries: &Entries, key: Key, data: Data) -> Data {
    Data::Map(with(&with(entries, key.clone(), data.clone()), key, data))
}

fn has(entries: &Entries, name: &str) -> bool {
    entries.iter().any(|(key, _)| matches!(key, Key::Name(other) if other == name))
}
