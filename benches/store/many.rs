//! Many aggregates in one save, each with a data key of its own.
//!
//! By hand with the same crates: the program generates and encrypts a key for each aggregate, encrypts the aggregate's
//! event with that key, and inserts all rows in one transaction.

use aes_gcm::aead::{Aead, Generate, Payload};
use aes_gcm::{Aes256Gcm, Key as AesKey, KeyInit, Nonce};
use es_runtime::Wait;
use es_runtime::mapper::{AesGcm, Key, Mapper};
use es_runtime::recorder::Synchronous;
use rusqlite::{Connection, params};
use uuid::Uuid;

use crate::account::Account;
use crate::harness::{Folder, open_with, report, timed};
use crate::raw;

const KEYS: &str =
    "CREATE TABLE data_keys (id BLOB PRIMARY KEY, wrapped BLOB NOT NULL) STRICT, WITHOUT ROWID";
/// The bytes of the key that encrypts the data keys.
const BYTES: [u8; 32] = [9; 32];
/// The associated data of both sides, which name the row.
const PLACE: [u8; 50] = [7; 50];

pub(crate) fn many(rounds: usize, aggregates: usize) {
    let (mut ours, mut by_hand) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let folder = Folder::new();
        let cipher = AesGcm::new(&Key::from_bytes(&BYTES).expect("it has the length of a key"));
        let mapper = Mapper::new().with_data_keys(cipher);
        let app = open_with(&folder.file("ours.db"), Synchronous::Normal, |builder| builder.mapper(mapper));
        let mut accounts: Vec<Account> = (0..aggregates).map(|_| Account::open("Ann".to_owned())).collect();
        ours.push(timed(|| {
            app.save(&mut accounts).wait().expect("they are saved");
        }));
        let connection = raw::open(&folder.file("raw.db"), "NORMAL");
        connection.execute_batch(KEYS).expect("the table can be made");
        by_hand.push(timed(|| save(&connection, aggregates)));
    }
    let name = format!("{aggregates} aggregates with data keys, one save");
    report(&name, aggregates, 0.70, &ours, &by_hand);
    let seconds = |taken: &[std::time::Duration]| {
        es_benches::median(taken.iter().map(std::time::Duration::as_secs_f64))
    };
    println!("{:<44} {:>11.2}s {:>11.2}s", "", seconds(&ours), seconds(&by_hand));
}

fn save(connection: &Connection, aggregates: usize) {
    let outer = Aes256Gcm::new(&AesKey::<Aes256Gcm>::from(BYTES));
    let commit = Uuid::now_v7();
    connection.execute_batch("BEGIN IMMEDIATE").expect("it begins");
    for _ in 0..aggregates {
        let id = Uuid::now_v7();
        let key = AesKey::<Aes256Gcm>::generate();
        let wrapped = seal(&outer, &key);
        let state = seal(&Aes256Gcm::new(&key), &raw::opened());
        connection
            .prepare_cached("INSERT INTO data_keys (id, wrapped) VALUES (?1, ?2)")
            .and_then(|mut insert| insert.execute(params![id.as_bytes().as_slice(), wrapped]))
            .expect("the key is stored");
        raw::insert(connection, id, 1, "Account.Opened", &state, commit);
    }
    connection.execute_batch("COMMIT").expect("it ends");
}

/// Returns the nonce and the bytes encrypted under it.
fn seal(cipher: &Aes256Gcm, bytes: &[u8]) -> Vec<u8> {
    let nonce = Nonce::generate();
    let mut sealed = nonce.to_vec();
    sealed.extend(cipher.encrypt(&nonce, Payload { msg: bytes, aad: &PLACE }).expect("it is encrypted"));
    sealed
}
