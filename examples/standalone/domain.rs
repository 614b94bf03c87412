//! A domain that needs little of the library: events, an entity, and the function that applies events to the entity.

use es_runtime::standalone::Bus;
use es_runtime::{Envelope, Error, Event, EventSet, Recorded, Version};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[event(topic = "account.opened")]
pub(crate) struct Opened {
    pub(crate) owner: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[event(topic = "account.owner-changed")]
pub(crate) struct OwnerChanged {
    pub(crate) owner: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[event(topic = "account.closed")]
pub(crate) struct Closed {}

#[derive(Clone, Debug, EventSet)]
pub(crate) enum AccountEvent {
    Opened(Opened),
    OwnerChanged(OwnerChanged),
    Closed(Closed),
}

/// The bus of the domain's events.
pub(crate) type Events = Bus<Recorded<AccountEvent>>;

#[derive(Clone, Debug)]
pub(crate) struct Account {
    id: Uuid,
    version: Version,
    owner: String,
}

/// Applies an event: the account is `None` before the first event and after the last.
pub(crate) fn mutate(account: Option<Account>, event: AccountEvent, envelope: &Envelope) -> Option<Account> {
    let (id, version) = (envelope.id(), envelope.version());
    match (account, event) {
        (None, AccountEvent::Opened(Opened { owner })) => Some(Account { id, version, owner }),
        (Some(account), AccountEvent::OwnerChanged(OwnerChanged { owner })) => {
            Some(Account { version, owner, ..account })
        }
        _ => None,
    }
}

impl Account {
    pub(crate) fn open(owner: &str, events: &Events) -> Result<Self, Error> {
        let opened = Recorded::now(
            Uuid::now_v7(),
            Version::INITIAL,
            AccountEvent::from(Opened { owner: owner.into() }),
        );
        let account = mutate(None, opened.event().clone(), opened.envelope());
        events.publish(&[opened])?;
        Ok(account.expect("this event makes one"))
    }

    pub(crate) fn set_owner(&mut self, owner: &str, events: &Events) -> Result<(), Error> {
        let changed = self.trigger(OwnerChanged { owner: owner.into() }.into(), events)?;
        *self = changed.expect("it is still there");
        Ok(())
    }

    /// Closes the account, and consumes it.
    pub(crate) fn close(self, events: &Events) -> Result<(), Error> {
        self.trigger(Closed {}.into(), events).map(drop)
    }

    /// Publishes the event, and returns the account that it makes.
    fn trigger(&self, event: AccountEvent, events: &Events) -> Result<Option<Self>, Error> {
        let event = Recorded::now(self.id, self.version.next(), event);
        let changed = mutate(Some(self.clone()), event.event().clone(), event.envelope());
        events.publish(&[event])?;
        Ok(changed)
    }

    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    pub(crate) fn version(&self) -> Version {
        self.version
    }

    pub(crate) fn owner(&self) -> &str {
        &self.owner
    }
}
