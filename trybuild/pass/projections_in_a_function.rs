#![deny(warnings)]

fn main() -> Result<(), es_runtime::Error> {
    use es_runtime::{Application, Wait, aggregate, mutator, projection};

    #[aggregate]
    struct Account {
        #[attribute]
        owner: String,
    }

    #[mutator]
    impl Account {
        #[event(Opened)]
        fn open(owner: String) -> Self {
            Self { owner }
        }
    }

    struct Owners(Vec<String>);

    #[projection(Account, ignore = [discarded])]
    impl Owners {
        #[event]
        fn opened(&mut self, event: &Opened) {
            self.0.push(event.owner.clone());
        }

        #[attribute(owner)]
        fn renamed(&mut self, owner: &str) {
            self.0.push(owner.to_owned());
        }
    }

    struct Tx;

    impl es_runtime::view::BlockingTx for Tx {}

    struct Rows;

    #[projection(Account, ..)]
    impl Rows {
        const TABLES: &str = "";

        #[event]
        fn opened(_: &Opened, _: &Tx) {}
    }

    let app = Application::open("memory:").wait()?;
    let mut account = Account::open("Ann".into());
    account.set_owner("Bob".into());
    app.save(&mut account).wait()?;
    let owners = app.project(Owners(Vec::new())).in_memory().start().wait()?;
    owners.caught_up().wait()?;
    owners.read(|owners| assert_eq!(owners.0, ["Ann", "Bob"]));
    Ok(())
}
