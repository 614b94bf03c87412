//! An account live: its events, those of the past and then each one that is stored, as server-sent events.
//!
//! The id of each is its mark. A browser that reconnects sends the last id, and goes on behind it.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, KeepAliveStream, Sse};
use es_runtime::id::{Slice, Slices};
use es_runtime::log::Subscription;
use es_runtime::{ErrorKind, Id};
use futures_core::Stream;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::account::{Account, AccountEvent};
use crate::accounts::{told, what};
use crate::request::{Answer, Named, Reached};
use crate::routes::Service;

/// The number of events that wait for a slow client; the subscription reads on once the client has taken some.
const WAITING: usize = 16;

pub(crate) async fn live(
    State(mut service): State<Service>,
    Named(id): Named,
    Reached(mark): Reached,
) -> Answer<Sse<KeepAliveStream<Events>>> {
    // An account that is unknown or forgotten is no stream without events.
    service.app.get(id).await?;
    let mut log = service.app.log::<AccountEvent>().after(mark).known_topics();
    let slice = Slice::of(id.uuid()).get();
    if let Some(own) = Slices::new(slice..=slice) {
        log = log.slices(own);
    }
    let (sender, receiver) = channel(WAITING);
    tokio::spawn(async move {
        tokio::select! {
            () = tell(log.follow(), id, &sender) => {}
            // The client is gone.
            () = sender.closed() => {}
            // A service that stops waits for the end of each answer.
            _ = service.stopping.changed() => {}
        }
    });
    Ok(Sse::new(Events(receiver)).keep_alive(KeepAlive::default()))
}

/// Sends the events of an account until the subscription or the client ends.
async fn tell(mut events: Subscription<AccountEvent>, id: Id<Account>, sender: &Sender<Event>) {
    while let Some(next) = events.next().await {
        let event = match next {
            Ok(event) if event.envelope().id() != id.uuid() => continue,
            Ok(event) => {
                let named = Event::default().id(event.mark().to_string()).event(what(event.event()));
                named.json_data(told(&event)).ok()
            }
            // The log is not the one of the mark: an empty id lets the client begin again.
            Err(error) if error.kind() == ErrorKind::Diverged => {
                Some(Event::default().id("").event("reset").data("the log is another one; begin again"))
            }
            Err(error) => {
                eprintln!("{error}");
                None
            }
        };
        let Some(event) = event else { return };
        if sender.send(event).await.is_err() {
            return;
        }
    }
}

/// The events that wait for the client.
pub(crate) struct Events(Receiver<Event>);

impl Stream for Events {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|event| event.map(Ok))
    }
}
