#[derive(
    ::core::clone::Clone,
    ::core::fmt::Debug,
    ::es_runtime::__private::serde::Serialize,
    ::es_runtime::__private::serde::Deserialize
)]
#[serde(crate = "::es_runtime::__private::serde")]
#[serde(
    bound(
        serialize = "for < 'a > Money : :: es_runtime :: __private :: Storable < 'a >",
        deserialize = "for < 'a > Money : :: es_runtime :: __private :: Storable < 'a >"
    )
)]
pub struct PaymentReceived {
    pub amount: Money,
    pub reference: Option<String>,
}
const _: () = {
    use ::es_runtime::__private as __es;
    #[automatically_derived]
    impl __es::Event for PaymentReceived
    where
        for<'a> Money: __es::Storable<'a>,
    {
        const NAME: &'static str = "PaymentReceived";
        const TOPIC: &'static str = "payment.received";
        const PLACE: __es::Place = __es::Location::caller();
    }
    __es::submit! {
        < < PaymentReceived as __es::Checked < { let () = < Money as __es::AssertStorable
        > ::OK; 0 } >> ::Type as __es::Event > ::TYPE
    }
    #[cfg(test)]
    __es::submit! {
        __es::StoredShapes { module : ::core::module_path!(), collect : | shapes | { {
        shapes.event:: < PaymentReceived > (< PaymentReceived as __es::Event > ::TOPIC,
        1u32); } } }
    }
};
