use crate::event::EventType;
use crate::view;

/// The description of a handler: the rows that it handles, and its name for messages.
#[derive(Clone, Copy, Debug)]
pub struct Handler {
    /// The number by which the runner calls the handler. Under conditions, numbers may be missing.
    pub(crate) number: usize,
    /// The number of the aggregate in [`Projection::SOURCES`](super::Projection::SOURCES).
    pub(crate) source: usize,
    pub(crate) of: HandledRow,
    pub(crate) method: &'static str,
}

/// The rows of one aggregate that a handler handles.
#[derive(Clone, Copy, Debug)]
pub enum HandledRow {
    /// Rows of a type of event.
    OfType(&'static EventType),
    /// Changes of the attribute that is stored under this name.
    Attribute(&'static str),
    /// The end of the aggregate.
    End,
    /// The notice that the aggregate is forgotten.
    Forgotten,
    /// A retired topic.
    Retired(&'static str),
    /// Every event of the aggregate that no other handler handles.
    Every,
}

impl Handler {
    /// Describes a method that handles rows of the aggregate of this number.
    pub const fn new(number: usize, source: usize, of: HandledRow, method: &'static str) -> Self {
        Self { number, source, of, method }
    }

    /// Describes a method that handles events of the aggregate of this number.
    pub const fn event(
        number: usize,
        source: usize,
        event: &'static EventType,
        method: &'static str,
    ) -> Self {
        Self::new(number, source, HandledRow::OfType(event), method)
    }
}

/// The output of a handler: nothing, or a result.
#[diagnostic::on_unimplemented(
    message = "a handler returns nothing or a `Result<()>`, not `{Self}`",
    label = "no result of a handler",
    note = "the error of the result is any that `view::BoxError` is made from"
)]
pub trait Handles {
    #[doc(hidden)]
    fn handled(self) -> view::Result;
}

#[diagnostic::do_not_recommend]
impl Handles for () {
    fn handled(self) -> view::Result {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<E: Into<view::BoxError>> Handles for Result<(), E> {
    fn handled(self) -> view::Result {
        self.map_err(Into::into)
    }
}
