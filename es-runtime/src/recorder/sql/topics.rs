use crate::id::{InvalidName, Name};

/// The topics of rows as they are read; topics of this program are not copied.
#[derive(Default)]
pub(crate) struct KnownTopics {
    /// The last topics, which most rows share.
    last: [Option<Name>; 4],
    next: usize,
}

impl KnownTopics {
    pub(crate) fn get(&mut self, topic: &str) -> Result<Name, InvalidName> {
        if let Some(known) = self.last.iter().flatten().find(|known| known.as_str() == topic) {
            return Ok(known.clone());
        }
        let Some(known) = Name::declared(topic) else {
            return Name::new(topic.to_owned());
        };
        if let Some(place) = self.last.get_mut(self.next) {
            *place = Some(known.clone());
        }
        self.next = (self.next + 1) % self.last.len();
        Ok(known)
    }
}
