//! The parts of a request that handlers ask for.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use es_runtime::id::{CommitId, Mark};
use es_runtime::{Application, Id, Metadata};
use serde::de::DeserializeOwned;

use crate::account::Account;
use crate::problem::Problem;
use crate::routes::Service;

pub(crate) type Answer<T> = Result<T, Problem>;

/// The JSON of the request.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Service> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, service: &Service) -> Answer<Self> {
        let refused =
            |error: JsonRejection| Problem::new(error.status(), "cannot be read", error.body_text());
        Json::from_request(request, service).await.map(|Json(body)| Self(body)).map_err(refused)
    }
}

/// The application for one request: its saves name the caller and the request.
pub(crate) struct Caller(pub(crate) Application);

impl FromRequestParts<Service> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Answer<Self> {
        let mut metadata = Metadata::new();
        // A stand-in for the way in which a service knows its users.
        if let Some(user) = text(&parts.headers, "x-user") {
            metadata = metadata.with_actor(user);
        }
        if let Some(request) = text(&parts.headers, "x-request-id") {
            metadata = metadata.with_correlation(request);
        }
        Ok(Self(service.app.with_metadata(metadata)))
    }
}

/// The account that the path names.
pub(crate) struct Named(pub(crate) Id<Account>);

impl FromRequestParts<Service> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Answer<Self> {
        let refused = |error: PathRejection| Problem::new(error.status(), "no account", error.body_text());
        Path::from_request_parts(parts, service).await.map(|Path(id)| Self(id)).map_err(refused)
    }
}

/// The client's name for its request: the service runs the request once, however often the client sends it.
pub(crate) struct Key {
    user: String,
    key: String,
}

impl Key {
    /// Returns the key of one operation: under one Idempotency-Key, each user runs each kind of operation once.
    pub(crate) fn text(&self, operation: &str) -> String {
        format!("{operation}: {:?} {:?}", self.user, self.key)
    }

    pub(crate) fn commit(&self, operation: &str) -> CommitId {
        CommitId::from_key(&self.text(operation))
    }
}

impl FromRequestParts<Service> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Service) -> Answer<Self> {
        let given = |name: &str| text(&parts.headers, name).map(str::to_owned);
        let Some(key) = given("idempotency-key") else {
            let detail = "send an Idempotency-Key, a new one for each new request";
            return Err(Problem::new(StatusCode::BAD_REQUEST, "no Idempotency-Key", detail));
        };
        Ok(Self { user: given("x-user").unwrap_or_default(), key })
    }
}

/// The place up to which a client has got the events, as it names it when it comes back.
pub(crate) struct Reached(pub(crate) Option<Mark>);

impl FromRequestParts<Service> for Reached {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Service) -> Answer<Self> {
        match text(&parts.headers, "last-event-id").filter(|place| !place.is_empty()) {
            None => Ok(Self(None)),
            Some(place) => place.parse().map(|mark| Self(Some(mark))).map_err(|_| {
                let detail = "send the id of the last event that you got, or none";
                Problem::new(StatusCode::BAD_REQUEST, "no place in the log", detail)
            }),
        }
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
