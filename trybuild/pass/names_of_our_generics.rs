#![deny(warnings)]
#![allow(clippy::many_single_char_names)]

use es_runtime::testing::{decode, encode, replay};
use es_runtime::{aggregate, mutator};

macro_rules! types {
    ($($name:ident)*) => {
        $(#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct $name(u8);)*
    };
}

types!(B C F G H I J K L M N O Q R);

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct W(u8);

impl From<B> for W {
    fn from(b: B) -> Self {
        Self(b.0)
    }
}

// The generic parameters of the expansion have such names, too.
#[aggregate]
pub struct Account {
    #[attribute]
    pub r: R,
    #[attribute(version = 2, upcast = B)]
    pub w: W,
}

#[mutator]
impl Account {
    #[event(A)]
    pub fn open(r: R) -> Self {
        Self { r, w: W(0) }
    }

    #[event(D)]
    pub fn d(&mut self, c: C, f: F) {
        self.r = R(c.0 + f.0);
    }

    #[event(E)]
    pub fn e(&mut self, g: G, h: H, i: I, j: J) {
        self.r = R(g.0 + h.0 + i.0 + j.0);
    }

    #[event(P)]
    pub fn p(&mut self, k: K, l: L, m: M, n: N) {
        self.r = R(k.0 + l.0 + m.0 + n.0);
    }

    #[event(S)]
    pub fn s(&mut self, o: O) {
        self.r = R(o.0);
    }

    #[event(T)]
    pub fn t(&mut self, q: Q) {
        self.r = R(q.0);
    }

    #[event(V)]
    pub fn v(&mut self, r: R) {
        self.r = r;
    }
}

// An attribute whose type has the name of a generic parameter.
mod attributes {
    types!(A D E S T V);

    #[es_runtime::aggregate]
    pub struct Letters {
        #[attribute]
        pub a: A,
        #[attribute]
        pub d: D,
        #[attribute]
        pub e: E,
        #[attribute]
        pub s: S,
        #[attribute]
        pub t: T,
        #[attribute]
        pub v: V,
    }

    #[es_runtime::mutator]
    impl Letters {
        #[event(Made)]
        pub fn make(a: A, d: D, e: E, s: S, t: T, v: V) -> Self {
            Self { a, d, e, s, t, v }
        }
    }

    pub fn test() {
        let mut letters = Letters::make(A(1), D(2), E(3), S(4), T(5), V(6));
        letters.set_d(D(7));
        letters.set_v(V(8));
        let again: Letters = es_runtime::testing::replay(letters.pending().to_vec()).unwrap();
        assert_eq!((&again.d, &again.v), (&D(7), &V(8)));
        es_runtime::testing::decode::<Letters>("Letters.AttributeChanged", 1, r#"{"name":"d","value":3}"#)
            .unwrap();
    }
}

fn main() {
    let mut account = Account::open(R(1));
    account.d(C(1), F(1));
    account.e(G(1), H(1), I(1), J(1));
    account.p(K(1), L(1), M(1), N(1));
    account.s(O(1));
    account.t(Q(1));
    account.v(R(7));
    account.set_w(W(3));
    let again: Account = replay(account.pending().to_vec()).unwrap();
    assert_eq!((&again.r, &again.w), (&R(7), &W(3)));
    for event in account.pending() {
        let event = encode::<Account>(event.event());
        decode::<Account>(event.topic(), event.version(), event.data()).unwrap();
    }
    attributes::test();
}
