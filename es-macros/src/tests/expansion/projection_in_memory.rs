impl Balances {
    fn opened(&mut self, Opened { owner }: &Opened, id: Id<Account>) {
        self.by_id.insert(id, (owner.clone(), 0));
    }
    fn renamed(&mut self, owner: &str, id: Id<Account>) -> Result {
        self.row(id)?.0 = owner.to_owned();
        Ok(())
    }
    fn gone(&mut self, id: Id<Account>) {
        self.by_id.remove(&id);
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
    type __Attribute1 = <<__Of0 as __es::Aggregate>::Attribute as __es::Checked<
        { __es::checks::attribute(__KNOWN, __es::Some(0), "owner") },
    >>::Type;
    #[allow(private_interfaces, unreachable_pub)]
    pub enum __Seen {
        __Of0(__es::Seen<__Of0>),
    }
    #[automatically_derived]
    impl __es::Projection for Balances {
        const NAME: &'static str = "rows";
        const FINGERPRINT: u64 = 17079636838374201764u64;
        const SOURCES: &'static [__es::Topics] = &[__es::Topics::of::<__Of0>()];
        const HANDLERS: &'static [__es::Handler] = &[
            __es::Handler::event(0, 0, &<Opened as __es::Handled>::TYPE, "opened"),
            __es::Handler::new(
                1,
                0,
                __es::HandledRow::Attribute(
                    __es::checks::attribute_name(__KNOWN, 0, "owner"),
                ),
                "renamed",
            ),
            __es::Handler::new(2, 0, __es::HandledRow::End, "gone"),
            __es::Handler::new(3, 0, __es::HandledRow::Retired("Account.Frozen"), "gone"),
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
    impl __es::InMemory for Balances {
        #[allow(unreachable_patterns)]
        fn apply(&mut self, handler: usize, seen: &__Seen) -> __es::view::Result {
            match (handler, seen) {
                (0, __Seen::__Of0(seen)) => {
                    <Balances>::opened(
                        self,
                        seen.handed::<Opened>()?,
                        <Id<Account> as __es::Given<'_, __Of0>>::given(seen.origin()),
                    );
                    __es::Ok(())
                }
                (1, __Seen::__Of0(seen)) => {
                    match seen.attribute()? {
                        __Attribute1::Owner(value) => {
                            <Result as __es::Handles>::handled(
                                <Balances>::renamed(
                                    self,
                                    value,
                                    <Id<
                                        Account,
                                    > as __es::Given<'_, __Of0>>::given(seen.origin()),
                                ),
                            )
                        }
                        _ => __es::wrong_handler(),
                    }
                }
                (2 | 3, __Seen::__Of0(seen)) => {
                    <Balances>::gone(
                        self,
                        <Id<Account> as __es::Given<'_, __Of0>>::given(seen.origin()),
                    );
                    __es::Ok(())
                }
                _ => __es::wrong_handler(),
            }
        }
    }
    const _: () = __es::checks::is_event_of::<__Of0>(&<Opened as __es::Handled>::TYPE);
    const _: () = __es::checks::is_retired(__KNOWN, __es::Some(0), "Account.Frozen");
    const _: () = __es::checks::is_event_of_any(
        __KNOWN,
        &<Closed as __es::Handled>::TYPE,
    );
    const _: () = {
        __es::checks::attribute(__KNOWN, __es::None, "limit");
    };
    const _: () = __es::checks::every::<
        __View,
    >(
        __KNOWN,
        0,
        &[
            __es::HandledRow::OfType(&<Closed as __es::Handled>::TYPE),
            __es::HandledRow::Attribute("limit"),
        ],
    );
    __es::locked_view!(in_memory Balances 1);
};
