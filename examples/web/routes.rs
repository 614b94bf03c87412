//! The requests: each takes a copy of the application, runs one command, and answers.

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use es_runtime::application::Batch;
use es_runtime::id::CommitId;
use es_runtime::{Application, Id, Metadata};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::account::{Account, AccountEvent, Overdrawn};
use crate::problem::Problem;

type Answer<T> = Result<T, Problem>;

pub(crate) fn routes(app: Application) -> Router {
    Router::new()
        .route("/accounts", post(open))
        .route("/accounts/{id}", get(show))
        .route("/accounts/{id}/events", get(history))
        .route("/accounts/{id}/owner", post(rename))
        .route("/accounts/{id}/deposits", post(deposit))
        .route("/accounts/{id}/withdrawals", post(withdraw))
        .route("/transfers", post(transfer))
        .fallback(|| async {
            Problem::new(StatusCode::NOT_FOUND, "not found", "there is nothing at this path")
        })
        .with_state(app)
}

#[derive(Deserialize)]
struct NewAccount {
    owner: String,
}

/// Opens an account, once for each key: a repeated request finds the account that the first one opened.
async fn open(Caller(app): Caller, key: Key, Body(new): Body<NewAccount>) -> Answer<Response> {
    let mut account = Account::open_with_id(Id::from_key(key.text("open")), new.owner);
    app.save(Batch::new().commit_id(key.commit("open")).add(&mut account)).await?;
    let account = app.get(account.id()).await?;
    let place = [(header::LOCATION, format!("/accounts/{}", account.id()))];
    Ok((StatusCode::CREATED, place, Json(shown(&account))).into_response())
}

async fn show(State(app): State<Application>, Named(id): Named) -> Answer<Json<Value>> {
    Ok(Json(shown(&app.get(id).await?)))
}

async fn history(State(app): State<Application>, Named(id): Named) -> Answer<Json<Vec<Value>>> {
    let events = app.history(id).await?;
    Ok(Json(
        events
            .iter()
            .map(|recorded| {
                let (what, amount) = match recorded.event() {
                    AccountEvent::Opened(_) => ("opened", None),
                    AccountEvent::Deposited(deposited) => ("deposited", Some(deposited.amount)),
                    AccountEvent::Withdrawn(withdrawn) => ("withdrawn", Some(withdrawn.amount)),
                    _ => ("changed", None),
                };
                let (envelope, metadata) = (recorded.envelope(), recorded.metadata());
                json!({
                    "version": envelope.version().get(), "at": envelope.timestamp().to_string(), "what": what,
                    "amount": amount, "actor": metadata.actor(), "request": metadata.correlation(),
                })
            })
            .collect(),
    ))
}

#[derive(Deserialize)]
struct NewOwner {
    owner: String,
    /// The version that the client has seen.
    version: u64,
}

/// Renames the account at the version that the client has seen; if it has changed since, the client has to load it
/// again.
async fn rename(Caller(app): Caller, Named(id): Named, Body(new): Body<NewOwner>) -> Answer<Json<Value>> {
    let mut account = app.get(id).await?;
    if account.version() != new.version {
        return Err(Problem::changed(format!("the account is at version {}", account.version())));
    }
    account.set_owner(new.owner);
    app.save(&mut account).await?;
    Ok(Json(shown(&account)))
}

#[derive(Deserialize)]
struct Amount {
    amount: u32,
}

async fn deposit(
    Caller(app): Caller,
    key: Key,
    Named(id): Named,
    Body(Amount { amount }): Body<Amount>,
) -> Answer<Json<Value>> {
    app.execute_once(key.commit("deposit"), id, |account| account.deposit(amount.into())).await?;
    Ok(Json(shown(&app.get(id).await?)))
}

async fn withdraw(
    Caller(app): Caller,
    key: Key,
    Named(id): Named,
    Body(Amount { amount }): Body<Amount>,
) -> Answer<Json<Value>> {
    let done =
        app.execute_once(key.commit("withdrawal"), id, |account| account.withdraw(amount.into())).await?;
    // `None` means that an earlier request under this key ran the command.
    done.transpose()?;
    Ok(Json(shown(&app.get(id).await?)))
}

#[derive(Deserialize)]
struct Transfer {
    from: Id<Account>,
    to: Id<Account>,
    amount: u32,
}

async fn transfer(
    Caller(app): Caller,
    key: Key,
    Body(Transfer { from, to, amount }): Body<Transfer>,
) -> Answer<StatusCode> {
    let moved = app.execute_once(key.commit("transfer"), (from, to), |from, to| {
        from.withdraw(amount.into())?;
        to.deposit(amount.into());
        Ok::<_, Overdrawn>(())
    });
    moved.await?.transpose()?;
    Ok(StatusCode::NO_CONTENT)
}

fn shown(account: &Account) -> Value {
    json!({
        "id": account.id().to_string(), "version": account.version().get(),
        "owner": account.owner, "balance": account.balance,
    })
}

/// The JSON of the request.
struct Body<T>(T);

impl<T: DeserializeOwned> FromRequest<Application> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Application) -> Answer<Self> {
        let refused =
            |error: JsonRejection| Problem::new(error.status(), "cannot be read", error.body_text());
        Json::from_request(request, app).await.map(|Json(body)| Self(body)).map_err(refused)
    }
}

/// The application for one request: its saves name the caller and the request.
struct Caller(Application);

impl FromRequestParts<Application> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Application) -> Answer<Self> {
        let mut metadata = Metadata::new();
        // A stand-in for the way in which a service knows its users.
        if let Some(user) = text(&parts.headers, "x-user") {
            metadata = metadata.with_actor(user);
        }
        if let Some(request) = text(&parts.headers, "x-request-id") {
            metadata = metadata.with_correlation(request);
        }
        Ok(Self(app.with_metadata(metadata)))
    }
}

/// The account that the path names.
struct Named(Id<Account>);

impl FromRequestParts<Application> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Application) -> Answer<Self> {
        let refused = |error: PathRejection| Problem::new(error.status(), "no account", error.body_text());
        Path::from_request_parts(parts, app).await.map(|Path(id)| Self(id)).map_err(refused)
    }
}

/// The client's name for its request: the service runs the request once, however often the client sends it.
struct Key {
    user: String,
    key: String,
}

impl Key {
    /// Returns the key of one operation: under one Idempotency-Key, each user runs each kind of operation once.
    fn text(&self, operation: &str) -> String {
        format!("{operation}: {:?} {:?}", self.user, self.key)
    }

    fn commit(&self, operation: &str) -> CommitId {
        CommitId::from_key(&self.text(operation))
    }
}

impl FromRequestParts<Application> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Application) -> Answer<Self> {
        let given = |name: &str| text(&parts.headers, name).map(str::to_owned);
        let Some(key) = given("idempotency-key") else {
            let detail = "send an Idempotency-Key, a new one for each new request";
            return Err(Problem::new(StatusCode::BAD_REQUEST, "no Idempotency-Key", detail));
        };
        Ok(Self { user: given("x-user").unwrap_or_default(), key })
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
