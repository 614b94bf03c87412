#[derive(
    ::es_runtime::__private::serde::Serialize,
    ::es_runtime::__private::serde::Deserialize
)]
#[serde(crate = "::es_runtime::__private::serde")]
pub struct PaymentReceived {
    #[serde(
        bound(
            serialize = "for < 'a > Money : :: es_runtime :: __private :: Written < 'a , () >",
            deserialize = "Money : :: es_runtime :: __private :: Read < 'de , () >"
        )
    )]
    pub amount: Money,
    pub reference: Option<String>,
}
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
    }
    const _: () = {
        let () = <<Money as __es::Checked<
            {
                let () = <Money as __es::AssertStorable>::OK;
                0
            },
        >>::Type as __es::AssertShared>::OK;
    };
    const _: &__es::MaybeUninit<Money> = &__es::MaybeUninit::uninit();
    type __PaymentReceived = <PaymentReceived as __es::Checked<
        {
            let () = <Money as __es::AssertStorable>::OK;
            0
        },
    >>::Type;
    #[automatically_derived]
    impl __es::Clone for PaymentReceived {
        #[inline]
        fn clone(&self) -> Self {
            let this: &__PaymentReceived = self;
            __PaymentReceived {
                amount: __es::Clone::clone(&this.amount),
                reference: __es::Clone::clone(&this.reference),
            }
        }
    }
    #[automatically_derived]
    impl __es::Debug for PaymentReceived {
        fn fmt(&self, f: &mut __es::Formatter<'_>) -> __es::fmt::Result {
            let this: &__PaymentReceived = self;
            f.debug_struct("PaymentReceived")
                .field("amount", &this.amount)
                .field("reference", &this.reference)
                .finish()
        }
    }
    __es::submit! {
        < __PaymentReceived as __es::Event > ::TYPE
    }
    __es::stored_shapes! {
        | shapes | { { shapes.stored:: < PaymentReceived > (< PaymentReceived as
        __es::Event > ::TOPIC, 1u32, "PaymentReceived"); } }
    }
};
