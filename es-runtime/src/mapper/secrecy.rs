//! Encryption of single rows, as the types of their events demand or waive it.

use super::Mapper;
use super::identity::{Identity, Kind};
use crate::error::{Error, ErrorKind};
use crate::event::{EventSet, EventType, Reading, Secrecy};
use crate::registry::Registry;

/// Returns the demand of the event of a set that is, or was, stored under this topic.
#[inline]
pub(super) fn among<E: EventSet>(topic: &str) -> Secrecy {
    // Reading does not look at topics if no event of the set demands anything.
    if const { !any_demands(E::TYPES) } {
        return Secrecy::AsConfigured;
    }
    let event = match E::AGGREGATE.map(|aggregate| aggregate.read(topic)) {
        Some(Some(Reading::Event(event))) => Some(event),
        Some(_) => None,
        None => E::TYPES.iter().find(|event| event.topic() == topic || event.aliases().contains(&topic)),
    };
    event.map_or(Secrecy::AsConfigured, EventType::secrecy)
}

/// Returns the demand of the event that the registry of the program has for this topic.
pub(super) fn registered(topic: &str) -> Secrecy {
    let event = Registry::global().ok().and_then(|registry| registry.event(topic));
    event.map_or(Secrecy::AsConfigured, EventType::secrecy)
}

const fn any_demands(events: &[EventType]) -> bool {
    let mut rest = events;
    while let Some((event, others)) = rest.split_first() {
        if !matches!(event.secrecy(), Secrecy::AsConfigured) {
            return true;
        }
        rest = others;
    }
    false
}

impl Mapper {
    /// Returns whether the row is an event that stays in clear, even if the mapper has a cipher.
    pub(super) fn is_clear(&self, identity: &Identity<'_>) -> bool {
        matches!(identity.kind, Kind::Event)
            && match identity.secrecy {
                Secrecy::Clear => true,
                Secrecy::Encrypted => false,
                Secrecy::AsConfigured => self.clear_topics.iter().any(|topic| topic == identity.topic),
            }
    }

    /// Refuses a row in clear, unless its event permits that.
    pub(super) fn check_clear(&self, identity: &Identity<'_>) -> Result<(), Error> {
        if identity.secrecy == Secrecy::Encrypted {
            return Err(Error::new(
                ErrorKind::Cipher,
                "it is not encrypted, though its event is declared as `encrypted`; a program in which it was not yet \
                 declared so, or one without the key, stored it; remove `encrypted` to read it",
            ));
        }
        if self.cipher.is_none() || self.allows_clear || self.is_clear(identity) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Cipher,
            "it is not encrypted, though a cipher is configured; if it was stored before that, allow clear data with \
             `Mapper::allowing_clear_data` or `CIPHER_CLEAR_DATA=yes`; or a program without the key stored it",
        ))
    }
}

/// Reports an event that demands a cipher of a mapper that has none.
pub(super) fn no_cipher() -> Error {
    Error::new(
        ErrorKind::Config,
        "the event is declared as `encrypted`, but the mapper has no cipher; open with `Mapper::with_cipher`, or set \
         `CIPHER_KEY`",
    )
}
