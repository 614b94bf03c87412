//! The values that the tracer offers to a type, in the order in which it offers them.
//!
//! The class of a string type is the kind of string that it accepts. Locks in users' repositories hold the words of
//! this list for ever, so it only grows: a class is never renamed, and a sample never moves in front of another one.

/// A string to offer, and the word for a type that accepts it.
#[derive(Debug)]
pub(super) struct Offer {
    /// The word in the lock; empty for a sample that only shows the look of a format of the user's own.
    pub(super) class: &'static str,
    pub(super) sample: &'static str,
    /// The group of the offer. Only the first accepted offer of a group counts: a decimal type reads integers, too.
    group: u8,
}

impl Offer {
    const fn new(group: u8, class: &'static str, sample: &'static str) -> Self {
        Self { class, sample, group }
    }

    /// Returns the words in the lock for a type that accepts this offer.
    pub(super) fn words(&self) -> String {
        if self.class.is_empty() { format!("string like {:?}", self.sample) } else { self.class.to_owned() }
    }

    pub(super) fn is_free(&self) -> bool {
        self.group == 0
    }

    /// True if accepted offers already decide the answer to this one.
    pub(super) fn is_moot(&self, accepted: &[usize]) -> bool {
        let mut taken = accepted.iter().filter_map(|&at| OFFERS.get(at));
        taken.any(|other| {
            let decided = other.is_free() || other.group == LIKE;
            decided || other.group == self.group || self.group == LIKE
        })
    }
}

/// The group of the samples without a class, which the tracer offers only if nothing else was accepted.
const LIKE: u8 = u8::MAX;

/// Free text comes first, also a short one: a type that accepts it accepts any string, up to checks of its own. Then
/// come plain words: a type that accepts one is no date or number, even if it accepts these, too.
pub(super) const OFFERS: &[Offer] = &[
    Offer::new(0, "string", "some text, in no format"),
    Offer::new(0, "string", "a?!"),
    Offer::new(LIKE, "", "name"),
    Offer::new(LIKE, "", "Name"),
    Offer::new(LIKE, "", "NAME"),
    Offer::new(LIKE, "", "a-name"),
    Offer::new(LIKE, "", "00ff"),
    Offer::new(1, "uuid", "67e55044-10b1-426f-9247-bb680e5fe0c8"),
    Offer::new(2, "date-time", "2015-09-18T23:56:04Z"),
    Offer::new(2, "local date-time", "2015-09-18T23:56:04"),
    Offer::new(2, "date", "2015-09-18"),
    Offer::new(3, "time", "23:56:04"),
    Offer::new(4, "decimal", "1.5"),
    Offer::new(4, "integer", "7"),
    Offer::new(5, "ipv4", "192.0.2.1"),
    Offer::new(6, "ipv6", "2001:db8::1"),
    Offer::new(7, "socket address", "192.0.2.1:80"),
    Offer::new(8, "url", "https://example.com/"),
    Offer::new(9, "duration", "PT1H"),
    Offer::new(10, "semver", "1.2.3"),
    Offer::new(LIKE, "", "ann@example.com"),
    Offer::new(LIKE, "", "EUR"),
    Offer::new(LIKE, "", "DE"),
    Offer::new(LIKE, "", "en"),
    Offer::new(LIKE, "", "en-GB"),
    Offer::new(LIKE, "", "a"),
    Offer::new(LIKE, "", "A"),
    Offer::new(LIKE, "", "UTC"),
    Offer::new(LIKE, "", "Mon"),
    Offer::new(LIKE, "", "January"),
    Offer::new(LIKE, "", "Monday"),
    Offer::new(LIKE, "", "2015-09"),
    Offer::new(LIKE, "", "2015-09-18 23:56:04"),
    Offer::new(LIKE, "", "2015-09-18 23:56:04.0 +00:00:00"),
    Offer::new(LIKE, "", "2015-09-18T23:56:04+00:00[UTC]"),
    Offer::new(LIKE, "", "2015-09-18 23:56:04.0"),
    Offer::new(LIKE, "", "23:56:04.0"),
    Offer::new(LIKE, "", "+00:00:00"),
    Offer::new(LIKE, "", "+00:00"),
    Offer::new(LIKE, "", "23:56"),
    Offer::new(LIKE, "", "1h"),
    Offer::new(LIKE, "", "1s"),
    Offer::new(LIKE, "", "192.0.2.0/24"),
    Offer::new(LIKE, "", "02:00:5e:10:00:00"),
    Offer::new(LIKE, "", "[2001:db8::1]:80"),
    Offer::new(LIKE, "", "example.com"),
    Offer::new(LIKE, "", "+4915112345678"),
    Offer::new(LIKE, "", "GB82WEST12345698765432"),
    Offer::new(LIKE, "", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
    Offer::new(LIKE, "", "#00ff00"),
    Offer::new(LIKE, "", "0x00ff"),
    Offer::new(LIKE, "", "AAAA"),
    Offer::new(LIKE, "", "12345"),
    Offer::new(LIKE, "", "12345678"),
    Offer::new(LIKE, "", "1.50 EUR"),
    Offer::new(LIKE, "", "EUR 1.50"),
    Offer::new(LIKE, "", "1:2"),
    Offer::new(LIKE, "", "1/2"),
    Offer::new(LIKE, "", "50%"),
    Offer::new(LIKE, "", "true"),
    Offer::new(LIKE, "", "/path"),
    Offer::new(LIKE, "", ""),
    Offer::new(LIKE, "", "0000000000000000000000000000000000000000000000000000000000000000"),
];

/// Whole numbers; those that do not fit the type are left out.
pub(super) const INTEGERS: &[i128] =
    &[1, 0, 2, 7, 10, 18, 42, 50, 100, 200, 404, 1_000, 2_015, 8_080, 12_345, 1_000_000, 1_442_620_564, -1];

pub(super) const FLOATS: &[f64] = &[1.5, 0.5, 1.0, 0.0, 10.0, 50.0, 100.0, 1_000.0, -1.0];

/// The numbers that a buildable number type is offered besides, to see if it refuses a part of its kind. The least and
/// the greatest of the kind follow.
pub(super) const NEAR_ZERO: [i8; 3] = [0, 1, -1];
pub(super) const LIMITS: usize = NEAR_ZERO.len() + 2;

/// The numbers of elements that a list gets, or of bytes.
pub(super) const LENGTHS: &[usize] = &[1, 2, 3, 4, 0, 5, 6, 8, 12, 16, 20, 24, 28, 32, 48, 64];

/// The number of variations of the values inside a container before the container counts as refused.
pub(super) const VARIATIONS: usize = 20;
