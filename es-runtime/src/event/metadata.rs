//! Facts beside an event, for its readers: who acted, why, and on whose behalf.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// String pairs stored beside an event: for readers, never for state.
///
/// ```
/// use es_runtime::Metadata;
/// let metadata = Metadata::new().with_actor("ann").with("channel", "web");
/// assert_eq!(metadata.actor(), Some("ann"));
/// assert_eq!(metadata.get("channel"), Some("web"));
/// assert_eq!(metadata.correlation(), None);
/// ```
///
/// # A value that every event carries
///
/// A value that belongs to the request, and not to the event, is metadata: the user, the tenant, the channel. The
/// application takes it once for each request, and no command has a parameter for it:
///
/// ```standalone_crate
/// use es_runtime::{Application, Metadata, Wait, aggregate, mutator};
///
/// #[aggregate]
/// pub struct Account {
///     pub balance: i64,
/// }
///
/// #[mutator]
/// impl Account {
///     #[event(Opened)]
///     pub fn open() -> Self {
///         Self { balance: 0 }
///     }
///
///     #[event(Deposited)]
///     pub fn deposit(&mut self, amount: i64) {
///         self.balance += amount;
///     }
/// }
///
/// let app = Application::open("memory:").wait()?;
/// let request = app.with_metadata(Metadata::new().with_actor("ann").with("branch", "Bern"));
///
/// let mut account = Account::open();
/// account.deposit(10);
/// request.save(&mut account).wait()?;
///
/// for recorded in app.history(account.id()).wait()? {
///     assert_eq!(recorded.metadata().get("branch"), Some("Bern"));
/// }
/// # Ok::<(), es_runtime::Error>(())
/// ```
///
/// A state never sees metadata. An event method may take the [`Envelope`](crate::Envelope), which has the id, the
/// version and the time of the event; all else that changes the state is a parameter of the event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
pub struct Metadata {
    // Most events have none: the field is then one word, and replay has nothing to drop. The map is never empty.
    #[expect(clippy::box_collection, reason = "one word instead of three")]
    pairs: Option<Box<BTreeMap<String, String>>>,
}

const CORRELATION: &str = "correlation";
const CAUSATION: &str = "causation";
const ACTOR: &str = "actor";

impl Metadata {
    /// Returns metadata without pairs.
    pub const fn new() -> Self {
        Self { pairs: None }
    }

    /// Adds a pair, or replaces the one of that name.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.pairs.get_or_insert_default().insert(name.into(), value.into());
        self
    }

    /// Sets the correlation: the conversation that commands and events share.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "an id is handed over as it is, as all other values")]
    pub fn with_correlation(self, id: impl ToString) -> Self {
        self.with(CORRELATION, id.to_string())
    }

    /// Sets the causation: the command or event that directly led to this one.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "an id is handed over as it is, as all other values")]
    pub fn with_causation(self, id: impl ToString) -> Self {
        self.with(CAUSATION, id.to_string())
    }

    /// Sets the actor: the user or service that acted.
    #[must_use]
    pub fn with_actor(self, actor: impl Into<String>) -> Self {
        self.with(ACTOR, actor)
    }

    /// Adds all pairs of `more`; for a name in both, the value of `more` wins.
    pub(crate) fn and(mut self, more: Self) -> Self {
        match (&mut self.pairs, more.pairs) {
            (Some(pairs), Some(more)) => pairs.extend(*more),
            (pairs @ None, more) => *pairs = more,
            (_, None) => {}
        }
        self
    }

    /// Returns the value of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.as_ref()?.get(name).map(String::as_str)
    }

    /// Returns the conversation, if one is named.
    pub fn correlation(&self) -> Option<&str> {
        self.get(CORRELATION)
    }

    /// Returns the direct cause, if one is named.
    pub fn causation(&self) -> Option<&str> {
        self.get(CAUSATION)
    }

    /// Returns the actor, if one is named.
    pub fn actor(&self) -> Option<&str> {
        self.get(ACTOR)
    }

    /// Returns whether there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_none()
    }

    /// Returns all pairs, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.pairs.iter().flat_map(|pairs| pairs.iter());
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Metadata {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let pairs: BTreeMap<_, _> =
            pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        pairs.into()
    }
}

impl From<BTreeMap<String, String>> for Metadata {
    fn from(pairs: BTreeMap<String, String>) -> Self {
        Self { pairs: (!pairs.is_empty()).then(|| Box::new(pairs)) }
    }
}

impl From<Metadata> for BTreeMap<String, String> {
    fn from(metadata: Metadata) -> Self {
        metadata.pairs.map(|pairs| *pairs).unwrap_or_default()
    }
}
