//! The compiler checks in many ways if an aggregate can go to other threads; no check may lead back to itself.
#![deny(warnings)]

use std::future::ready;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

fn is_send<T: Send + Sync + 'static>() {}

fn now<T>(later: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(value) = pin!(later).poll(&mut context) else { panic!("nothing is waited for") };
    value
}

mod known {
    use std::any::Any;
    use std::pin::Pin;
    use std::sync::{Arc, Mutex};
    use std::thread;

    use es_runtime::{Aggregate, Discarded, Id, aggregate, mutator};

    use super::{is_send, now, ready};

    #[aggregate]
    #[derive(Debug)]
    pub struct Account {
        #[attribute]
        pub owner: String,
        pub parent: Option<Id<Account>>,
    }

    #[mutator]
    impl Account {
        #[event(Opened)]
        pub fn open(owner: String) -> Self {
            Self { owner, parent: None }
        }

        #[event(Closed)]
        pub fn close(&mut self) {
            self.parent = None;
        }
    }

    const _: fn() = || is_send::<Account>();
    const _: fn() = || is_send::<(AccountState, AccountEvent, AccountAttribute, Discarded<Account>)>();
    static OPEN: Mutex<Option<Account>> = Mutex::new(None);

    struct Shared {
        account: Arc<Mutex<Account>>,
    }

    trait Named: Aggregate + Send + Sync {
        fn name(&self) -> &'static str {
            Self::NAME
        }
    }

    impl Named for Account {}

    trait Closing {
        fn close(&mut self);
    }

    impl Closing for Account {
        fn close(&mut self) {
            Account::close(self);
        }
    }

    trait Store {
        type Of: Aggregate<State: Send, Event: Send + Sync> + Send + Sync;

        fn load(&self) -> impl Future<Output = Self::Of> + Send;
    }

    struct Stored;

    impl Store for Stored {
        type Of = Account;

        async fn load(&self) -> Account {
            ready(()).await;
            account()
        }
    }

    fn account() -> Account {
        Account::open("Ann".into())
    }

    fn same<A: Aggregate + Send + Sync + 'static>(account: A) -> A {
        account
    }

    fn boxed() -> Box<dyn Closing + Send + Sync> {
        Box::new(account())
    }

    fn later(account: &mut Account) -> impl Future<Output = ()> + Send {
        async move {
            ready(()).await;
            account.close();
            ready(()).await;
            account.close();
        }
    }

    fn pinned(account: &mut Account) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(later(account))
    }

    pub fn run() {
        is_send::<Shared>();
        let shared = Shared { account: Arc::new(Mutex::new(same(account()))) };
        shared.account.lock().unwrap().close();
        *OPEN.lock().unwrap() = Some(account());
        boxed().close();
        let any: Box<dyn Any + Send + Sync> = Box::new(account());
        assert!(any.is::<Account>());
        assert_eq!(thread::spawn(account).join().unwrap().name(), Account::NAME);
        let mut account = now(Stored.load());
        now(pinned(&mut account));
        assert_eq!(account.pending().len(), 3);
    }
}

mod unknown {
    use std::any::Any;
    use std::pin::Pin;
    use std::sync::{Arc, Mutex};
    use std::thread;

    use es_runtime::{Aggregate, Discarded, Id, aggregate, mutator};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::marker::PhantomData;

    use super::{is_send, now, ready};

    #[derive(Clone, Debug, Serialize, Deserialize)]
    pub struct Owner(String);

    /// Names an aggregate as if it held one.
    #[derive(Debug)]
    pub struct Link<T>(PhantomData<T>);

    impl<T> Clone for Link<T> {
        fn clone(&self) -> Self {
            Self(PhantomData)
        }
    }

    impl<T> Serialize for Link<T> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_unit()
        }
    }

    impl<'de, T> Deserialize<'de> for Link<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            <()>::deserialize(deserializer).map(|()| Self(PhantomData))
        }
    }

    #[derive(Clone, Debug, Serialize, Deserialize)]
    pub struct Links {
        own: Option<Link<Account>>,
        other: Option<Link<Branch>>,
        before: Option<Box<AccountState>>,
    }

    #[aggregate]
    #[derive(Debug)]
    pub struct Branch {
        pub account: Link<Account>,
        pub owner: Owner,
    }

    #[mutator]
    impl Branch {
        #[event(Founded)]
        pub fn found(account: Link<Account>, own: Vec<Link<Branch>>, owner: Owner) -> Self {
            drop(own);
            Self { account, owner }
        }
    }

    #[aggregate]
    #[derive(Debug)]
    pub struct Account {
        #[attribute]
        pub owner: Owner,
        pub parent: Option<Id<Account>>,
        pub links: Links,
        pub own: Option<Link<Account>>,
        pub branch: Option<Link<Branch>>,
        pub held: PhantomData<Account>,
    }

    #[mutator]
    impl Account {
        #[event(Opened)]
        pub fn open(owner: Owner) -> Self {
            Self {
                owner,
                parent: None,
                links: Links { own: None, other: None, before: None },
                own: None,
                branch: None,
                held: PhantomData,
            }
        }

        #[event(Closed)]
        pub fn close(&mut self) {
            self.parent = None;
        }
    }

    const _: fn() = || is_send::<Account>();
    const _: fn() = || is_send::<(AccountState, AccountEvent, AccountAttribute, Discarded<Account>)>();
    static OPEN: Mutex<Option<Account>> = Mutex::new(None);

    struct Shared {
        account: Arc<Mutex<Account>>,
    }

    trait Named: Aggregate + Send + Sync {
        fn name(&self) -> &'static str {
            Self::NAME
        }
    }

    impl Named for Account {}

    trait Closing {
        fn close(&mut self);
    }

    impl Closing for Account {
        fn close(&mut self) {
            Account::close(self);
        }
    }

    trait Store {
        type Of: Aggregate<State: Send, Event: Send + Sync> + Send + Sync;

        fn load(&self) -> impl Future<Output = Self::Of> + Send;
    }

    struct Stored;

    impl Store for Stored {
        type Of = Account;

        async fn load(&self) -> Account {
            ready(()).await;
            account()
        }
    }

    fn account() -> Account {
        Account::open(Owner("Ann".into()))
    }

    fn same<A: Aggregate + Send + Sync + 'static>(account: A) -> A {
        account
    }

    fn boxed() -> Box<dyn Closing + Send + Sync> {
        Box::new(account())
    }

    fn later(account: &mut Account) -> impl Future<Output = ()> + Send {
        async move {
            ready(()).await;
            account.close();
            ready(()).await;
            account.close();
        }
    }

    fn pinned(account: &mut Account) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(later(account))
    }

    pub fn run() {
        is_send::<Shared>();
        is_send::<Branch>();
        let branch = Branch::found(Link(PhantomData), Vec::new(), Owner("Ann".into()));
        assert_eq!(branch.owner.0, "Ann");
        let shared = Shared { account: Arc::new(Mutex::new(same(account()))) };
        shared.account.lock().unwrap().close();
        *OPEN.lock().unwrap() = Some(account());
        boxed().close();
        let any: Box<dyn Any + Send + Sync> = Box::new(account());
        assert!(any.is::<Account>());
        assert_eq!(thread::spawn(account).join().unwrap().name(), Account::NAME);
        let mut account = now(Stored.load());
        now(pinned(&mut account));
        assert_eq!(account.pending().len(), 3);
    }
}

fn main() {
    known::run();
    unknown::run();
}
