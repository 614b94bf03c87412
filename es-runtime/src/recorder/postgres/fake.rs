//! A server of the unit tests' own: it speaks the protocol, and answers each message as the test wants.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, Error as DriverError, NoTls};

/// The kinds of the two messages that have none: the client begins, and asks for TLS.
pub(super) const BEGIN: u8 = 0;
pub(super) const TLS: u8 = 1;
/// The number by which a client asks for TLS.
const TLS_REQUEST: u32 = 80_877_103;

/// A server on a port of this machine, for the time of the process.
pub(super) struct Fake {
    pub(super) port: u16,
}

impl Fake {
    /// Answers each message, by its kind and its content, with these bytes. Without bytes it stays silent.
    pub(super) fn new(answer: impl Fn(u8, &[u8]) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let answer = Arc::clone(&answer);
                thread::spawn(move || serve(client, &*answer));
            }
        });
        Self { port }
    }

    pub(super) fn config(&self) -> Config {
        let mut config = Config::new();
        config.host("127.0.0.1").port(self.port).user("es").dbname("es").ssl_mode(SslMode::Disable);
        config
    }

    /// Runs something on a connection without TLS.
    pub(super) fn with_client<T>(&self, run: impl AsyncFnOnce(Client) -> T) -> Result<T, DriverError> {
        with_client(&self.config(), run)
    }
}

/// Runs something on a connection without TLS.
pub(super) fn with_client<T>(config: &Config, run: impl AsyncFnOnce(Client) -> T) -> Result<T, DriverError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        Ok(run(client).await)
    })
}

fn serve(mut client: TcpStream, answer: &dyn Fn(u8, &[u8]) -> Vec<u8>) {
    let mut has_begun = false;
    while let Some((kind, content)) = next(&mut client, has_begun) {
        has_begun |= kind == BEGIN;
        if client.write_all(&answer(kind, &content)).is_err() {
            return;
        }
    }
}

fn next(client: &mut TcpStream, has_begun: bool) -> Option<(u8, Vec<u8>)> {
    let (mut kind, mut length) = ([BEGIN], [0; 4]);
    if has_begun {
        client.read_exact(&mut kind).ok()?;
    }
    client.read_exact(&mut length).ok()?;
    let mut content = vec![0; (u32::from_be_bytes(length) as usize).checked_sub(4)?];
    client.read_exact(&mut content).ok()?;
    let asks_for_tls = !has_begun && content == TLS_REQUEST.to_be_bytes();
    Some((if asks_for_tls { TLS } else { kind[0] }, content))
}

/// Returns a message of the server.
pub(super) fn message(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 4).unwrap();
    [&[kind], &length.to_be_bytes()[..], content].concat()
}

/// Tells the client that the server waits for it.
pub(super) fn ready() -> Vec<u8> {
    message(b'Z', b"I")
}

/// Lets a client in.
pub(super) fn welcome() -> Vec<u8> {
    [message(b'R', &0_u32.to_be_bytes()), ready()].concat()
}

/// Returns an error with these fields.
pub(super) fn error(fields: &[(u8, &str)]) -> Vec<u8> {
    let fields = fields.iter().map(|(name, value)| [&[*name], value.as_bytes(), &[0]].concat());
    let content = [fields.collect::<Vec<_>>().concat(), vec![0]].concat();
    [message(b'E', &content), ready()].concat()
}

/// Returns one row of columns of this type.
pub(super) fn row(of: u32, values: &[&str]) -> Vec<u8> {
    let many = u16::try_from(values.len()).unwrap().to_be_bytes();
    let (mut columns, mut data) = (many.to_vec(), many.to_vec());
    for value in values {
        // The name; the table and the column that it comes from; the type, its size and modifier; the format.
        columns.extend(b"column\0\0\0\0\0\0\0");
        columns.extend(of.to_be_bytes());
        columns.extend([0; 8]);
        data.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
        data.extend(value.as_bytes());
    }
    [message(b'T', &columns), message(b'D', &data), message(b'C', b"SELECT 1\0")].concat()
}

/// Returns the error of the driver for an answer that is an error with these fields.
pub(super) fn refusal(fields: &'static [(u8, &str)]) -> tokio_postgres::Error {
    let fake = Fake::new(move |kind, _| match kind {
        BEGIN => welcome(),
        _ => error(fields),
    });
    fake.with_client(async |client| client.simple_query("SELECT 1").await.unwrap_err()).unwrap()
}
