//! Functions whose mistakes have been reported: their remains give the compiler nothing more to report.

use syn::{Attribute, Block, FnArg, PatType, Receiver, Signature, Type, parse_quote};

use crate::attrs;
use crate::unstorable;

/// Keeps the signature for callers of the function, and replaces the body.
pub(crate) fn function(attrs: &mut Vec<Attribute>, sig: &mut Signature, block: &mut Block) {
    for param in &mut sig.inputs {
        if let FnArg::Typed(param) = param {
            *param.pat = parse_quote!(_);
            if unstorable::sized(&param.ty).is_some() || matches!(*param.ty, Type::Infer(_)) {
                *param.ty = parse_quote!(impl ::core::marker::Sized);
            }
        }
        let (FnArg::Typed(PatType { attrs, .. }) | FnArg::Receiver(Receiver { attrs, .. })) = param;
        // Only serde's derives understand an attribute of serde.
        attrs.retain(attrs::is_cfg);
    }
    // On a function, serde's attributes and derives mean nothing.
    attrs.retain(|attr| !["serde", "derive"].iter().any(|name| attr.path().is_ident(name)));
    body(attrs, block);
}

/// Replaces the body alone.
pub(crate) fn body(attrs: &mut Vec<Attribute>, block: &mut Block) {
    // The body never runs: the reported mistake fails the build.
    *block = parse_quote!({ ::core::panic!() });
    attrs.push(parse_quote!(#[allow(unused)]));
}
