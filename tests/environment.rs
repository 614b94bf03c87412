//! Applications as variables describe them.

use std::ffi::OsString;

use es_runtime::application::Builder;
use es_runtime::{Application, Error, ErrorKind, Wait};

fn open(name: &str, variables: &[(&str, &str)]) -> Result<Application, Error> {
    let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
    Builder::from_variables(name, |name| find(name).map(|(_, value)| OsString::from(value)))?.open().wait()
}

#[test]
fn the_store_that_is_named_is_opened() {
    assert!(open("bank", &[("PERSISTENCE", "memory:")]).is_ok());
}

#[test]
fn what_is_said_of_one_application_counts_before_what_is_said_of_all() {
    let variables = [("PERSISTENCE", "nowhere:"), ("BIG_BANK_PERSISTENCE", "memory:")];
    assert!(open("big-bank", &variables).is_ok());
    assert!(open("shop", &variables).is_err());
}

#[test]
fn what_cannot_be_opened_names_the_variable() {
    for variable in ["BANK_PERSISTENCE", "PERSISTENCE"] {
        for uri in ["nowhere:", "sqlite:bank.db?mode=x", "sqlite:/no/such/folder/bank.db"] {
            let error = open("bank", &[(variable, uri)]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            let named = format!("the environment variable `{variable}`: ");
            assert!(error.to_string().starts_with(&named), "{error}");
        }
    }
}
