impl Balances {
    const TABLES: &str = "CREATE TABLE balances (id BLOB PRIMARY KEY, cents INTEGER)";
    fn opened(event: &Opened, id: Id<Account>, tx: &Tx) -> Result {
        tx.run("INSERT INTO balances VALUES (?1, 0)", (id,))
    }
    fn deposited(event: &Deposited, id: Id<Account>, tx: &Tx) -> Result {
        Self::add(id, event.amount, tx)
    }
    fn withdrawn(event: &Withdrawn, id: Id<Account>, tx: &Tx) -> Result {
        Self::add(id, -event.amount, tx)
    }
    fn add(id: Id<Account>, cents: i64, tx: &Tx) -> Result {
        tx.run("UPDATE balances SET cents = cents + ?2 WHERE id = ?1", (id, cents))
    }
}
#[allow(unused_qualifications)]
const _: () = {
    use ::es_runtime::__private as __es;
    type __View = Balances;
    const _: usize = <Balances as __es::checks::AssertView>::OK;
    type __Of0 = <Account as __es::Checked<
        { <Account as __es::Aggregate>::RENAMED as usize },
    >>::Type;
    const __KNOWN: &[__es::checks::Known] = &[__es::checks::Known::of::<__Of0>()];
    #[allow(private_interfaces, unreachable_pub)]
    pub enum __Seen {
        __Of0(__es::Seen<__Of0>),
    }
    #[automatically_derived]
    impl __es::Projection for Balances {
        const NAME: &'static str = "Balances";
        const FINGERPRINT: u64 = 18224094878181703817u64;
        const SOURCES: &'static [__es::Topics] = &[__es::Topics::of::<__Of0>()];
        const HANDLERS: &'static [__es::Handler] = &[
            __es::Handler::event(0, 0, &<Opened as __es::Handled>::TYPE, "opened"),
            __es::Handler::event(1, 0, &<Deposited as __es::Handled>::TYPE, "deposited"),
            __es::Handler::event(2, 0, &<Withdrawn as __es::Handled>::TYPE, "withdrawn"),
        ];
        type Seen = __Seen;
        fn read(source: usize, row: __es::Row<'_>) -> __es::ReadResult<__Seen> {
            match source {
                0 => row.read(__Seen::__Of0),
                _ => __es::Ok(__es::None),
            }
        }
    }
    #[automatically_derived]
    impl __es::Blocking for Balances {
        const TABLES: &'static str = <Balances>::TABLES;
        type Tx = <Tx as __es::Checked<{ <Tx as __es::BlockingTx>::OK }>>::Type;
        fn apply(
            &self,
            handler: usize,
            seen: &__Seen,
            tx: &Self::Tx,
        ) -> __es::view::Result {
            match (handler, seen) {
                (0, __Seen::__Of0(seen)) => {
                    <Result as __es::Handles>::handled(
                        <Balances>::opened(
                            seen.handed::<Opened>()?,
                            <Id<
                                Account,
                            > as __es::Given<'_, __Of0>>::given(seen.origin()),
                            tx,
                        ),
                    )
                }
                (1, __Seen::__Of0(seen)) => {
                    <Result as __es::Handles>::handled(
                        <Balances>::deposited(
                            seen.handed::<Deposited>()?,
                            <Id<
                                Account,
                            > as __es::Given<'_, __Of0>>::given(seen.origin()),
                            tx,
                        ),
                    )
                }
                (2, __Seen::__Of0(seen)) => {
                    <Result as __es::Handles>::handled(
                        <Balances>::withdrawn(
                            seen.handed::<Withdrawn>()?,
                            <Id<
                                Account,
                            > as __es::Given<'_, __Of0>>::given(seen.origin()),
                            tx,
                        ),
                    )
                }
                _ => __es::wrong_handler(),
            }
        }
    }
    const _: () = __es::checks::is_event_of::<__Of0>(&<Opened as __es::Handled>::TYPE);
    const _: () = __es::checks::is_event_of::<
        __Of0,
    >(&<Deposited as __es::Handled>::TYPE);
    const _: () = __es::checks::is_event_of::<
        __Of0,
    >(&<Withdrawn as __es::Handled>::TYPE);
    const _: () = __es::checks::once::<__View>(1);
    const _: () = __es::checks::once::<__View>(2);
    const _: () = __es::checks::every::<__View>(__KNOWN, 0, &[]);
    __es::locked_view!(in_database Balances 1);
};
