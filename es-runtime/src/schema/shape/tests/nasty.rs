//! Types that never come to an end by themselves.

use super::*;

#[test]
fn nasty_types_come_to_an_end() {
    #[derive(Deserialize)]
    struct Endless(Box<Endless>);
    #[derive(Deserialize)]
    struct Deep {
        deep: Box<Deep>,
        after: i64,
    }
    #[derive(Deserialize)]
    struct Maybe(Option<Box<Maybe>>);
    #[derive(Deserialize)]
    enum Never {}
    #[derive(Deserialize)]
    enum Only {
        Again(Box<Only>),
    }
    #[derive(Deserialize)]
    struct Holder {
        never: Option<Never>,
        only: Option<Only>,
        x: i64,
    }
    struct Refuses;
    impl<'de> Deserialize<'de> for Refuses {
        fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Err(serde::de::Error::custom("never"))
        }
    }
    struct Panics;
    impl<'de> Deserialize<'de> for Panics {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            assert!(text == "EUR", "bad text");
            Ok(Self)
        }
    }
    struct Deeper<const N: usize>;
    impl<'de, const N: usize> Deserialize<'de> for Deeper<N> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Inner(u32);
            impl<'de> serde::de::DeserializeSeed<'de> for Inner {
                type Value = ();
                fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
                    deserializer.deserialize_any(self)
                }
            }
            impl<'de> serde::de::Visitor<'de> for Inner {
                type Value = ();
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("more")
                }
                fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
                    deserializer.deserialize_newtype_struct("Inner", Inner(self.0 + 1))
                }
                fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
                    deserializer.deserialize_seq(Inner(self.0 + 1))
                }
                fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
                    while seq.next_element_seed(Inner(self.0 + 1))?.is_some() {}
                    Ok(())
                }
            }
            deserializer.deserialize_option(Inner(0)).map(|()| Self)
        }
    }
    check::<Endless>(".: opaque");
    check::<Deep>("after: i64\ndeep: -> .");
    trace::<Maybe>();
    check::<Never>(".: opaque enum");
    check::<Only>(".: enum\n|Again: -> .");
    check::<Holder>("never?: opaque enum or null\nonly?: enum or null\nonly|Again: -> only\nx: i64");
    check::<Refuses>(".: opaque");
    check::<Vec<Refuses>>(".: list\n[]: opaque");
    check::<Panics>(".: string like \"EUR\"");
    trace::<Deeper<1>>();
    trace::<Vec<Deeper<2>>>();
}

#[test]
fn a_huge_tuple_comes_to_an_end() {
    struct Huge;
    impl<'de> Deserialize<'de> for Huge {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Huge;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("all")
                }
                fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Huge, A::Error> {
                    while seq.next_element::<u8>()?.is_some() {}
                    Ok(Huge)
                }
            }
            deserializer.deserialize_tuple(usize::MAX, Visitor)
        }
    }
    let shape = trace::<Huge>();
    assert_eq!(shape.written().count(), 2, "{shape}");
}

#[test]
fn a_deep_type_is_cut_off() {
    type Eight<T> = Vec<Vec<Vec<Vec<Vec<Vec<Vec<Vec<T>>>>>>>>;
    let shape = trace::<Eight<Eight<Eight<Eight<Eight<Eight<Eight<Eight<i64>>>>>>>>>();
    let last = shape.written().last().unwrap_or_default();
    assert!(last.ends_with("[]: opaque"), "{shape}");
    assert_eq!(shape.written().count(), 49);
    check::<Eight<i64>>(
        ".: list\n[]: list\n[][]: list\n[][][]: list\n[][][][]: list\n[][][][][]: list\n[][][][][][]: list
         [][][][][][][]: list\n[][][][][][][][]: i64",
    );
}

#[test]
fn a_type_that_changes_its_mind_is_opaque() {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    struct Fickle;
    impl<'de> Deserialize<'de> for Fickle {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            match COUNTER.fetch_add(1, Ordering::Relaxed) % 3 {
                0 => i64::deserialize(deserializer).map(|_| Self),
                1 => String::deserialize(deserializer).map(|_| Self),
                _ => Vec::<bool>::deserialize(deserializer).map(|_| Self),
            }
        }
    }
    #[derive(Deserialize)]
    struct Holder {
        fickle: Fickle,
        owner: String,
        uuid: uuid::Uuid,
    }
    check::<Holder>("fickle: opaque\nowner: string\nuuid: uuid");
}

#[test]
fn a_large_event_takes_few_passes() {
    #[derive(Deserialize)]
    struct Part {
        id: uuid::Uuid,
        at: chrono::DateTime<chrono::Utc>,
        amount: rust_decimal::Decimal,
        kind: Payment,
        note: Option<String>,
    }
    #[derive(Deserialize)]
    struct Large {
        a: Part,
        b: Part,
        c: Vec<Part>,
        d: Option<Part>,
        e: (Part, i64),
    }
    let tree = crate::schema::shape::trace::run::<Large>(&Names::default(), |_| None, drop);
    assert_eq!(describe::shape(&tree).written().count(), 98);
    // There are at most as many passes as changes: they grow with the type, not with all combinations.
    assert!(tree.changes < 3_000, "{}", tree.changes);
}

#[test]
fn a_type_with_ever_new_kinds_comes_to_an_end() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static COUNTER: AtomicUsize = AtomicUsize::new(0);
    struct Growing;
    impl<'de> Deserialize<'de> for Growing {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let len = COUNTER.fetch_add(1, Ordering::Relaxed);
            deserializer.deserialize_tuple(len, serde::de::IgnoredAny).map(|_| Self)
        }
    }
    check::<Growing>(".: opaque");
}

#[test]
fn a_panic_inside_other_types_does_no_harm() {
    #[derive(Deserialize)]
    #[serde(try_from = "u8")]
    struct Picky;
    impl TryFrom<u8> for Picky {
        type Error = &'static str;
        fn try_from(value: u8) -> Result<Self, Self::Error> {
            assert!(value == 42, "not the answer");
            Ok(Self)
        }
    }
    #[derive(Deserialize)]
    struct Holder {
        list: Vec<Picky>,
        picky: Picky,
    }
    check::<Holder>("list: list\nlist[]: u8 (checked)\npicky: u8 (checked)");
}

#[test]
fn a_trace_that_was_cut_off_is_a_problem() {
    let whole = crate::schema::shape::trace::run_bounded::<Address>(100, &Names::default(), |_| None, drop);
    assert_eq!(describe::shape(&whole).problems(), [""; 0]);
    let cut = crate::schema::shape::trace::run_bounded::<Address>(3, &Names::default(), |_| None, drop);
    assert_eq!(describe::shape(&cut).problems(), ["it is too large to be traced whole; split it"]);
}
