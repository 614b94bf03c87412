//! A proxy before the server. It knows the statements that append, cuts connections between commit and answer, and
//! turns to another server.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::random::Random;

pub(crate) struct Proxy {
    pub(crate) port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    /// The port of the server; 0 if nobody may connect.
    server: AtomicU16,
    /// One in so many answers to an append is cut off; 0 for none.
    one_in: AtomicU64,
    /// The connections that were cut after a commit, and those cut before the statement was sent.
    after: AtomicU64,
    before: AtomicU64,
    open: Mutex<Vec<TcpStream>>,
    random: Mutex<Random>,
}

impl Proxy {
    pub(crate) fn new(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it has a port").port();
        let shared = Arc::new(Shared {
            server: AtomicU16::new(server),
            one_in: AtomicU64::new(0),
            after: AtomicU64::new(0),
            before: AtomicU64::new(0),
            open: Mutex::default(),
            random: Mutex::new(Random::new(u64::from(port))),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                accepting.accept(&client);
            }
        });
        Self { port, shared }
    }

    /// Cuts one in so many answers to an append, and before a quarter as many statements; 0 for none.
    pub(crate) fn cut_one_in(&self, many: u64) {
        self.shared.one_in.store(many, Ordering::SeqCst);
    }

    /// Returns the number of cuts after a commit and before its answer.
    pub(crate) fn cuts(&self) -> u64 {
        self.shared.after.load(Ordering::SeqCst)
    }

    /// Cuts all connections, and sends later ones to another server; 0 to refuse them.
    pub(crate) fn turn_to(&self, server: u16) {
        self.shared.server.store(server, Ordering::SeqCst);
        for stream in self.shared.open().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, Vec<TcpStream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: &Arc<Self>, client: &TcpStream) {
        let mut open = self.open();
        let port = self.server.load(Ordering::SeqCst);
        let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { return };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        open.retain(|stream| stream.peer_addr().is_ok());
        open.extend(client.try_clone());
        drop(open);
        let appends = Arc::new(AtomicBool::new(false));
        self.pass(client, &server, Watch::client(&appends));
        self.pass(&server, client, Watch::server(&appends));
    }

    fn pass(self: &Arc<Self>, from: &TcpStream, to: &TcpStream, mut watch: Watch) {
        let (Ok(mut from), Ok(mut to)) = (from.try_clone(), to.try_clone()) else { return };
        let shared = Arc::clone(self);
        thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            while let Ok(many @ 1..) = from.read(&mut buffer) {
                if (watch.is_at_cut(&buffer[..many]) && shared.cuts(watch.is_server))
                    || to.write_all(&buffer[..many]).is_err()
                {
                    break;
                }
            }
            let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
        });
    }

    fn cuts(&self, is_after: bool) -> bool {
        let one_in = self.one_in.load(Ordering::SeqCst) * if is_after { 1 } else { 4 };
        let cuts = one_in > 0 && self.random.lock().unwrap_or_else(PoisonError::into_inner).chance(one_in);
        let count = if is_after { &self.after } else { &self.before };
        count.fetch_add(u64::from(cuts), Ordering::SeqCst);
        cuts
    }
}

/// Watches one direction of a connection.
struct Watch {
    rest: Vec<u8>,
    is_server: bool,
    /// True once the message without a type has passed, with which a client begins.
    is_begun: bool,
    /// The statements that append, by their names.
    appending: HashSet<Vec<u8>>,
    /// True while the server runs such a statement.
    appends: Arc<AtomicBool>,
    /// The outcome of the statement, once the server has reported it.
    is_stored: Option<bool>,
}

impl Watch {
    fn client(appends: &Arc<AtomicBool>) -> Self {
        Self {
            rest: Vec::new(),
            is_server: false,
            is_begun: false,
            appending: HashSet::new(),
            appends: Arc::clone(appends),
            is_stored: None,
        }
    }

    fn server(appends: &Arc<AtomicBool>) -> Self {
        Self { is_server: true, is_begun: true, ..Self::client(appends) }
    }

    /// Returns whether these bytes hold an append, or the end of the answer to one that is committed.
    fn is_at_cut(&mut self, bytes: &[u8]) -> bool {
        self.rest.extend_from_slice(bytes);
        let mut is_at_cut = false;
        while let Some((kind, text)) = self.message() {
            is_at_cut |= if self.is_server { self.answer(kind) } else { self.request(kind, &text) };
        }
        is_at_cut
    }

    /// Takes a message that is whole.
    fn message(&mut self) -> Option<(u8, Vec<u8>)> {
        let head = usize::from(self.is_begun);
        let length = self.rest.get(head..head + 4)?;
        let length = u32::from_be_bytes(length.try_into().ok()?) as usize;
        let text = self.rest.get(head + 4..head + length)?.to_vec();
        let kind = if self.is_begun { self.rest[0] } else { 0 };
        self.rest.drain(..head + length);
        self.is_begun = true;
        Some((kind, text))
    }

    fn request(&mut self, kind: u8, text: &[u8]) -> bool {
        let mut parts = text.split(|byte| *byte == 0);
        let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        match kind {
            b'P' if String::from_utf8_lossy(second).contains("nextval") => {
                self.appending.insert(first.to_vec());
            }
            b'P' => {
                self.appending.remove(first);
            }
            b'B' if self.appending.contains(second) => {
                self.appends.store(true, Ordering::SeqCst);
                return true;
            }
            _ => {}
        }
        false
    }

    fn answer(&mut self, kind: u8) -> bool {
        match kind {
            b'C' => self.is_stored = self.is_stored.or(Some(true)),
            b'E' => self.is_stored = Some(false),
            // The server is ready for the next: the transaction is over.
            b'Z' => {
                let is_stored = self.is_stored.take() == Some(true);
                return self.appends.swap(false, Ordering::SeqCst) && is_stored;
            }
            _ => {}
        }
        false
    }
}
