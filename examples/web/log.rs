//! The log in sections, from which a program elsewhere pulls: each section has links to those beside it.

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use es_runtime::{Application, ErrorKind};

use crate::problem::Problem;
use crate::request::Answer;

/// The number of positions of a section. Programs that pull keep links, so it does not change.
pub(crate) const SIZE: usize = 20;

/// Returns a section, such as `1,20`, or the newest for `current`. The rows hold all that is stored: a service serves them
/// only to programs that it trusts, or stores them encrypted.
pub(crate) async fn section(State(app): State<Application>, Path(id): Path<String>) -> Answer<Response> {
    let section = app.sections(SIZE)?.get(&id).await.map_err(|error| match error.kind() {
        ErrorKind::Invalid => Problem::new(StatusCode::NOT_FOUND, "no section", error.to_string()),
        _ => error.into(),
    })?;
    // A section with a link on never changes.
    let keep = if section.next.is_some() { "private, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, keep)];
    Ok((headers, section.to_json()?).into_response())
}
