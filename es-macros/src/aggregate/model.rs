use proc_macro2::{Group, Ident, TokenStream};
use quote::{ToTokens, format_ident};
use syn::ext::IdentExt;
use syn::{Attribute, Field, Fields, ItemStruct, LitStr, Type, Visibility};

use crate::args::{Args, inner_tokens};
use crate::attrs;
use crate::diag::Diag;
use crate::fields::{check_fields, refuse_doubles};
use crate::fingerprint;
use crate::names;
use crate::runtime_path::Runtime;
use crate::types::{STORED, distinct, unknown_storable};
use crate::unstorable;
use crate::upcast;

const ARGUMENTS: &[&str] = &[
    "name",
    "aliases",
    "id_namespace",
    "retired",
    "state",
    "trigger",
    "discard",
    "snapshot_version",
    "crate",
];
const ATTRIBUTE_ARGUMENTS: &[&str] = &["name", "aliases", "version", "upcast"];

/// The model of an aggregate: everything that the expansion of `#[aggregate]` needs.
pub(super) struct Aggregate {
    pub(super) runtime: Runtime,
    pub(super) root: Ident,
    /// True if the user wrote the name; false if it is the name of the type.
    pub(super) renamed: bool,
    pub(super) name: LitStr,
    /// Former names, oldest first.
    pub(super) aliases: Vec<LitStr>,
    pub(super) id_namespace: Option<LitStr>,
    /// The names of attributes that are stored, but no longer in the struct.
    pub(super) retired: Vec<LitStr>,
    /// The name of the state, if the user wrote one.
    pub(super) state_name: Option<String>,
    pub(super) fingerprint: u64,
    /// The visibility of `trigger` and `create_from`, if the user wrote one.
    pub(super) trigger: Option<Visibility>,
    pub(super) discard: Visibility,
    /// The struct as written, without our attributes, under the name of the state.
    pub(super) state: ItemStruct,
    /// All fields as written, if one of them cannot be parsed; `state` then has only the others.
    pub(super) half_typed: Option<Group>,
    /// The docs and deprecations that the user wrote; they go on the root.
    pub(super) docs: Vec<Attribute>,
    pub(super) attributes: Vec<AttributeField>,
    /// The report of a struct without named fields. The state keeps its fields, which bodies name.
    pub(super) misshaped: Option<TokenStream>,
    /// The definition of the type that replaces the type of each refused field.
    pub(super) refused: TokenStream,
}

/// One `#[attribute]` field.
pub(super) struct AttributeField {
    pub(super) cfgs: Vec<Attribute>,
    /// The levels of lints on the field.
    pub(super) levels: Vec<TokenStream>,
    pub(super) vis: Visibility,
    pub(super) field: Ident,
    pub(super) variant: Ident,
    pub(super) ty: Type,
    pub(super) name: LitStr,
    pub(super) aliases: Vec<LitStr>,
    pub(super) past: Vec<Type>,
}

impl Aggregate {
    pub(super) fn new(
        args: TokenStream,
        mut item: ItemStruct,
        half_typed: Option<Group>,
        diag: &mut Diag,
    ) -> Option<Self> {
        let fingerprint = fingerprint::of([&args, &item.to_token_stream()]);
        let mut args = Args::parse("aggregate", "name = \"..\"", args, diag);
        let runtime = Runtime::take(&mut args, diag);
        let name = args.string("name", diag);
        let mut aliases = args.strings("aliases", diag);
        let id_namespace = args.string("id_namespace", diag);
        let retired = args.strings("retired", diag);
        let state_name = args.name("state", "AccountData", diag).filter(|name| {
            let free = *name != item.ident;
            if !free {
                diag.error(name, format!("`{name}` is the aggregate itself; give the state another name"));
            }
            free
        });
        let trigger = args.visibility("trigger", diag);
        let discard = args.visibility("discard", diag).unwrap_or(Visibility::Inherited);
        // The fingerprint holds this argument, like all others.
        args.version("snapshot_version", diag);
        args.finish(ARGUMENTS, diag);

        let (mut shaped, mut misshaped) = (true, None);
        if let Some(param) = item.generics.params.first() {
            diag.error(param, "an aggregate has one definite shape; remove the generic parameters");
            shaped = false;
        } else if let Some(clause) = &item.generics.where_clause {
            diag.error(clause, "an aggregate has no `where` clause; remove it");
            item.generics.where_clause = None;
        }
        if !matches!(item.fields, Fields::Named(_)) {
            let mut own = Diag::default();
            own.error(&item.ident, "an aggregate has named fields: `struct Account { balance: i64 }`");
            misshaped = Some(own.into_tokens());
        }
        refuse_doubles(&mut item.fields, diag);
        refuse_misplaced(&mut item.attrs, diag);

        let given = state_name.as_ref().map(|name| name.unraw().to_string());
        let state = free_name(state_name.unwrap_or_else(|| names::state(&item.ident)), &item.fields, diag);
        for field in &mut item.fields {
            unstorable::name_self(&mut field.ty, &state, Some(&item.ident), diag);
        }
        let root = item.ident.clone();
        let lost = "a snapshot would not hold it";
        let refused = check_fields(&mut item, "a field of an aggregate", lost, STORED, Some(&root), diag);
        let mut attributes: Vec<AttributeField> = Vec::new();
        for field in &mut item.fields {
            attrs::refuse_conditions(&mut field.attrs, "attribute", "#[aggregate]", "field", diag);
            let ours = attrs::take_ours(&mut field.attrs, "attribute");
            if let Some(second) = ours.get(1) {
                diag.error(second, "`#[attribute]` is given twice; remove one");
            }
            let (Some(attr), Some(ident)) = (ours.first(), &field.ident) else { continue };
            let attribute = AttributeField::new(attr, field, ident, diag);
            if !clashes(&attributes, &attribute, diag) {
                attributes.push(attribute);
            }
        }
        if !shaped {
            return None;
        }
        item.ident = state;
        let is_for_root =
            |attr: &mut Attribute| attr.path().is_ident("doc") || attr.path().is_ident("deprecated");
        let docs: Vec<Attribute> = item.attrs.extract_if(.., is_for_root).collect();
        let renamed = name.is_some();
        let name = name.unwrap_or_else(|| LitStr::new(&root.unraw().to_string(), root.span()));
        upcast::check_aliases("name", &name.value(), &mut aliases, diag);
        refuse_retired(&retired, &attributes, diag);
        // An id derived from a key outlives the name that was its namespace.
        let id_namespace = id_namespace.or_else(|| aliases.first().cloned());
        Some(Self {
            runtime,
            root,
            renamed,
            name,
            aliases,
            id_namespace,
            retired,
            state_name: given,
            fingerprint,
            trigger,
            discard,
            state: item,
            half_typed,
            docs,
            attributes,
            misshaped,
            refused,
        })
    }

    /// Returns the types that are not known to be storable.
    pub(super) fn unknown_types(&self) -> Vec<&Type> {
        self.unknown_types_of(|_| true)
    }

    /// Returns whether there are types that are not known to be storable.
    pub(super) fn may_not_be_storable(&self) -> bool {
        !self.unknown_types().is_empty()
    }

    /// Returns the types of plain fields that are not known to be storable. Attributes have a stricter check.
    pub(super) fn unknown_plain_types(&self) -> Vec<&Type> {
        self.unknown_types_of(|field| {
            !self.attributes.iter().any(|attribute| Some(&attribute.field) == field.ident.as_ref())
        })
    }

    fn unknown_types_of(&self, wanted: impl Fn(&Field) -> bool) -> Vec<&Type> {
        if self.half_typed.is_some() || !matches!(self.state.fields, Fields::Named(_)) {
            return Vec::new();
        }
        let fields = self.state.fields.iter().filter(|field| wanted(field));
        let plain = fields.filter(|field| {
            !field.attrs.iter().any(|attr| attrs::is_cfg(attr) || attr.path().is_ident("serde"))
        });
        distinct(plain.flat_map(|field| unknown_storable(&field.ty)))
    }
}

/// Returns the name of the state. A state does not hold itself: a field whose type has this name holds a type of the
/// user's.
fn free_name(state: Ident, fields: &Fields, diag: &mut Diag) -> Ident {
    let Some(field) = fields.iter().find(|field| unstorable::holds(&field.ty, &state)) else { return state };
    diag.error(
        &field.ty,
        format!(
            "`{state}` is also the name of the state that `#[aggregate]` makes; rename your type, or name the state: \
             `#[aggregate(state = ..)]`, and the same at `#[mutator]`"
        ),
    );
    format_ident!("__{state}")
}

impl AttributeField {
    fn new(attr: &Attribute, field: &Field, ident: &Ident, diag: &mut Diag) -> Self {
        let mut args = Args::parse(
            "attribute",
            "name = \"..\"",
            inner_tokens(attr, "name", diag).unwrap_or_default(),
            diag,
        );
        let name = args.string("name", diag);
        let mut aliases = args.strings("aliases", diag);
        let past = upcast::take(&mut args, &attrs::text(&field.ty), diag);
        args.finish(ATTRIBUTE_ARGUMENTS, diag);
        let name = name.unwrap_or_else(|| LitStr::new(&ident.unraw().to_string(), ident.span()));
        upcast::check_aliases("name", &name.value(), &mut aliases, diag);
        Self {
            cfgs: field.attrs.iter().filter(|attr| attrs::is_cfg(attr)).cloned().collect(),
            levels: attrs::levels_apart(&field.attrs),
            vis: field.vis.clone(),
            field: ident.clone(),
            variant: names::camel(ident),
            ty: field.ty.clone(),
            name,
            aliases,
            past,
        }
    }

    /// Returns the names that the attribute is, or was, stored under.
    fn names(&self) -> Vec<String> {
        [&self.name].into_iter().chain(&self.aliases).map(LitStr::value).collect()
    }
}

/// Reports retired attributes that the struct still has.
fn refuse_retired(retired: &[LitStr], attributes: &[AttributeField], diag: &mut Diag) {
    for name in retired {
        let is_name = |field: &&AttributeField| field.names().contains(&name.value());
        if let Some(field) = attributes.iter().find(is_name) {
            diag.error(
                name,
                format!(
                    "the attribute `{}` still has the name \"{}\"; remove its `#[attribute]`, or do not retire it",
                    field.field,
                    name.value()
                ),
            );
        }
    }
}

/// Reports two attributes with one name, in the code or in stored data.
fn clashes(known: &[AttributeField], new: &AttributeField, diag: &mut Diag) -> bool {
    let mark = diag.mark();
    // Under a condition, one of the two may not exist; if both do, the compiler reports the clash.
    let always = |field: &&AttributeField| field.cfgs.is_empty();
    for other in known.iter().filter(always).filter(|_| always(&new)) {
        if other.variant == new.variant {
            diag.error(
                &new.field,
                format!(
                    "the attributes `{}` and `{}` both become `{}`; rename one",
                    other.field, new.field, new.variant
                ),
            );
        }
        if let Some(name) = new.names().into_iter().find(|name| other.names().contains(name)) {
            diag.error(
                &new.name,
                format!("the attributes `{}` and `{}` are both stored as \"{name}\"; give one of them another `name`", other.field, new.field),
            );
        }
    }
    !diag.clean_since(mark)
}

/// Reports attributes of ours that have no place on the struct, and removes them.
fn refuse_misplaced(written: &mut Vec<Attribute>, diag: &mut Diag) {
    if let Some(derived) = attrs::take_derived(written, "Event") {
        diag.error(derived, "a struct is either an aggregate or an event; remove this derive");
        // These are arguments of the derive.
        attrs::take_ours(written, "event");
    }
    for (ours, remedy) in [
        ("aggregate", "`#[aggregate]` is given twice; remove one"),
        ("event", "a struct is either an aggregate or an event; remove one of the attributes"),
        ("mutator", "`#[mutator]` goes on `impl`, not on the struct; move it there"),
        ("attribute", "`#[attribute]` goes on a field, not on the struct; move it there"),
    ] {
        for attr in attrs::take_ours(written, ours) {
            diag.error(attr, remedy);
        }
    }
}
