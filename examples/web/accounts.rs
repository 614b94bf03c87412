//! Commands by POST, state and history by GET: each request takes a copy of the application, runs one command, and answers.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use es_runtime::application::Batch;
use es_runtime::event::Recorded;
use es_runtime::{Application, Id};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::account::{Account, AccountEvent, Overdrawn};
use crate::problem::Problem;
use crate::request::{Answer, Body, Caller, Key, Named};

#[derive(Deserialize)]
pub(crate) struct NewAccount {
    owner: String,
}

/// Opens an account, once for each key: a repeated request finds the account that the first one opened.
pub(crate) async fn open(Caller(app): Caller, key: Key, Body(new): Body<NewAccount>) -> Answer<Response> {
    let mut account = Account::open_with_id(Id::from_key(key.text("open")), new.owner);
    app.save(Batch::new().commit_id(key.commit("open")).add(&mut account)).await?;
    let account = app.get(account.id()).await?;
    let place = [(header::LOCATION, format!("/accounts/{}", account.id()))];
    Ok((StatusCode::CREATED, place, Json(shown(&account))).into_response())
}

pub(crate) async fn show(State(app): State<Application>, Named(id): Named) -> Answer<Json<Value>> {
    Ok(Json(shown(&app.get(id).await?)))
}

pub(crate) async fn history(State(app): State<Application>, Named(id): Named) -> Answer<Json<Vec<Value>>> {
    let events = app.history(id).await?;
    Ok(Json(events.iter().map(told).collect()))
}

#[derive(Deserialize)]
pub(crate) struct NewOwner {
    owner: String,
    /// The version that the client has seen.
    version: u64,
}

/// Renames the account at the version that the client has seen; if it has changed since, the client has to load it
/// again.
pub(crate) async fn rename(
    Caller(app): Caller,
    Named(id): Named,
    Body(new): Body<NewOwner>,
) -> Answer<Json<Value>> {
    let mut account = app.get(id).await?;
    if account.version() != new.version {
        return Err(Problem::changed(format!("the account is at version {}", account.version())));
    }
    account.set_owner(new.owner);
    app.save(&mut account).await?;
    Ok(Json(shown(&account)))
}

#[derive(Deserialize)]
pub(crate) struct Amount {
    amount: u32,
}

pub(crate) async fn deposit(
    Caller(app): Caller,
    key: Key,
    Named(id): Named,
    Body(Amount { amount }): Body<Amount>,
) -> Answer<Json<Value>> {
    app.execute_once(key.commit("deposit"), id, |account| account.deposit(amount.into())).await?;
    Ok(Json(shown(&app.get(id).await?)))
}

pub(crate) async fn withdraw(
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
pub(crate) struct Transfer {
    from: Id<Account>,
    to: Id<Account>,
    amount: u32,
}

pub(crate) async fn transfer(
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

/// Returns the word for an event.
pub(crate) const fn what(event: &AccountEvent) -> &'static str {
    match event {
        AccountEvent::Opened(_) => "opened",
        AccountEvent::Deposited(_) => "deposited",
        AccountEvent::Withdrawn(_) => "withdrawn",
        _ => "changed",
    }
}

/// Returns an event as clients see it.
pub(crate) fn told(recorded: &Recorded<AccountEvent>) -> Value {
    let amount = match recorded.event() {
        AccountEvent::Deposited(deposited) => Some(deposited.amount),
        AccountEvent::Withdrawn(withdrawn) => Some(withdrawn.amount),
        _ => None,
    };
    let (envelope, metadata) = (recorded.envelope(), recorded.metadata());
    json!({
        "version": envelope.version().get(), "at": envelope.timestamp().to_string(),
        "what": what(recorded.event()), "amount": amount,
        "actor": metadata.actor(), "request": metadata.correlation(),
    })
}
