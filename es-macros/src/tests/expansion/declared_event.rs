/// The events of [`Account`].
#[allow(private_interfaces, unreachable_pub, clippy::large_enum_variant)]
pub enum AccountEvent {
    /// The event [`Imported`].
    Imported(Imported),
    /// The event [`PaymentReceived`].
    PaymentReceived(PaymentReceived),
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
    impl __es::Clone for AccountEvent {
        #[inline]
        fn clone(&self) -> Self {
            match self {
                Self::Imported(event) => {
                    Self::Imported(<Imported as __es::Handled>::copied(event))
                }
                Self::PaymentReceived(event) => {
                    Self::PaymentReceived(
                        <PaymentReceived as __es::Handled>::copied(event),
                    )
                }
                Self::AttributeChanged(attribute) => {
                    Self::AttributeChanged(__es::Clone::clone(attribute))
                }
                Self::Discarded => Self::Discarded,
            }
        }
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
            <Imported as __es::Handled>::TYPE,
            <PaymentReceived as __es::Handled>::TYPE,
        ];
        const AGGREGATE: __es::Option<__es::Topics> = __es::Some(
            __es::Topics::of::<__Root>(),
        );
        fn visit<__V: __es::EventVisitor>(&self, visitor: __V) -> __V::Output {
            match self {
                Self::Imported(event) => {
                    <Imported as __es::Handled>::accept(event, visitor)
                }
                Self::PaymentReceived(event) => {
                    <PaymentReceived as __es::Handled>::accept(event, visitor)
                }
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
                _ if <Imported as __es::Handled>::is(topic) => {
                    __es::Some(
                        <Imported as __es::Handled>::decode(version, data)
                            .map(Self::Imported),
                    )
                }
                _ if <PaymentReceived as __es::Handled>::is(topic) => {
                    __es::Some(
                        <PaymentReceived as __es::Handled>::decode(version, data)
                            .map(Self::PaymentReceived),
                    )
                }
                _ => __es::decode_standard::<__Root, __D>(topic, version, data),
            }
        }
    }
    #[automatically_derived]
    impl __es::Events<__Root> for AccountEvent {
        const FINGERPRINT: u64 = 9947751058035801700u64;
        const ATTRIBUTE_CHANGED: fn(<__Root as __es::Aggregate>::Attribute) -> Self = Self::AttributeChanged;
        const DISCARDED: Self = Self::Discarded;
        type Seal = __sealed::Seal;
        #[inline]
        fn create(self, envelope: &__es::Envelope) -> __es::Option<__State> {
            match self {
                Self::Imported(event) => {
                    __es::Some(__es::BeginRef::<_, __Root>::begin_ref(&event, envelope))
                }
                _ => __es::None,
            }
        }
        #[inline]
        fn change(self, state: &mut __State, envelope: &__es::Envelope) -> __es::Effect {
            match self {
                Self::Imported(event) => return __es::creates(event),
                Self::PaymentReceived(event) => {
                    __es::ApplyRef::<_, __Root>::apply_ref(state, &event, envelope)
                }
                Self::AttributeChanged(value) => __es::Attribute::apply(value, state),
                Self::Discarded => return __es::Effect::Discards,
            }
            __es::Effect::Changed
        }
        #[inline]
        fn as_any(&self) -> &dyn __es::Any {
            match self {
                Self::Imported(event) => event,
                Self::PaymentReceived(event) => event,
                Self::AttributeChanged(attribute) => attribute,
                Self::Discarded => &__es::Ended,
            }
        }
    }
    impl __es::Creates<__Root, Account> for Imported {
        type Origin = __es::Declared;
        const CREATION: __es::Creation<__Root, Self, __es::Declared> = __es::Creation::declared(
            __sealed::SEAL,
            AccountEvent::Imported,
        );
    }
    impl __es::BeginRef<Imported, Account> for __State {
        #[inline]
        fn begin_ref(event: &Imported, _: &__es::Envelope) -> Self {
            Self { balance: event.balance }
        }
    }
    impl __es::Changes<__Root, Account> for PaymentReceived {
        type Origin = __es::Declared;
        const CHANGE: __es::Change<__Root, Self, __es::Declared> = __es::Change::declared(
            __sealed::SEAL,
            AccountEvent::PaymentReceived,
        );
    }
    impl __es::ApplyRef<PaymentReceived, Account> for __State {
        #[inline]
        fn apply_ref(&mut self, event: &PaymentReceived, envelope: &Envelope) {
            self.balance += event.amount;
            self.paid_at = envelope.timestamp();
        }
    }
    impl AccountState {
        fn helper(&self) -> bool {
            self.balance > 0
        }
    }
    __es::submit! {
        __es::AggregateType::of:: < __Root > ()
    }
    __es::stored_shapes! {
        | shapes | { shapes.creator:: < __Root > (< Imported as __es::Handled > ::TYPE
        .topic()); shapes.aggregate:: < __Root > (); }
    }
    const _: () = __es::distinct_declared::<__Root>(&<Imported as __es::Handled>::TYPE);
    const _: () = __es::distinct_declared::<
        __Root,
    >(&<PaymentReceived as __es::Handled>::TYPE);
};
