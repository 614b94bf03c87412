//! Group commit by hand: a queue, and one or two connections, each of which stores all that wait by one statement. No
//! order of the log, and one outcome for the whole group.

use std::iter;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};

use tokio::runtime::Runtime;
use tokio::sync::{mpsc as tasks, oneshot};

use crate::by_hand::{Connection, Row};
use crate::measure::on_this_thread;
use crate::server::Place;

/// The largest number of commits in one statement.
const MOST: usize = 512;

type Request = (Vec<Row>, mpsc::SyncSender<()>);

/// The group of a program of threads, which block on the runtimes of their connections.
pub(crate) struct Threads {
    send: Option<mpsc::Sender<Request>>,
    lanes: Vec<JoinHandle<()>>,
}

impl Threads {
    pub(crate) fn start(place: &Place, lanes: usize) -> Self {
        let (send, receive) = mpsc::channel::<Request>();
        let receive = Arc::new(Mutex::new(receive));
        let lane = |_| {
            let (place, receive) = (place.clone(), Arc::clone(&receive));
            thread::spawn(move || {
                let runtime = on_this_thread();
                let connection = runtime.block_on(Connection::open(&place));
                loop {
                    let requests: Vec<Request> = {
                        let receive = receive.lock().expect("no lane panics");
                        let Ok(first) = receive.recv() else { return };
                        iter::once(first).chain(receive.try_iter().take(MOST - 1)).collect()
                    };
                    runtime.block_on(connection.insert(requests.iter().flat_map(|(rows, _)| rows)));
                    for (_, answer) in requests {
                        let _ = answer.send(());
                    }
                }
            })
        };
        Self { send: Some(send), lanes: (0..lanes).map(lane).collect() }
    }

    /// Returns a caller for one thread.
    pub(crate) fn caller(&self) -> impl Fn(Vec<Row>) + use<> {
        let send = self.send.clone().expect("it runs");
        let (answer, answered) = mpsc::sync_channel(1);
        move |rows| {
            send.send((rows, answer.clone())).expect("it is taken");
            answered.recv().expect("it is answered");
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.send = None;
        for lane in self.lanes.drain(..) {
            lane.join().expect("it ends");
        }
    }
}

/// The group of an asynchronous program.
#[derive(Clone)]
pub(crate) struct Tasks {
    send: tasks::UnboundedSender<(Vec<Row>, oneshot::Sender<()>)>,
}

impl Tasks {
    pub(crate) fn start(runtime: &Runtime, place: &Place, lanes: usize) -> Self {
        let (send, receive) = tasks::unbounded_channel::<(Vec<Row>, oneshot::Sender<()>)>();
        let receive = Arc::new(tokio::sync::Mutex::new(receive));
        for _ in 0..lanes {
            let (place, receive) = (place.clone(), Arc::clone(&receive));
            runtime.spawn(async move {
                let connection = Connection::open(&place).await;
                loop {
                    let mut requests = Vec::new();
                    if receive.lock().await.recv_many(&mut requests, MOST).await == 0 {
                        return;
                    }
                    connection.insert(requests.iter().flat_map(|(rows, _)| rows)).await;
                    for (_, answer) in requests {
                        let _ = answer.send(());
                    }
                }
            });
        }
        Self { send }
    }

    pub(crate) async fn commit(&self, rows: Vec<Row>) {
        let (answer, answered) = oneshot::channel();
        self.send.send((rows, answer)).expect("it is taken");
        answered.await.expect("it is answered");
    }
}
