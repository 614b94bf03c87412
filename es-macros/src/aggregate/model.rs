use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt;
use syn::{Attribute, Field, Fields, ItemStruct, LitStr, Type, Visibility};

use crate::args::{Args, inner_tokens};
use crate::attrs;
use crate::diag::Diag;
use crate::names;
use crate::runtime_path::Runtime;
use crate::types::{check_fields, unknown_storable};
use crate::upcast;

const ARGUMENTS: &[&str] = &["name", "id_namespace", "trigger", "crate"];
const ATTRIBUTE_ARGUMENTS: &[&str] = &["name", "aliases", "version", "upcast"];

/// All that the expansion of `#[aggregate]` needs.
pub(super) struct Aggregate {
    pub(super) runtime: Runtime,
    pub(super) root: Ident,
    /// The name of its own, if it has one.
    pub(super) renamed: Option<LitStr>,
    pub(super) name: LitStr,
    pub(super) id_namespace: Option<LitStr>,
    pub(super) trigger: Visibility,
    /// The struct as written, without our attributes; its name is that of the state.
    pub(super) state: ItemStruct,
    /// What the user documented, for the root.
    pub(super) docs: Vec<Attribute>,
    pub(super) attributes: Vec<AttributeField>,
    /// The definition of the type that refused fields have.
    pub(super) refused: TokenStream,
}

/// One `#[attribute]` field.
pub(super) struct AttributeField {
    pub(super) cfgs: Vec<Attribute>,
    pub(super) vis: Visibility,
    pub(super) field: Ident,
    pub(super) variant: Ident,
    pub(super) ty: Type,
    pub(super) name: LitStr,
    pub(super) aliases: Vec<LitStr>,
    pub(super) past: Vec<Type>,
}

impl Aggregate {
    pub(super) fn new(args: TokenStream, mut item: ItemStruct, diag: &mut Diag) -> Option<Self> {
        let mut args = Args::parse("aggregate", "name = \"..\"", args, diag);
        let runtime = Runtime::take(&mut args, diag);
        let name = args.string("name", diag);
        let id_namespace = args.string("id_namespace", diag);
        let trigger = args.visibility("trigger", diag).unwrap_or(Visibility::Inherited);
        args.finish(ARGUMENTS, diag);

        let mut shaped = true;
        if let Some(param) = item.generics.params.first() {
            diag.error(param, "an aggregate has one definite shape; remove the generic parameters");
            shaped = false;
        } else if let Some(clause) = &item.generics.where_clause {
            diag.error(clause, "an aggregate has no `where` clause; remove it");
            item.generics.where_clause = None;
        }
        if !matches!(item.fields, Fields::Named(_)) {
            diag.error(&item.ident, "an aggregate has named fields: `struct Account { balance: i64 }`");
            shaped = false;
        }
        refuse_misplaced(&mut item.attrs, diag);

        let refused = check_fields(
            &mut item.fields,
            "a field of an aggregate",
            "a snapshot would not hold it",
            &names::refused(&item.ident),
            diag,
        );
        let mut attributes: Vec<AttributeField> = Vec::new();
        for field in &mut item.fields {
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
        let root = item.ident;
        item.ident = names::state(&root);
        let docs = item.attrs.extract_if(.., |attr| attr.path().is_ident("doc")).collect();
        let renamed = name;
        let usual = || LitStr::new(&root.unraw().to_string(), root.span());
        let name = renamed.clone().unwrap_or_else(usual);
        Some(Self {
            runtime,
            root,
            renamed,
            name,
            id_namespace,
            trigger,
            state: item,
            docs,
            attributes,
            refused,
        })
    }

    /// The types of which it is not known that they can be stored.
    pub(super) fn unknown_types(&self) -> Vec<&Type> {
        self.unknown_types_of(|_| true)
    }

    /// Whether there are such types.
    pub(super) fn may_not_be_storable(&self) -> bool {
        !self.unknown_types().is_empty()
    }

    /// The same without those of attributes, of which more is asked.
    pub(super) fn unknown_plain_types(&self) -> Vec<&Type> {
        self.unknown_types_of(|field| {
            !self.attributes.iter().any(|attribute| Some(&attribute.field) == field.ident.as_ref())
        })
    }

    fn unknown_types_of(&self, wanted: impl Fn(&Field) -> bool) -> Vec<&Type> {
        let fields = self.state.fields.iter().filter(|field| wanted(field));
        fields
            .filter(|field| {
                !field.attrs.iter().any(|attr| attrs::is_cfg(attr) || attr.path().is_ident("serde"))
            })
            .flat_map(|field| unknown_storable(&field.ty))
            .collect()
    }
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
            vis: field.vis.clone(),
            field: ident.clone(),
            variant: names::camel(ident),
            ty: field.ty.clone(),
            name,
            aliases,
            past,
        }
    }
}

/// Reports two attributes with one name, whether in the code or where they are stored.
fn clashes(known: &[AttributeField], new: &AttributeField, diag: &mut Diag) -> bool {
    let mark = diag.mark();
    let stored = |field: &AttributeField| {
        let aliases = field.aliases.iter().map(LitStr::value);
        std::iter::once(field.name.value()).chain(aliases).collect::<Vec<_>>()
    };
    for other in known {
        if other.variant == new.variant {
            diag.error(
                &new.field,
                format!(
                    "the attributes `{}` and `{}` both become `{}`; rename one",
                    other.field, new.field, new.variant
                ),
            );
        }
        if let Some(name) = stored(new).into_iter().find(|name| stored(other).contains(name)) {
            diag.error(
                &new.name,
                format!("the attributes `{}` and `{}` are both stored as \"{name}\"; give one of them another `name`", other.field, new.field),
            );
        }
    }
    !diag.clean_since(mark)
}

/// Reports, and takes out, attributes of ours that have no place here.
fn refuse_misplaced(written: &mut Vec<Attribute>, diag: &mut Diag) {
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
