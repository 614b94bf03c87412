#[cfg(feature = "accounts")]
/// Recorded by [`Account::open`].
#[allow(missing_copy_implementations, private_interfaces, unreachable_pub)]
#[derive(::es_runtime::__private::Serialize, ::es_runtime::__private::Deserialize)]
#[serde(crate = "::es_runtime::__private::serde")]
pub struct Opened {
    /// The `money`.
    #[serde(
        bound(
            serialize = "for < 'a > Money : :: es_runtime :: __private :: Written < 'a , () >",
            deserialize = "Money : :: es_runtime :: __private :: Read < 'de , () >"
        )
    )]
    pub money: Money,
}
/// The events of [`Account`].
#[allow(private_interfaces, unreachable_pub, clippy::large_enum_variant)]
#[derive(::core::clone::Clone)]
pub enum AccountEvent {
    #[cfg(feature = "accounts")]
    /// The event [`Opened`].
    Opened(Opened),
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
            #[cfg(feature = "accounts")]
            <Opened as __es::Event>::TYPE,
        ];
        const AGGREGATE: __es::Option<__es::Topics> = __es::Some(
            __es::Topics::of::<__Root>(),
        );
        fn visit<__V: __es::EventVisitor>(&self, visitor: __V) -> __V::Output {
            match self {
                #[cfg(feature = "accounts")]
                Self::Opened(event) => visitor.event(__es::of::<Opened>(), event),
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
            #[allow(unreachable_patterns)]
            match topic {
                #[cfg(feature = "accounts")]
                <Opened as __es::Event>::TOPIC | "started" => {
                    __es::read(Self::Opened, version, data)
                }
                _ => __es::decode_standard::<__Root, __D>(topic, version, data),
            }
        }
    }
    #[automatically_derived]
    impl __es::Events<__Root> for AccountEvent {
        const RETIRED: &'static [&'static str] = &["Account.Old"];
        const FINGERPRINT: u64 = 2608211867454105303u64;
        const ATTRIBUTE_CHANGED: fn(<__Root as __es::Aggregate>::Attribute) -> Self = Self::AttributeChanged;
        const DISCARDED: Self = Self::Discarded;
        type Seal = __sealed::Seal;
        #[inline]
        fn create(self, envelope: &__es::Envelope) -> __es::Option<__State> {
            match self {
                #[cfg(feature = "accounts")]
                Self::Opened(event) => __es::Some(__es::Begin::begin(event, envelope)),
                _ => __es::None,
            }
        }
        #[inline]
        fn change(self, state: &mut __State, envelope: &__es::Envelope) -> __es::Effect {
            match self {
                #[cfg(feature = "accounts")]
                Self::Opened(event) => return __es::creates(event),
                Self::AttributeChanged(value) => __es::Attribute::apply(value, state),
                Self::Discarded => return __es::Effect::Discards,
            }
            __es::Effect::Changed
        }
        #[inline]
        fn as_any(&self) -> &dyn __es::Any {
            match self {
                #[cfg(feature = "accounts")]
                Self::Opened(event) => event,
                Self::AttributeChanged(attribute) => attribute,
                Self::Discarded => &__es::Ended,
            }
        }
    }
    #[cfg(feature = "accounts")]
    impl __es::Event for Opened
    where
        for<'a> Opened: __es::Storable<'a>,
    {
        const NAME: &'static str = "Opened";
        const TOPIC: &'static str = "opened";
        const ALIASES: &'static [&'static str] = &["started"];
        const PLACE: __es::Place = __es::Place::of_made();
        const VERSION: u32 = 3u32;
        fn decode<'de, __D: __es::Deserializer<'de>>(
            version: u32,
            data: __D,
        ) -> __es::Result<Self, __D::Error> {
            __es::decode_past::<
                Self,
                <(
                    ((), OpenedV1),
                    OpenedV2,
                ) as __es::Checked<
                    {
                        let () = <OpenedV1 as __es::OldShape>::OK;
                        let () = <OpenedV1 as __es::Becomes<OpenedV2>>::OK;
                        let () = <OpenedV2 as __es::OldShape>::OK;
                        let () = <OpenedV2 as __es::Becomes<Opened>>::OK;
                        0
                    },
                >>::Type,
                __D,
            >(Self::TOPIC, version, data)
        }
    }
    #[cfg(feature = "accounts")]
    const _: () = {
        let () = <<Money as __es::Checked<
            {
                let () = <Money as __es::AssertStorable>::OK;
                0
            },
        >>::Type as __es::AssertShared>::OK;
    };
    #[cfg(feature = "accounts")]
    const _: &__es::MaybeUninit<Money> = &__es::MaybeUninit::uninit();
    #[cfg(feature = "accounts")]
    type __Opened = <Opened as __es::Checked<
        {
            let () = <Money as __es::AssertStorable>::OK;
            0
        },
    >>::Type;
    #[cfg(feature = "accounts")]
    #[automatically_derived]
    impl __es::Clone for Opened {
        #[inline]
        fn clone(&self) -> Self {
            let this: &__Opened = self;
            __Opened {
                money: __es::Clone::clone(&this.money),
            }
        }
    }
    #[cfg(feature = "accounts")]
    #[automatically_derived]
    impl __es::Debug for Opened {
        fn fmt(&self, f: &mut __es::Formatter<'_>) -> __es::fmt::Result {
            let this: &__Opened = self;
            f.debug_struct("Opened").field("money", &this.money).finish()
        }
    }
    #[cfg(feature = "accounts")]
    impl __es::Creates<__Root> for Opened {
        type Origin = __es::Made;
        const CREATION: __es::Creation<__Root, Self, __es::Made> = __es::Creation::made(
            __sealed::SEAL,
            AccountEvent::Opened,
        );
    }
    #[cfg(feature = "accounts")]
    impl __es::Begin<Opened> for __State {
        #[inline]
        fn begin(Opened { money }: Opened, _: &__es::Envelope) -> Self {
            _ = (&money,);
            Self { money }
        }
    }
    impl Account {
        #[cfg(feature = "accounts")]
        /// Records [`Opened`].
        #[must_use = "nothing is stored before the aggregate is saved"]
        fn open(money: Money) -> Self {
            Self::open_with_id(__es::Id::new(), money)
        }
        #[cfg(feature = "accounts")]
        /// As [`open`](Self::open), under the given id.
        #[must_use = "nothing is stored before the aggregate is saved"]
        fn open_with_id(id: __es::Id<Self>, money: Money) -> Self {
            __Root {
                __only_events_make_it: __es::Root::<__Root>::create(id, Opened { money }),
            }
        }
    }
    __es::submit! {
        __es::AggregateType::of:: < __Root > ()
    }
    __es::stored_shapes! {
        | shapes | { #[cfg(feature = "accounts")] { shapes.past:: < OpenedV1 > (< Opened
        as __es::Event > ::TOPIC, 1u32); shapes.past:: < OpenedV2 > (< Opened as
        __es::Event > ::TOPIC, 2u32); shapes.stored:: < Opened > (< Opened as __es::Event
        > ::TOPIC, 3u32, "Account::open"); shapes.alias(< Opened as __es::Event >
        ::TOPIC, "started"); } #[cfg(feature = "accounts")] shapes.creator:: < __Root >
        (< Opened as __es::Event > ::TYPE.topic()); shapes.aggregate:: < __Root > (); }
    }
    const _: () = __es::retired::<__Root>("Account.Old");
    #[cfg(feature = "accounts")]
    const _: () = __es::distinct::<__Root>(&<Opened as __es::Event>::TYPE);
};
