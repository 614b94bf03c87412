//! A history of one aggregate, and the proof that it is linearizable: each operation has a moment between its
//! beginning and its end, such that all of them happen one after the other in the order of these moments.
//!
//! Versions make the proof exact and cheap. The append of version 5 happens behind that of version 4. A read of
//! version 4 happens between the two. So each version has an earliest and a latest moment, and it is enough to look
//! for moments that grow with the version.

/// A request of a thread, and the answer of the store.
pub(crate) struct Operation {
    /// The moment at which the thread asked.
    pub(crate) begin: u64,
    /// The moment at which the store answered.
    pub(crate) end: u64,
    pub(crate) what: What,
}

/// The request and its answer. Each append carries a token of its own.
pub(crate) enum What {
    /// The store acknowledged the append of this version.
    Appended { version: u64, token: u64 },
    /// The store refused an append behind this version, since it held a later one.
    Refused { behind: u64 },
    /// The store did not report the outcome of an append.
    Unknown { version: u64, token: u64 },
    /// The store returned this version as the last one.
    Read { version: u64, token: u64 },
}

/// Returns the reasons why the history is not linearizable. `stored` has the token of each version at the end; version
/// 1 was stored before the history began.
pub(crate) fn violations(history: &[Operation], stored: &[u64]) -> Vec<String> {
    let mut found = Vec::new();
    let last = stored.len() as u64;
    let token_of = |version: u64| {
        usize::try_from(version).ok().and_then(|version| stored.get(version.checked_sub(1)?)).copied()
    };
    // The index is the version; index 0 is unused.
    let (mut earliest, mut latest) = (vec![0; stored.len() + 2], vec![u64::MAX; stored.len() + 2]);
    let mut is_written = vec![false; stored.len() + 2];
    let mut not_before = |version: u64, moment: u64| {
        if let Some(known) = earliest.get_mut(usize::try_from(version).unwrap_or(usize::MAX)) {
            *known = moment.max(*known);
        }
    };
    let mut not_after = |version: u64, moment: u64| {
        if let Some(known) = latest.get_mut(usize::try_from(version).unwrap_or(usize::MAX)) {
            *known = moment.min(*known);
        }
    };
    let mut written = |version: u64| {
        if let Some(known) = is_written.get_mut(usize::try_from(version).unwrap_or(usize::MAX)) {
            *known = true;
        }
    };
    for Operation { begin, end, what } in history {
        match *what {
            What::Appended { version, token } => {
                if token_of(version) != Some(token) {
                    found.push(format!("version {version} was acknowledged and is not stored"));
                    continue;
                }
                written(version);
                not_before(version, *begin);
                not_after(version, *end);
            }
            What::Unknown { version, token } => {
                if token_of(version) == Some(token) {
                    written(version);
                    not_before(version, *begin);
                }
            }
            What::Refused { behind } => {
                if behind >= last {
                    found.push(format!("an append behind version {behind} was refused; it was the last one"));
                }
                not_after(behind + 1, *end);
            }
            What::Read { version, token } => {
                if token_of(version) != Some(token) {
                    found.push(format!("version {version} was read and is not stored"));
                    continue;
                }
                not_after(version, *end);
                not_before(version + 1, *begin);
            }
        }
    }
    let mut moment = 0;
    for (version, (earliest, latest)) in earliest.iter().zip(&latest).enumerate().take(stored.len() + 1) {
        moment = moment.max(*earliest);
        if moment > *latest {
            found.push(format!("version {version} was seen before it was stored, or not seen after"));
        }
        if version > 1 && !is_written[version] {
            found.push(format!("nobody stored version {version}"));
        }
    }
    found
}
