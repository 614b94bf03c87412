//! The log of one application: the statements for its tables, and the place that its readers have reached.

use super::horizon::Horizon;
use super::statements::Statements;

#[derive(Debug)]
pub(super) struct Log {
    pub(super) statements: Statements,
    pub(super) horizon: Horizon,
}

impl Log {
    pub(super) fn new(statements: Statements) -> Self {
        Self { statements, horizon: Horizon::default() }
    }
}
