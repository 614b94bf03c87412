//! Statements that were sent, and whose answers nobody has awaited yet: they are on their way together.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio_postgres::Error as DriverError;

use super::failure::{EndedByHand, Late, StatementError};
use crate::view::{self, not_one_row};

/// The greatest number of statements on their way.
const MOST: usize = 128;

/// The rows that a statement has to change.
pub(super) enum Expected {
    Any,
    /// One row, or the statement of the user fails.
    One,
    /// A row, unless the transaction is not the one that the view began.
    Own,
}

/// The answer to a statement, which was sent with the first poll.
pub(super) struct Answer {
    rows: Pin<Box<dyn Future<Output = Result<u64, DriverError>> + Send>>,
    sql: Arc<str>,
    expected: Expected,
}

impl Answer {
    pub(super) fn new(
        rows: impl Future<Output = Result<u64, DriverError>> + Send + 'static,
        sql: Arc<str>,
        expected: Expected,
    ) -> Self {
        Self { rows: Box::pin(rows), sql, expected }
    }

    /// Sends the statement.
    pub(super) fn send(&mut self) -> Poll<view::Result> {
        // Nobody waits yet: the answer has to wake nobody.
        self.poll(&mut Context::from_waker(Waker::noop()))
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<view::Result> {
        let Poll::Ready(rows) = self.rows.as_mut().poll(context) else { return Poll::Pending };
        Poll::Ready(match (rows, &self.expected) {
            (Err(cause), _) => Err(StatementError::new(cause, &self.sql).into()),
            (Ok(1), _) | (Ok(_), Expected::Any) => Ok(()),
            (Ok(rows), Expected::One) => Err(not_one_row(rows, &self.sql)),
            (Ok(_), Expected::Own) => Err(EndedByHand.into()),
        })
    }
}

/// The statements on their way, in their order.
#[derive(Default)]
pub(super) struct Sent {
    answers: VecDeque<Answer>,
    /// The first error among the answers.
    late: Option<Late>,
    /// True while each statement is awaited, so that its error is known before the next one.
    pub(super) is_careful: bool,
}

impl Sent {
    /// Keeps an answer for later. Returns whether these are as many as may be.
    pub(super) fn push(&mut self, answer: Answer) -> bool {
        self.answers.push_back(answer);
        self.answers.len() >= MOST
    }

    /// Takes the answers in their order, until all are there.
    pub(super) fn poll_all(&mut self, context: &mut Context<'_>) -> Poll<Option<Late>> {
        while let Some(answer) = self.answers.front_mut() {
            let Poll::Ready(done) = answer.poll(context) else { return Poll::Pending };
            self.answers.pop_front();
            if let (Err(cause), None) = (done, &self.late) {
                self.late = Some(Late::new(cause));
            }
        }
        Poll::Ready(self.late.clone())
    }
}
