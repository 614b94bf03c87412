/// The state of [`Account`]: events change it, and snapshots keep it.
#[derive(::core::clone::Clone)]
#[derive(::es_runtime::__private::Serialize)]
#[derive(::es_runtime::__private::Deserialize)]
#[serde(crate = "::es_runtime::__private::serde")]
pub struct AccountState {
    pub owner: String,
    pub balance: i64,
}
/// An aggregate: [`AccountState`] with its identity and its events.
#[allow(unused_qualifications)]
pub struct Account {
    __only_events_make_it: ::es_runtime::__private::Root<Account>,
}
/// A changed attribute of [`Account`], with its new value.
#[derive(::core::clone::Clone, ::core::fmt::Debug)]
pub enum AccountAttribute {
    /// The new `owner`.
    Owner(String),
}
#[allow(unused_qualifications)]
const _: () = {
    use ::es_runtime::__private as __es;
    #[automatically_derived]
    impl __es::State for AccountState {}
    #[doc(hidden)]
    pub struct __Seal(());
    #[automatically_derived]
    impl __es::Aggregate for Account {
        const NAME: &'static str = "Account";
        const FINGERPRINT: u64 = 14792396536783979824u64;
        type State = AccountState;
        type Event = __es::EventsOf<Account, { <Account as __es::Mutator>::OK }>;
        type Attribute = AccountAttribute;
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
        pub fn into_state(self) -> AccountState {
            __es::Root::into_state(self.__only_events_make_it)
        }
        /// Discards the aggregate. The returned value can only be saved.
        fn discard(self) -> __es::Discarded<Self> {
            __es::Root::discard(self, __Seal(()))
        }
        /// Sets `owner`, by a recorded event.
        pub fn set_owner(&mut self, owner: String) {
            self.__only_events_make_it.set(AccountAttribute::Owner(owner));
        }
    }
    #[automatically_derived]
    impl __es::Attribute for AccountAttribute {
        type State = AccountState;
        const TYPES: &'static [__es::AttributeType] = &[
            __es::AttributeType::new("owner", &[], 1u32),
        ];
        fn visit<__V: __es::AttributeVisitor>(&self, visitor: __V) -> __V::Output {
            match self {
                Self::Owner(value) => visitor.attribute("owner", 1u32, value),
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
                "owner" => {
                    __es::read_value::<_, (), _, _>(Self::Owner, name, version, value)
                }
                _ => __es::None,
            }
        }
    }
    __es::stored_shapes! {
        | shapes | { { shapes.event:: < String > (& __es::attribute_topic:: < Account >
        ("owner"), 1u32); } }
    }
};
