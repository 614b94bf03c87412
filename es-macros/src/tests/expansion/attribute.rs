/// The state of [`Account`]: events change it, and snapshots keep it.
#[derive(crate::es::__private::Serialize)]
#[derive(crate::es::__private::Deserialize)]
#[serde(crate = "crate::es::__private::serde")]
struct AccountState {
    #[serde(
        bound(
            serialize = "for < 'a > Name : crate :: es :: __private :: Written < 'a , () >",
            deserialize = "Name : crate :: es :: __private :: Read < 'de , () >"
        )
    )]
    owner: Name,
}
/// An aggregate: [`AccountState`] with its identity and its events.
#[allow(unused_qualifications)]
struct Account {
    __only_events_make_it: crate::es::__private::Root<Account>,
}
/// A changed attribute of [`Account`], with its new value.
#[allow(private_interfaces)]
enum AccountAttribute {
    /// The new `owner`.
    Owner(Name),
}
#[allow(unused_qualifications)]
const _: () = {
    use crate::es::__private as __es;
    #[automatically_derived]
    impl __es::State for AccountState
    where
        for<'a> AccountState: __es::StateField<'a>,
    {}
    const _: () = {
        let () = <<Name as __es::Checked<
            {
                let () = <Name as __es::AssertStorable>::OK;
                0
            },
        >>::Type as __es::AssertShared>::OK;
    };
    const _: &__es::MaybeUninit<Name> = &__es::MaybeUninit::uninit();
    type __AccountState = <AccountState as __es::Checked<
        {
            let () = <Name as __es::AssertStorable>::OK;
            0
        },
    >>::Type;
    #[automatically_derived]
    impl __es::Clone for AccountState {
        #[inline]
        fn clone(&self) -> Self {
            let this: &__AccountState = self;
            __AccountState {
                owner: __es::Clone::clone(&this.owner),
            }
        }
    }
    #[doc(hidden)]
    pub struct __Seal(());
    #[automatically_derived]
    impl __es::Aggregate for Account {
        const NAME: &'static str = "Account";
        const FINGERPRINT: u64 = 4821075571036753403u64;
        type State = __AccountState;
        type Event = __es::EventsOf<Account, { <Account as __es::Mutator>::OK }>;
        type Attribute = __AccountAttribute;
        type Seal = __Seal;
        fn from_root(root: __es::Root<Self>, _: __es::Seal<Self>) -> Self {
            Self {
                __only_events_make_it: root,
            }
        }
        fn into_root(self, _: __es::Seal<Self>) -> __es::Root<Self> {
            self.__only_events_make_it
        }
        fn root_mut(&mut self, _: __es::Seal<Self>) -> &mut __es::Root<Self> {
            &mut self.__only_events_make_it
        }
    }
    #[automatically_derived]
    impl __es::Deref for Account {
        type Target = __es::Root<Self>;
        fn deref(&self) -> &Self::Target {
            &self.__only_events_make_it
        }
    }
    impl Account {
        const __IN_ITS_MODULE: bool = true;
        /// Records an event that is declared on its own, and applies it.
        fn trigger<__E: __es::Changes<Self>>(&mut self, event: __E) {
            self.__only_events_make_it.record(event);
        }
        /// Creates the aggregate with an event that is declared on its own.
        fn create_from<__E: __es::Creates<Self>>(event: __E) -> Self {
            Self::create_from_with_id(__es::Id::new(), event)
        }
        /// As [`create_from`](Self::create_from), under the given id.
        fn create_from_with_id<__E: __es::Creates<Self>>(
            id: __es::Id<Self>,
            event: __E,
        ) -> Self {
            Self {
                __only_events_make_it: __es::Root::create(id, event),
            }
        }
        /// Takes the state out of the aggregate, and drops the pending events.
        fn into_state(self) -> __AccountState {
            __es::Root::into_state(self.__only_events_make_it)
        }
        /// Discards the aggregate. The returned value can only be saved.
        fn discard(self) -> __es::Discarded<Self> {
            __es::Root::discard(self, __Seal(()))
        }
        /// Sets `owner`, by a recorded event.
        fn set_owner(&mut self, owner: Name) {
            self.__only_events_make_it.set(AccountAttribute::Owner(owner));
        }
    }
    #[automatically_derived]
    impl __es::Attribute for AccountAttribute
    where
        for<'a> AccountAttribute: __es::Kept<'a>,
    {
        type State = AccountState;
        const TYPES: &'static [__es::AttributeType] = &[
            __es::AttributeType::new("holder", &["owner"], 2u32).of_field("owner"),
        ];
        fn visit<__V: __es::AttributeVisitor>(&self, visitor: __V) -> __V::Output {
            let this: &__AccountAttribute = self;
            match this {
                __AccountAttribute::Owner(value) => {
                    visitor.attribute("holder", 2u32, value)
                }
            }
        }
        fn apply(self, state: &mut AccountState) {
            match self {
                Self::Owner(value) => state.owner = value,
            }
        }
        fn decode<'de, __D: __es::Deserializer<'de>>(
            name: &str,
            version: u32,
            value: __D,
        ) -> __es::Decoded<Self, __D::Error> {
            match name {
                "holder" | "owner" => {
                    __es::read_value::<
                        _,
                        <(
                            (),
                            String,
                        ) as __es::Checked<
                            {
                                let () = <String as __es::OldShape>::OK;
                                let () = <String as __es::Becomes<Name>>::OK;
                                0
                            },
                        >>::Type,
                        _,
                        _,
                    >(__AccountAttribute::Owner, name, version, value)
                }
                _ => __es::None,
            }
        }
    }
    type __AccountAttribute = <AccountAttribute as __es::Checked<
        {
            let () = <Name as __es::AssertStorable>::OK;
            0
        },
    >>::Type;
    #[automatically_derived]
    impl __es::Clone for AccountAttribute {
        #[inline]
        fn clone(&self) -> Self {
            let this: &__AccountAttribute = self;
            match this {
                __AccountAttribute::Owner(value) => {
                    __AccountAttribute::Owner(__es::Clone::clone(value))
                }
            }
        }
    }
    #[automatically_derived]
    impl __es::Debug for AccountAttribute {
        fn fmt(&self, f: &mut __es::Formatter<'_>) -> __es::fmt::Result {
            let this: &__AccountAttribute = self;
            match this {
                __AccountAttribute::Owner(value) => {
                    f.debug_tuple("Owner").field(value).finish()
                }
            }
        }
    }
    __es::stored_shapes! {
        | shapes | { { shapes.past:: < String > (& __es::attribute_topic:: < Account >
        ("holder"), 1u32); shapes.event:: < Name > (& __es::attribute_topic:: < Account >
        ("holder"), 2u32); shapes.alias(& __es::attribute_topic:: < Account > ("holder"),
        & __es::attribute_topic:: < Account > ("owner")); } }
    }
};
