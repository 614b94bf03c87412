const _: () = {
    use ::es_runtime::__private as __es;
    #[automatically_derived]
    impl __es::EventSet for PaymentEvent
    where
        for<'a> PaymentEvent: __es::Kept<'a>,
    {
        const TYPES: &'static [__es::EventType] = &[
            <PaymentReceived as __es::Handled>::TYPE,
            <Refunded as __es::Handled>::TYPE,
        ];
        fn visit<__V: __es::EventVisitor>(&self, visitor: __V) -> __V::Output {
            match self {
                Self::Received(event) => {
                    <PaymentReceived as __es::Handled>::accept(event, visitor)
                }
                Self::Refunded(event) => {
                    <Refunded as __es::Handled>::accept(event, visitor)
                }
            }
        }
        fn decode<'de, __D: __es::Deserializer<'de>>(
            topic: &str,
            version: u32,
            data: __D,
        ) -> __es::Decoded<Self, __D::Error> {
            __es::Some(
                match topic {
                    _ if <PaymentReceived as __es::Handled>::is(topic) => {
                        <PaymentReceived as __es::Handled>::decode(version, data)
                            .map(Self::Received)
                    }
                    _ if <Refunded as __es::Handled>::is(topic) => {
                        <Refunded as __es::Handled>::decode(version, data)
                            .map(Self::Refunded)
                    }
                    _ => return __es::None,
                },
            )
        }
    }
    #[automatically_derived]
    impl __es::From<PaymentReceived> for PaymentEvent {
        #[inline]
        fn from(event: PaymentReceived) -> Self {
            Self::Received(event)
        }
    }
    #[automatically_derived]
    impl __es::From<Refunded> for PaymentEvent {
        #[inline]
        fn from(event: Refunded) -> Self {
            Self::Refunded(event)
        }
    }
    type __PaymentEvent = <PaymentEvent as __es::Checked<
        {
            let () = <PaymentEvent as __es::AssertSet>::OK;
            0
        },
    >>::Type;
    const _: () = __es::distinct_set::<__PaymentEvent>(0usize);
    const _: () = __es::distinct_set::<__PaymentEvent>(1usize);
};
