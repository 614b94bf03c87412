impl Balances {
    fn opened(event: Opened, tx: &Tx) -> Result {}
}
#[allow(unused_qualifications)]
const _: () = {
    use ::es_runtime::__private as __es;
    type __View = Balances;
    const _: usize = <Balances as __es::checks::AssertView>::OK;
    const __KNOWN: &[__es::checks::Known] = &[];
    #[allow(private_interfaces, unreachable_pub)]
    pub enum __Seen {}
    #[automatically_derived]
    impl __es::Projection for Balances {
        const NAME: &'static str = "Balances";
        const FINGERPRINT: u64 = 4839551592281033000u64;
        const SOURCES: &'static [__es::Topics] = &[];
        const HANDLERS: &'static [__es::Handler] = &[];
        type Seen = __Seen;
        fn read(source: usize, row: __es::Row<'_>) -> __es::ReadResult<__Seen> {
            match source {
                _ => __es::Ok(__es::None),
            }
        }
    }
    #[automatically_derived]
    impl __es::Blocking for Balances {
        const TABLES: &'static str = "";
        type Tx = <Tx as __es::Checked<{ <Tx as __es::BlockingTx>::OK }>>::Type;
        fn apply(
            &self,
            handler: usize,
            seen: &__Seen,
            tx: &Self::Tx,
        ) -> __es::view::Result {
            match (handler, seen) {
                _ => __es::wrong_handler(),
            }
        }
    }
};
::core::compile_error! {
    "name the aggregates whose events the view reads: `#[projection(Account)] impl Balances`"
}
::core::compile_error! {
    "an event is lent; take `&Opened`"
}
