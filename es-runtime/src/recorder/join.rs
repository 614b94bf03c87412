use std::future::poll_fn;
use std::task::Poll;

use super::Boxed;
use crate::error::Error;

/// The largest number of questions to a store at the same time.
const MOST: usize = 16;

/// Awaits all answers, several at the same time, and returns them in their order.
pub(super) async fn all<T>(futures: Vec<Boxed<'_, T>>) -> Result<Vec<T>, Error> {
    let mut answers = Vec::with_capacity(futures.len());
    let mut futures = futures.into_iter();
    loop {
        let mut asked: Vec<_> = futures.by_ref().take(MOST).map(|future| (future, None)).collect();
        if asked.is_empty() {
            return Ok(answers);
        }
        poll_fn(|context| {
            let mut is_ready = true;
            for (future, answer) in &mut asked {
                if answer.is_none() {
                    match future.as_mut().poll(context) {
                        Poll::Ready(ready) => *answer = Some(ready),
                        Poll::Pending => is_ready = false,
                    }
                }
            }
            if is_ready { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        for answer in asked.into_iter().filter_map(|(_, answer)| answer) {
            answers.push(answer?);
        }
    }
}
