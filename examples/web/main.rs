//! A web service on axum and tokio: commands by POST, state and history by GET; accounts live, as server-sent events; and
//! the log in sections, for programs that pull it.
//!
//! `cargo run --example web` serves at `http://127.0.0.1:3000` until it is interrupted or terminated; `DATABASE` and
//! `ADDRESS` set another file and another address.
//!
//! ```text
//! curl -i localhost:3000/accounts -H 'idempotency-key: 1' -H 'content-type: application/json' -d '{"owner": "Ann"}'
//! curl localhost:3000/accounts/ID/deposits -H 'idempotency-key: 2' -H 'content-type: application/json' -d '{"amount": 10}'
//! curl localhost:3000/accounts/ID
//! curl localhost:3000/accounts/ID/events
//! curl -N localhost:3000/accounts/ID/live
//! curl localhost:3000/log/current
//! ```

#[path = "../hello/account.rs"]
mod account;
mod accounts;
mod live;
mod log;
mod problem;
mod request;
mod routes;
#[cfg(test)]
mod tests;

use std::env;

use es_runtime::Application;
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::routes::{Service, routes};

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Fallible<()> {
    let said = |name: &str, otherwise: &str| env::var(name).unwrap_or_else(|_| otherwise.to_owned());
    // The process opens one application: each request gets a copy, which shares the store.
    let app = Application::builder(said("DATABASE", "sqlite:bank.db"))
        .snapshot_every::<account::Account>(100)
        .open()
        .await?;
    let listener = TcpListener::bind(said("ADDRESS", "127.0.0.1:3000")).await?;
    println!("serving at http://{}", listener.local_addr()?);
    serve(listener, app, signalled()).await
}

/// Waits for ctrl-c, or for the signal by which a supervisor ends a service.
///
/// Without a signal handler the service runs until it is killed; the saves that it acknowledged are stored.
async fn signalled() {
    let interrupted = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    #[cfg(unix)]
    if let Ok(mut terminated) = signal(SignalKind::terminate()) {
        tokio::select! {
            () = interrupted => {}
            _ = terminated.recv() => {}
        }
        return;
    }
    interrupted.await;
}

/// Serves until `stop` ends. The service still answers the requests under way, then closes the application.
async fn serve(
    listener: TcpListener,
    app: Application,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Fallible<()> {
    let (running, stopping) = watch::channel(());
    let service = Service { app: app.clone(), stopping };
    let stopped = async move {
        stop.await;
        drop(running);
    };
    axum::serve(listener, routes(service)).with_graceful_shutdown(stopped).await?;
    app.close();
    Ok(())
}
