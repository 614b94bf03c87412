/// Recorded by [`Account::open`].
#[allow(missing_copy_implementations, private_interfaces, unreachable_pub)]
#[derive(::core::clone::Clone, ::core::fmt::Debug)]
#[derive(::es_runtime::__private::Serialize, ::es_runtime::__private::Deserialize)]
#[serde(crate = "::es_runtime::__private::serde")]
pub struct Opened {
    /// The `owner`.
    pub owner: String,
}
/// Recorded by [`Account::deposit`].
#[allow(missing_copy_implementations, private_interfaces, unreachable_pub)]
#[derive(::core::clone::Clone, ::core::fmt::Debug)]
#[derive(::es_runtime::__private::Serialize, ::es_runtime::__private::Deserialize)]
#[serde(crate = "::es_runtime::__private::serde")]
pub struct Deposited {
    /// The `amount`.
    pub amount: i64,
}
/// Recorded by [`Account::take`].
#[allow(missing_copy_implementations, private_interfaces, unreachable_pub)]
#[derive(::core::clone::Clone, ::core::fmt::Debug)]
#[derive(::es_runtime::__private::Serialize, ::es_runtime::__private::Deserialize)]
#[serde(crate = "::es_runtime::__private::serde")]
pub struct Withdrawn {
    /// The `amount`.
    pub amount: i64,
}
/// The events of [`Account`].
#[allow(private_interfaces, unreachable_pub, clippy::large_enum_variant)]
#[derive(::core::clone::Clone)]
pub enum AccountEvent {
    /// The event [`Opened`].
    Opened(Opened),
    /// The event [`Deposited`].
    Deposited(Deposited),
    /// The event [`Withdrawn`].
    Withdrawn(Withdrawn),
    /// An attribute was set.
    AttributeChanged(<Account as ::es_runtime::__private::Mutator>::Attribute),
    /// The aggregate has ended.
    Discarded,
}
#[allow(unused_qualifications)]
const _: () = {
    use ::es_runtime::__private as __es;
    use __es::Elsewhere as _;
    type __Root = <Account as __es::Checked<
        {
            __es::in_its_module(<Account>::__IN_ITS_MODULE)
                + __es::written_as(<Account as __es::Aggregate>::IDENT, "Account")
        },
    >>::Type;
    type __State = <__Root as __es::Aggregate>::State;
    mod __sealed {
        pub struct Seal(());
        pub const SEAL: &Seal = &Seal(());
    }
    #[automatically_derived]
    impl __es::Mutator for Account {
        type Event = AccountEvent;
        type Attribute = <__Root as __es::Aggregate>::Attribute;
    }
    #[automatically_derived]
    impl __es::Debug for AccountEvent {
        #[inline]
        fn fmt(&self, f: &mut __es::Formatter<'_>) -> __es::fmt::Result {
            __es::debug_event(self, f)
        }
    }
    #[automatically_derived]
    impl __es::Serialize for AccountEvent {
        fn serialize<__S: __es::Serializer>(
            &self,
            serializer: __S,
        ) -> __es::Result<__S::Ok, __S::Error> {
            __es::serialize_event(self, serializer)
        }
    }
    #[automatically_derived]
    impl __es::EventSet for AccountEvent {
        const TYPES: &'static [__es::EventType] = &[
            <Opened as __es::Event>::TYPE,
            <Deposited as __es::Event>::TYPE,
            <Withdrawn as __es::Event>::TYPE,
        ];
        const AGGREGATE: __es::Option<__es::Topics> = __es::Some(
            __es::Topics::of::<__Root>(),
        );
        fn visit<__V: __es::EventVisitor>(&self, visitor: __V) -> __V::Output {
            match self {
                Self::Opened(event) => visitor.event(__es::of::<Opened>(), event),
                Self::Deposited(event) => visitor.event(__es::of::<Deposited>(), event),
                Self::Withdrawn(event) => visitor.event(__es::of::<Withdrawn>(), event),
                Self::AttributeChanged(attribute) => {
                    __es::visit_attribute::<__Root, __V>(attribute, visitor)
                }
                Self::Discarded => __es::visit_discarded::<__Root, __V>(visitor),
            }
        }
        fn decode<'de, __D: __es::Deserializer<'de>>(
            topic: &str,
            version: u32,
            data: __D,
        ) -> __es::Decoded<Self, __D::Error> {
            match topic {
                <Opened as __es::Event>::TOPIC => __es::read(Self::Opened, version, data),
                <Deposited as __es::Event>::TOPIC => {
                    __es::read(Self::Deposited, version, data)
                }
                <Withdrawn as __es::Event>::TOPIC => {
                    __es::read(Self::Withdrawn, version, data)
                }
                _ => __es::decode_standard::<__Root, __D>(topic, version, data),
            }
        }
    }
    #[automatically_derived]
    impl __es::Events<__Root> for AccountEvent {
        const FINGERPRINT: u64 = 7579292569198959420u64;
        const ATTRIBUTE_CHANGED: fn(<__Root as __es::Aggregate>::Attribute) -> Self = Self::AttributeChanged;
        const DISCARDED: Self = Self::Discarded;
        type Seal = __sealed::Seal;
        #[inline]
        fn create(self, envelope: &__es::Envelope) -> __es::Option<__State> {
            match self {
                Self::Opened(event) => __es::Some(__es::Begin::begin(event, envelope)),
                _ => __es::None,
            }
        }
        #[inline]
        fn change(self, state: &mut __State, envelope: &__es::Envelope) -> __es::Effect {
            match self {
                Self::Opened(event) => return __es::creates(event),
                Self::Deposited(event) => {
                    __es::Apply::<Deposited>::apply(state, event, envelope)
                }
                Self::Withdrawn(event) => {
                    __es::Apply::<Withdrawn>::apply(state, event, envelope)
                }
                Self::AttributeChanged(value) => __es::Attribute::apply(value, state),
                Self::Discarded => return __es::Effect::Discards,
            }
            __es::Effect::Changed
        }
        #[inline]
        fn as_any(&self) -> &dyn __es::Any {
            match self {
                Self::Opened(event) => event,
                Self::Deposited(event) => event,
                Self::Withdrawn(event) => event,
                Self::AttributeChanged(attribute) => attribute,
                Self::Discarded => &__es::Ended,
            }
        }
    }
    impl __es::Event for Opened {
        const NAME: &'static str = "Opened";
        const TOPIC: &'static str = __es::topic::<__Root, Self>("Account.Opened");
        const PLACE: __es::Place = __es::Place::of_made();
    }
    impl __es::Creates<__Root> for Opened {
        type Origin = __es::Made;
        const CREATION: __es::Creation<__Root, Self, __es::Made> = __es::Creation::made(
            __sealed::SEAL,
            AccountEvent::Opened,
        );
    }
    impl __es::Begin<Opened> for __State {
        #[inline]
        fn begin(Opened { owner }: Opened, _: &__es::Envelope) -> Self {
            _ = (&owner,);
            Self { owner, balance: 0 }
        }
    }
    impl Account {
        /// Records [`Opened`].
        #[must_use = "nothing is stored before the aggregate is saved"]
        pub fn open(owner: String) -> Self {
            Self::open_with_id(__es::Id::new(), owner)
        }
        /// As [`open`](Self::open), under the given id.
        #[must_use = "nothing is stored before the aggregate is saved"]
        pub fn open_with_id(id: __es::Id<Self>, owner: String) -> Self {
            __Root {
                __only_events_make_it: __es::Root::<__Root>::create(id, Opened { owner }),
            }
        }
    }
    impl __es::Event for Deposited {
        const NAME: &'static str = "Deposited";
        const TOPIC: &'static str = __es::topic::<__Root, Self>("Account.Deposited");
        const PLACE: __es::Place = __es::Place::of_made();
    }
    impl __es::Changes<__Root> for Deposited {
        type Origin = __es::Made;
        const CHANGE: __es::Change<__Root, Self, __es::Made> = __es::Change::made(
            __sealed::SEAL,
            AccountEvent::Deposited,
        );
    }
    impl __es::Apply<Deposited> for __State {
        #[inline]
        fn apply(&mut self, Deposited { amount }: Deposited, _: &__es::Envelope) {
            _ = (&amount,);
            self.balance += amount;
        }
    }
    impl Account {
        /// Records [`Deposited`].
        #[inline]
        pub fn deposit(&mut self, amount: i64) {
            let root: &mut __Root = self;
            root.__only_events_make_it.record(Deposited { amount });
        }
    }
    impl __es::Event for Withdrawn {
        const NAME: &'static str = "Withdrawn";
        const TOPIC: &'static str = __es::topic::<__Root, Self>("Account.Withdrawn");
        const PLACE: __es::Place = __es::Place::of_made();
    }
    impl __es::Changes<__Root> for Withdrawn {
        type Origin = __es::Made;
        const CHANGE: __es::Change<__Root, Self, __es::Made> = __es::Change::made(
            __sealed::SEAL,
            AccountEvent::Withdrawn,
        );
    }
    impl __es::Apply<Withdrawn> for __State {
        #[inline]
        fn apply(&mut self, Withdrawn { amount }: Withdrawn, _: &__es::Envelope) {
            _ = (&amount,);
            self.balance -= amount;
        }
    }
    impl Account {
        /// Records [`Withdrawn`].
        #[inline]
        fn take(&mut self, amount: i64) {
            let root: &mut __Root = self;
            root.__only_events_make_it.record(Withdrawn { amount });
        }
    }
    __es::submit! {
        __es::AggregateType::of:: < __Root > ()
    }
    __es::stored_shapes! {
        | shapes | { { shapes.stored:: < Opened > (< Opened as __es::Event > ::TOPIC,
        1u32, "Account::open"); } { shapes.stored:: < Deposited > (< Deposited as
        __es::Event > ::TOPIC, 1u32, "Account::deposit"); } { shapes.stored:: < Withdrawn
        > (< Withdrawn as __es::Event > ::TOPIC, 1u32, "Account::take"); } shapes
        .creator:: < __Root > (< Opened as __es::Event > ::TYPE.topic()); shapes
        .aggregate:: < __Root > (); }
    }
};
