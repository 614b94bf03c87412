//! The requests that the service answers, and what they share.

use axum::Router;
use axum::extract::FromRef;
use axum::http::StatusCode;
use axum::routing::{get, post};
use es_runtime::Application;
use tokio::sync::watch;

use crate::problem::Problem;
use crate::{accounts, live, log};

/// The service, as each request sees it.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) app: Application,
    /// Changes once the service stops: answers without an end then end.
    pub(crate) stopping: watch::Receiver<()>,
}

impl FromRef<Service> for Application {
    fn from_ref(service: &Service) -> Self {
        service.app.clone()
    }
}

pub(crate) fn routes(service: Service) -> Router {
    Router::new()
        .route("/accounts", post(accounts::open))
        .route("/accounts/{id}", get(accounts::show))
        .route("/accounts/{id}/events", get(accounts::history))
        .route("/accounts/{id}/live", get(live::live))
        .route("/accounts/{id}/owner", post(accounts::rename))
        .route("/accounts/{id}/deposits", post(accounts::deposit))
        .route("/accounts/{id}/withdrawals", post(accounts::withdraw))
        .route("/transfers", post(accounts::transfer))
        .route("/log/{id}", get(log::section))
        .fallback(|| async {
            Problem::new(StatusCode::NOT_FOUND, "not found", "there is nothing at this path")
        })
        .with_state(service)
}
