use super::{Aggregate, Attribute, Events};
use crate::event::EventSet;

/// Returns a number that changes with the code that makes the state: the struct, the event methods, the versions of
/// events and attributes.
pub(crate) fn fingerprint<A: Aggregate>() -> u64 {
    let mut hash = Hash(0xcbf2_9ce4_8422_2325);
    hash.bytes(&A::FINGERPRINT.to_be_bytes());
    hash.bytes(&A::Event::FINGERPRINT.to_be_bytes());
    for event in A::Event::TYPES {
        hash.bytes(event.topic().as_bytes());
        hash.bytes(&event.version().to_be_bytes());
    }
    for attribute in A::Attribute::TYPES {
        hash.bytes(attribute.name().as_bytes());
        hash.bytes(&attribute.version().to_be_bytes());
    }
    hash.0
}

/// An FNV-1a hash.
struct Hash(u64);

impl Hash {
    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().chain(&[0]) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}
