//! Errors as the client sees them: `application/problem+json` (RFC 9457).

use axum::Json;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use es_runtime::{Error, ErrorKind};
use serde_json::json;

use crate::account::Overdrawn;

/// A status, and the text for the client.
pub(crate) struct Problem {
    status: StatusCode,
    title: &'static str,
    detail: String,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, title, detail: detail.into() }
    }

    /// Reports that the target has changed since the client saw it.
    pub(crate) fn changed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "another request was first", detail)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let (status, title) = match error.kind() {
            ErrorKind::NotFound | ErrorKind::WrongAggregate => (StatusCode::NOT_FOUND, "not found"),
            ErrorKind::Forgotten => (StatusCode::GONE, "forgotten"),
            ErrorKind::Conflict => return Self::changed(error.to_string()),
            ErrorKind::AlreadyExists => (StatusCode::CONFLICT, "it exists already"),
            kind => {
                // The client does not see the message, which may name tables and files.
                eprintln!("{error}");
                return if kind.is_transient() {
                    let detail = "send the request again, under the same Idempotency-Key";
                    Self::new(StatusCode::SERVICE_UNAVAILABLE, "try again", detail)
                } else {
                    let detail = "the service cannot do this now";
                    Self::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", detail)
                };
            }
        };
        Self::new(status, title, error.to_string())
    }
}

impl From<Overdrawn> for Problem {
    fn from(_: Overdrawn) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "overdrawn", "the account has less than that")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self { status, title, detail } = self;
        let body =
            json!({ "type": "about:blank", "status": status.as_u16(), "title": title, "detail": detail });
        let kind: [(HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/problem+json")];
        (status, kind, Json(body)).into_response()
    }
}
