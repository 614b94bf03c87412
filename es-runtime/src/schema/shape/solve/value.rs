//! Single values: the offers that a type takes show its kind.

use crate::schema::shape::data::{Data, Key, TAG};
use crate::schema::shape::node::{Any, Id, Kind};
use crate::schema::shape::refusal::Refusal;
use crate::schema::shape::solve::{MAX_DEPTH, NOBODY, Solver};
use crate::schema::shape::strings::{FLOATS, INTEGERS, NEAR_ZERO, OFFERS};

/// The kinds of integers, the narrowest first.
const KINDS: &[(&str, i128, i128)] = &[
    ("u8", 0, u8::MAX as i128),
    ("i8", i8::MIN as i128, i8::MAX as i128),
    ("u16", 0, u16::MAX as i128),
    ("i16", i16::MIN as i128, i16::MAX as i128),
    ("u32", 0, u32::MAX as i128),
    ("i32", i32::MIN as i128, i32::MAX as i128),
    ("u64", 0, u64::MAX as i128),
    ("i64", i64::MIN as i128, i64::MAX as i128),
    ("u128", 0, i128::MAX),
    ("i128", i128::MIN, i128::MAX),
];

impl Solver<'_> {
    /// Finds the kind of a value, and returns data that the type takes; `None` if none are known.
    pub(super) fn value(&mut self, id: Id) -> Option<Data> {
        if self.frames.len() > MAX_DEPTH {
            return None;
        }
        let (null, flag) = (self.offer(Data::Null), self.offer(Data::Bool(true)));
        let words = [&null, &flag].into_iter().find_map(|taken| match taken {
            Err(Refusal::Type(words)) => Some(words.clone()),
            _ => None,
        });
        let words = words.as_deref().unwrap_or_default();
        if words == TAG {
            return self.tag(id);
        }
        if null.is_ok() && words.starts_with("unit") {
            let kind = if words.starts_with("unit variant ") { Kind::Variant } else { Kind::Unit };
            return self.settle(id, kind, Some(Data::Null));
        }
        self.note(id, |node| node.null = null.is_ok());
        if flag.is_ok() {
            return self.flag(id, null.is_ok());
        }
        let around = self.around.iter().find(|(other, _)| other == words && is_own(words));
        if let Some(&(_, target)) = around {
            return self.again(id, target).or(null.is_ok().then_some(Data::Null));
        }
        let sample = OFFERS.first().map_or("", |offer| offer.sample);
        let text = self.offer(Data::text(sample));
        let data = match text {
            Err(Refusal::Variant(names)) => self.variants(id, names),
            Ok(_) if words == "string or map" => {
                self.note(id, |node| node.opaque = true);
                Some(Data::text(sample))
            }
            _ => self.scalar(id, words).or_else(|| self.container(id, words)),
        };
        data.or(null.is_ok().then_some(Data::Null))
    }

    /// Solves a type inside itself.
    pub(super) fn again(&mut self, id: Id, target: Id) -> Option<Data> {
        self.note(id, |node| node.kind = Kind::Loop(target));
        let base = self.bases.get(&target).cloned()?;
        self.accepts(base.clone()).then_some(base)
    }

    /// Solves a flag, or a type that reads everything.
    fn flag(&mut self, id: Id, null: bool) -> Option<Data> {
        let others = [
            Data::Int(7),
            Data::Float(1.5),
            Data::text("some text"),
            Data::List(vec![Data::Null, Data::Int(1)]),
            Data::Map(vec![(Key::name(NOBODY), Data::Null)]),
        ];
        let taken: Vec<bool> = others.into_iter().map(|data| self.accepts(data)).collect();
        if null && taken.iter().all(|&taken| taken) {
            self.note(id, |node| node.null = false);
            return self.settle(id, Kind::Anything, Some(Data::Int(7)));
        }
        self.note(id, |node| node.opaque = taken.contains(&true));
        self.settle(id, Kind::Bool, Some(Data::Bool(true)))
    }

    fn scalar(&mut self, id: Id, words: &str) -> Option<Data> {
        let integer = INTEGERS.iter().copied().find(|&number| self.accepts(Data::Int(number)));
        let float = FLOATS.iter().copied().find(|&number| self.accepts(Data::Float(number)));
        let strings = self.strings();
        let (first, is_number) = (strings.first().copied(), integer.is_some() || float.is_some());
        if let Some(first) = first {
            let sample = OFFERS.get(first).map_or("", |offer| offer.sample);
            let kind = match words {
                "a character" => Kind::Char,
                _ if is_number => Kind::Any,
                _ => Kind::Text,
            };
            let shift = if is_number { Any::FIRST_STRING } else { 0 };
            self.note(id, |node| {
                node.accepted = strings.into_iter().map(|at| at + shift).collect();
                node.accepted.extend(is_number.then_some(Any::INTEGER));
            });
            return self.settle(id, kind, Some(Data::text(sample)));
        }
        match (integer, float) {
            (_, Some(float)) => {
                let (kind, max) =
                    if words == "f32" { ("f32", f64::from(f32::MAX)) } else { ("f64", f64::MAX) };
                let near = NEAR_ZERO.map(f64::from).into_iter();
                let checked = near.chain([-max, max]).any(|limit| !self.accepts(Data::Float(limit)));
                self.note(id, |node| node.checked = checked);
                self.settle(id, Kind::Float(kind), Some(Data::Float(float)))
            }
            (Some(integer), None) => {
                let named = words.strip_prefix("a nonzero ").unwrap_or(words);
                let kind = KINDS.iter().find(|(kind, ..)| *kind == named).or_else(|| self.widest());
                let &(kind, min, max) = kind?;
                let limits = NEAR_ZERO.map(i128::from).into_iter().chain([min, max]);
                let checked =
                    limits.map(|limit| limit.clamp(min, max)).any(|limit| !self.accepts(Data::Int(limit)));
                self.note(id, |node| node.checked = checked);
                self.settle(id, Kind::Integer(kind), Some(Data::Int(integer)))
            }
            // The kind is known, but the type takes none of the values that were tried.
            (None, None) if words == "a string" || words == "a borrowed string" => {
                self.settle(id, Kind::Text, None)
            }
            (None, None) => {
                let known = KINDS.iter().find(|(kind, ..)| *kind == words);
                known.and_then(|(kind, ..)| self.settle(id, Kind::Integer(kind), None))
            }
        }
    }

    /// Returns the narrowest kind of integer that has all numbers that the type takes.
    fn widest(&mut self) -> Option<&'static (&'static str, i128, i128)> {
        let beyond = |solver: &mut Self, min: i128, max: i128| {
            let (lower, upper) = (min.checked_sub(1), max.checked_add(1));
            [lower, upper].into_iter().flatten().any(|number| solver.accepts(Data::Int(number)))
        };
        KINDS.iter().find(|(_, min, max)| !beyond(self, *min, *max))
    }

    /// Returns the strings that the type takes, by their place among the offers.
    fn strings(&mut self) -> Vec<usize> {
        let mut taken = Vec::new();
        for (at, offer) in OFFERS.iter().enumerate() {
            if !offer.is_moot(&taken) && self.accepts(Data::text(offer.sample)) {
                taken.push(at);
            }
        }
        taken
    }
}

/// True of words that name a type of the user's, not a kind of data.
fn is_own(words: &str) -> bool {
    ["struct ", "tuple struct ", "internally tagged enum ", "adjacently tagged enum "]
        .iter()
        .any(|start| words.starts_with(start))
}
