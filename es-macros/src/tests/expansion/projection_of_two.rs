impl Notes {
    const TABLES: &'static str = "";
    async fn noted(
        &self,
        event: &Noted,
        origin: &Origin<Any>,
        tx: &postgres::Tx,
    ) -> Result {
        tx.run(self.sql, &[&event.text, &origin.aggregate()]).await
    }
    #[cfg(feature = "orders")]
    async fn opened(event: &order::Opened, id: Id<Order>, tx: &postgres::Tx) {}
}
#[allow(unused_qualifications)]
const _: () = {
    use ::es_runtime::__private as __es;
    type __View = Notes;
    const _: usize = <Notes as __es::checks::AssertView>::OK;
    type __Of0 = <Account as __es::Checked<
        { <Account as __es::Aggregate>::RENAMED as usize },
    >>::Type;
    type __Of1 = <order::Order as __es::Checked<
        { <order::Order as __es::Aggregate>::RENAMED as usize },
    >>::Type;
    const __KNOWN: &[__es::checks::Known] = &[
        __es::checks::Known::of::<__Of0>(),
        __es::checks::Known::of::<__Of1>(),
    ];
    #[allow(private_interfaces, unreachable_pub)]
    pub enum __Seen {
        __Of0(__es::Seen<__Of0>),
        __Of1(__es::Seen<__Of1>),
    }
    #[automatically_derived]
    impl __es::Projection for Notes {
        const NAME: &'static str = "Notes";
        const FINGERPRINT: u64 = 4557053719589034792u64;
        const SOURCES: &'static [__es::Topics] = &[
            __es::Topics::of::<__Of0>(),
            __es::Topics::of::<__Of1>(),
        ];
        const HANDLERS: &'static [__es::Handler] = &[
            __es::Handler::event(0, 0, &<Noted as __es::Handled>::TYPE, "noted"),
            __es::Handler::event(1, 1, &<Noted as __es::Handled>::TYPE, "noted"),
            #[cfg(feature = "orders")]
            __es::Handler::event(2, 1, &<order::Opened as __es::Handled>::TYPE, "opened"),
        ];
        const IS_PARTIAL: bool = true;
        type Seen = __Seen;
        fn read(source: usize, row: __es::Row<'_>) -> __es::ReadResult<__Seen> {
            match source {
                0 => row.read(__Seen::__Of0),
                1 => row.read(__Seen::__Of1),
                _ => __es::Ok(__es::None),
            }
        }
    }
    #[automatically_derived]
    impl __es::Async for Notes {
        const TABLES: &'static str = <Notes>::TABLES;
        type Tx = <postgres::Tx as __es::Checked<
            { <postgres::Tx as __es::AsyncTx>::OK },
        >>::Type;
        async fn apply<'a>(
            &'a self,
            handler: usize,
            seen: &'a __Seen,
            tx: &'a Self::Tx,
        ) -> __es::view::Result {
            match (handler, seen) {
                (0, __Seen::__Of0(seen)) => {
                    <Result as __es::Handles>::handled(
                        <Notes>::noted(
                                self,
                                seen.handed::<Noted>()?,
                                &seen.origin().any(),
                                tx,
                            )
                            .await,
                    )
                }
                (1, __Seen::__Of1(seen)) => {
                    <Result as __es::Handles>::handled(
                        <Notes>::noted(
                                self,
                                seen.handed::<Noted>()?,
                                &seen.origin().any(),
                                tx,
                            )
                            .await,
                    )
                }
                #[cfg(feature = "orders")]
                (2, __Seen::__Of1(seen)) => {
                    <Notes>::opened(
                            seen.handed::<order::Opened>()?,
                            <Id<Order> as __es::Given<'_, __Of1>>::given(seen.origin()),
                            tx,
                        )
                        .await;
                    __es::Ok(())
                }
                _ => __es::wrong_handler(),
            }
        }
    }
    const _: () = __es::checks::is_event_of_any(
        __KNOWN,
        &<Noted as __es::Handled>::TYPE,
    );
    #[cfg(feature = "orders")]
    const _: () = __es::checks::is_event_of::<
        __Of1,
    >(&<order::Opened as __es::Handled>::TYPE);
    #[cfg(feature = "orders")]
    const _: () = __es::checks::once::<__View>(2);
    __es::locked_view!(in_database Notes 1);
};
