const _: () = {
    use ::es_runtime::__private as __es;
    #[automatically_derived]
    impl __es::Event for PaymentReceived
    where
        for<'a> PaymentReceived: __es::Storable<'a>,
    {
        const NAME: &'static str = "PaymentReceived";
        const TOPIC: &'static str = "payment.received";
        const PLACE: __es::Place = __es::Place::here();
        const VERSION: u32 = 2u32;
        fn decode<'de, __D: __es::Deserializer<'de>>(
            version: u32,
            data: __D,
        ) -> __es::Result<Self, __D::Error> {
            __es::decode_past::<
                Self,
                <(
                    (),
                    PaymentReceivedV1,
                ) as __es::Checked<
                    {
                        let () = <PaymentReceivedV1 as __es::OldShape>::OK;
                        let () = <PaymentReceivedV1 as __es::Becomes<
                            PaymentReceived,
                        >>::OK;
                        0
                    },
                >>::Type,
                __D,
            >(Self::TOPIC, version, data)
        }
    }
    type __PaymentReceived = <PaymentReceived as __es::Checked<
        {
            let () = <PaymentReceived as __es::AssertEvent>::OK;
            0
        },
    >>::Type;
    __es::submit! {
        < __PaymentReceived as __es::Event > ::TYPE
    }
    __es::stored_shapes! {
        | shapes | { { shapes.past:: < PaymentReceivedV1 > (< PaymentReceived as
        __es::Event > ::TOPIC, 1u32); shapes.stored:: < PaymentReceived > (<
        PaymentReceived as __es::Event > ::TOPIC, 2u32, "PaymentReceived"); } }
    }
};
