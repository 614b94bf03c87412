//! A backup of the running database takes its place, in a younger cluster with lower transaction ids.

use std::fs::File;
use std::thread;
use std::time::{Duration, Instant};

use super::SETTINGS;
use super::audit::Restored;
use super::proxy::Proxy;
use super::record::now;
use super::scene::Scene;
use crate::server::{Server, by_hand_as};

/// Uses up transaction ids, so that those of a new cluster are lower.
pub(crate) fn age(server: &Server) {
    let spent = by_hand_as(
        &server.uri(),
        "CREATE TABLE IF NOT EXISTS spent (number int);
         DO $$ BEGIN FOR number IN 1..5000 LOOP
           BEGIN INSERT INTO spent VALUES (number); EXCEPTION WHEN division_by_zero THEN NULL; END;
         END LOOP; END $$",
    );
    spent.expect("the server answers");
}

/// Waits, copies the database as it runs, and lets a new server with the copy take over.
pub(crate) fn restore(scene: &Scene, server: &mut Server, proxy: &Proxy, until: Instant) -> Restored {
    let before = until.saturating_duration_since(Instant::now()) / 2;
    thread::sleep(before);
    let (file, copied_from) = (server.data().with_file_name("copy.sql"), now());
    let mut dump = server.command("pg_dump");
    dump.arg("-d").arg(server.uri()).arg("-n").arg(&scene.schema).arg("-f").arg(&file);
    assert!(dump.status().expect("`pg_dump` runs").success(), "`pg_dump` fails");
    // Writers and readers go on beyond the copy.
    thread::sleep(before / 4);
    proxy.turn_to(0);
    let younger = Server::start(SETTINGS).expect("a server starts");
    let mut psql = younger.command("psql");
    psql.args(["-q", "-v", "ON_ERROR_STOP=1", "-d"]).arg(younger.uri());
    psql.stdin(File::open(&file).expect("the copy is there")).stdout(std::process::Stdio::null());
    assert!(psql.status().expect("`psql` runs").success(), "`psql` fails");
    let age = |server: &Server| {
        let answer = by_hand_as(&server.uri(), "SELECT pg_current_xact_id()").expect("the server answers");
        answer[0].parse::<u64>().expect("it is a number")
    };
    let (old, new) = (age(server), age(&younger));
    assert!(new < old, "the new cluster is at transaction {new}, and the old one at {old}");
    *server = younger;
    scene.turn_to(server.uri());
    // The last answers of the first server have arrived.
    thread::sleep(Duration::from_millis(300));
    let served_from = now();
    proxy.turn_to(server.port());
    thread::sleep(before);
    Restored { copied_from, served_from }
}
