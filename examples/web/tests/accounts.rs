//! Commands, states and histories.

use std::thread;

use serde_json::{Value, json};

use super::client::{ask, opened};
use super::served;

#[test]
fn an_account_is_opened_changed_once_for_each_key_and_shown_with_its_history() {
    served(|address| {
        let id = opened(address, "Ann");
        let deposits = format!("/accounts/{id}/deposits");
        for key in ["a", "a", "b"] {
            let headers = [("idempotency-key", key), ("x-user", "ann"), ("x-request-id", key)];
            let answer = ask(address, "POST", &deposits, &headers, &json!({ "amount": 10 }));
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
        let shown = ask(address, "GET", &format!("/accounts/{id}"), &[], &Value::Null).body;
        assert_eq!(shown, json!({ "id": id, "version": 3, "owner": "Ann", "balance": 20 }));
        let history = ask(address, "GET", &format!("/accounts/{id}/events"), &[], &Value::Null).body;
        let said = |at: usize, name: &str| history[at][name].clone();
        assert_eq!((said(0, "what"), said(0, "actor")), (json!("opened"), json!("teller")));
        assert_eq!(
            (said(1, "amount"), said(1, "actor"), said(1, "request")),
            (json!(10), json!("ann"), json!("a"))
        );
        assert_eq!((said(2, "version"), said(3, "version")), (json!(3), Value::Null));
    });
}

#[test]
fn an_account_is_opened_once_for_each_key_of_each_user() {
    served(|address| {
        let open = |user: &str, key: &str| {
            let headers = [("x-user", user), ("idempotency-key", key)];
            let answer = ask(address, "POST", "/accounts", &headers, &json!({ "owner": "Ann" }));
            assert_eq!((answer.status, answer.body["version"].as_u64()), (201, Some(1)));
            answer.body["id"].as_str().unwrap().to_owned()
        };
        let first = open("teller", "1");
        assert_eq!(open("teller", "1"), first);
        assert!(open("teller", "2") != first && open("other", "1") != first);
        let keyless = ask(address, "POST", "/accounts", &[], &json!({ "owner": "Ann" }));
        assert_eq!((keyless.status, keyless.body["title"].as_str()), (400, Some("no Idempotency-Key")));
    });
}

#[test]
fn a_change_of_what_has_changed_since_is_a_conflict() {
    served(|address| {
        let id = opened(address, "Ann");
        let rename = |owner: &str, version: u64| {
            let body = json!({ "owner": owner, "version": version });
            ask(address, "POST", &format!("/accounts/{id}/owner"), &[], &body)
        };
        assert_eq!(rename("Anna", 1).body["version"], 2);
        let late = rename("Anne", 1);
        assert_eq!((late.status, late.body["detail"].as_str()), (409, Some("the account is at version 2")));
        assert!(late.head.contains("content-type: application/problem+json"), "{}", late.head);
        assert_eq!(rename("Anne", 2).body["owner"], "Anne");
    });
}

#[test]
fn a_transfer_changes_both_accounts_or_neither() {
    served(|address| {
        let (ann, bob) = (opened(address, "Ann"), opened(address, "Bob"));
        ask(
            address,
            "POST",
            &format!("/accounts/{ann}/deposits"),
            &[("idempotency-key", "1")],
            &json!({ "amount": 10 }),
        );
        let transfer = |key: &str, amount: u32| {
            let body = json!({ "from": ann, "to": bob, "amount": amount });
            ask(address, "POST", "/transfers", &[("idempotency-key", key)], &body)
        };
        assert_eq!(transfer("2", 4).status, 204);
        assert_eq!(transfer("2", 4).status, 204);
        let refused = transfer("3", 400);
        assert_eq!((refused.status, refused.body["title"].as_str()), (422, Some("overdrawn")));
        let balance = |id: &str| {
            ask(address, "GET", &format!("/accounts/{id}"), &[], &Value::Null).body["balance"].clone()
        };
        assert_eq!((balance(&ann), balance(&bob)), (json!(6), json!(4)));
    });
}

#[test]
fn sixteen_who_ask_at_once_are_all_served() {
    served(|address| {
        let id = opened(address, "Ann");
        let path = format!("/accounts/{id}/deposits");
        thread::scope(|scope| {
            for number in 0..16 {
                let path = &path;
                scope.spawn(move || {
                    let key = number.to_string();
                    let headers = [("idempotency-key", key.as_str())];
                    assert_eq!(ask(address, "POST", path, &headers, &json!({ "amount": 1 })).status, 200);
                });
            }
        });
        assert_eq!(ask(address, "GET", &format!("/accounts/{id}"), &[], &Value::Null).body["balance"], 16);
    });
}

#[test]
fn an_impossible_request_gets_a_problem_with_a_status() {
    served(|address| {
        let unknown =
            ask(address, "GET", "/accounts/0192d3a0-0000-7000-8000-000000000000", &[], &Value::Null);
        assert_eq!((unknown.status, unknown.body["status"].as_u64()), (404, Some(404)));
        assert!(unknown.head.contains("content-type: application/problem+json"), "{}", unknown.head);
        for (path, status) in [("/accounts/7", 400), ("/nothing", 404)] {
            let answer = ask(address, "GET", path, &[], &Value::Null);
            assert_eq!((answer.status, answer.body["status"].as_u64()), (status, Some(status.into())));
        }
        let id = opened(address, "Ann");
        let deposits = format!("/accounts/{id}/deposits");
        let keyless = ask(address, "POST", &deposits, &[], &json!({ "amount": 1 }));
        assert_eq!((keyless.status, keyless.body["title"].as_str()), (400, Some("no Idempotency-Key")));
        let negative = ask(address, "POST", &deposits, &[("idempotency-key", "1")], &json!({ "amount": -1 }));
        assert_eq!((negative.status, negative.body["title"].as_str()), (422, Some("cannot be read")));
        let overdrawn = format!("/accounts/{id}/withdrawals");
        assert_eq!(
            ask(address, "POST", &overdrawn, &[("idempotency-key", "2")], &json!({ "amount": 1 })).status,
            422
        );
    });
}
