//! A proxy between the recorder and the server, which cuts connections on cue.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::thread;

/// The moment at which the proxy cuts the next connection that is used.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub(crate) enum Cut {
    /// Never.
    No = 0,
    /// The server does not get the request.
    BeforeTheServer = 1,
    /// The server has done the work, and its answer is lost.
    AfterTheServer = 2,
    /// The server gets neither the request nor any later one, and the connection stays open until the client ends it.
    Silence = 3,
    /// The server has done the work, and its answer is lost, whatever it begins with.
    #[allow(dead_code, reason = "not every program that includes this file needs it")]
    AfterAnyAnswer = 4,
}

pub(crate) struct Proxy {
    pub(crate) port: u16,
    /// The number of bytes that came from the server.
    #[allow(dead_code, reason = "not every program that includes this file needs it")]
    pub(crate) received: Arc<AtomicU64>,
    connections: Arc<AtomicU64>,
    cut: Arc<Cue>,
}

/// The next cut.
struct Cue {
    cut: AtomicU8,
    /// The number of messages that pass before it.
    passing: AtomicU64,
}

impl Cue {
    /// Returns whether the cut comes now.
    fn comes(&self, moment: Cut) -> bool {
        let is_next = self.cut.load(Ordering::SeqCst) == moment as u8;
        let pass = |passing: u64| passing.checked_sub(1);
        if !is_next || self.passing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, pass).is_ok() {
            return false;
        }
        let (cut, no) = (moment as u8, Cut::No as u8);
        self.cut.compare_exchange(cut, no, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }
}

impl Proxy {
    pub(crate) fn new(server: (String, u16)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let cut = Arc::new(Cue { cut: AtomicU8::new(Cut::No as u8), passing: AtomicU64::new(0) });
        let received = Arc::new(AtomicU64::new(0));
        let connections = Arc::new(AtomicU64::new(0));
        let (shared, counted, accepted) = (Arc::clone(&cut), Arc::clone(&received), Arc::clone(&connections));
        thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { continue };
                accepted.fetch_add(1, Ordering::SeqCst);
                let Ok(server) = TcpStream::connect((&*server.0, server.1)) else { continue };
                let _ = (client.set_nodelay(true), server.set_nodelay(true));
                pass(&client, &server, Cut::BeforeTheServer, &shared, &Arc::default());
                pass(&server, &client, Cut::AfterTheServer, &shared, &counted);
            }
        });
        Self { port, received, connections, cut }
    }

    /// Returns the number of connections that clients have made.
    #[allow(dead_code, reason = "not every program that includes this file needs it")]
    pub(crate) fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }

    /// Cuts the next connection that is used.
    pub(crate) fn cut(&self, cut: Cut) {
        self.cut_after(0, cut);
    }

    /// Cuts the next connection that is used, once so many messages have passed.
    pub(crate) fn cut_after(&self, passing: u64, cut: Cut) {
        self.cut.passing.store(passing, Ordering::SeqCst);
        self.cut.cut.store(cut as u8, Ordering::SeqCst);
    }

    /// Returns whether the last cut has come.
    pub(crate) fn has_cut(&self) -> bool {
        self.cut.cut.load(Ordering::SeqCst) == Cut::No as u8
    }
}

/// Passes on what comes, until the moment to cut.
fn pass(from: &TcpStream, to: &TcpStream, moment: Cut, cut: &Arc<Cue>, counted: &Arc<AtomicU64>) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    let (cut, counted) = (Arc::clone(cut), Arc::clone(counted));
    thread::spawn(move || {
        let (mut buffer, mut is_silent) = (vec![0; 1 << 16], false);
        while let Ok(many @ 1..) = from.read(&mut buffer) {
            is_silent |= matches!(moment, Cut::BeforeTheServer) && cut.comes(Cut::Silence);
            if is_silent {
                continue;
            }
            counted.fetch_add(many as u64, Ordering::SeqCst);
            // The answers to statements that ran, and not those to `PREPARE` or to a new connection.
            let is_meant = matches!(moment, Cut::BeforeTheServer) || [b'2', b'C'].contains(&buffer[0]);
            let is_any = matches!(moment, Cut::AfterTheServer) && cut.comes(Cut::AfterAnyAnswer);
            if is_any || (is_meant && cut.comes(moment)) || to.write_all(&buffer[..many]).is_err() {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    });
}
