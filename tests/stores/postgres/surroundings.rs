//! A server in its surroundings: with `PgBouncer` before it, a replica behind it, and TLS between.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{env, thread};

use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, LogRange, PostgresOptions, PostgresRecorder, SslMode,
    Tables,
};
use es_runtime::{ErrorKind, Wait};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use uuid::Uuid;

use super::{event, log};
use crate::postgres::{Pooler, Server, by_hand_as};
use crate::server;

fn one_event(options: &PostgresOptions) -> Result<usize, es_runtime::Error> {
    let recorder = options.clone().schema("around").unwrap().open()?.recorder(&Tables::default())?;
    recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait()?;
    Ok(recorder.read_log(LogRange::all()).wait()?.entries.len())
}

pub(crate) fn a_pooler_that_nobody_names_is_refused_with_the_remedy() {
    let pooler = server::pooler();
    let direct: PostgresOptions = pooler.uri().parse().unwrap();
    let refused = direct.open().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Config);
    assert!(refused.to_string().contains("pooler=yes"), "{refused}");
}

pub(crate) fn a_role_that_loses_commits_is_refused_behind_a_pooler() {
    let pooler = server::pooler();
    let uri = format!("{}?pooler=yes", pooler.uri());
    let open = || uri.parse::<PostgresOptions>().unwrap().open();
    drop(open().unwrap());
    for (setting, value, remedy) in [
        ("synchronous_commit", "off", "set it on for the role"),
        ("default_transaction_isolation", "serializable", "for the role"),
    ] {
        // The pooler's sessions begin anew.
        let set = |value: &str| {
            let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'careless'";
            server::by_hand(&format!("ALTER DATABASE careless SET {setting} = '{value}'; {end}"));
        };
        server::by_hand("DROP DATABASE IF EXISTS careless WITH (FORCE)");
        server::by_hand("CREATE DATABASE careless");
        set(value);
        let careless = uri.replace("/postgres?", "/careless?");
        let refused = careless.parse::<PostgresOptions>().unwrap().open().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Config, "{setting}: {refused}");
        assert!(refused.to_string().contains(remedy), "{setting}: {refused}");
    }
    server::by_hand("DROP DATABASE careless WITH (FORCE)");
}

/// A pooler that leaves out the settings of a session gives it to others, too.
pub(crate) fn a_pooler_that_drops_settings_is_refused_with_the_remedy() {
    let behind = Server::start("fsync = off").unwrap();
    // As for a pooler that is named.
    by_hand_as(&behind.uri(), "ALTER ROLE es SET plan_cache_mode = force_generic_plan").unwrap();
    let pooler = Pooler::start_with(&behind, "ignore_startup_parameters = options").unwrap();
    let direct: PostgresOptions = pooler.uri().parse().unwrap();
    let refused = direct.clone().open().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Config);
    assert!(refused.to_string().contains("pooler=yes"), "{refused}");
    assert_eq!(one_event(&direct.through_pooler()).unwrap(), 1);
}

/// Returns a recorder whose connections go through a pooler.
fn through(pooler: &Pooler, options: &str) -> PostgresRecorder {
    let options: PostgresOptions = format!("{}?pooler=yes&{options}", pooler.uri()).parse().unwrap();
    options.open().unwrap().recorder(&Tables::default()).unwrap()
}

/// Commits that wait for a replica which is not there are stored, and their answers do not come.
pub(crate) fn a_commit_whose_answer_a_pooler_lost_is_of_unknown_outcome() {
    let mut server = Server::start("fsync = off").unwrap();
    let pooler = Pooler::start(&server).unwrap();
    let recorder = through(&pooler, "timeout=1500ms");
    let by_hand = |uri: &str, statements: &str| by_hand_as(uri, statements).unwrap();
    let uri = server.uri();
    by_hand(&uri, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    by_hand(&uri, "SELECT pg_reload_conf()");
    while by_hand(&uri, "SHOW synchronous_standby_names") != ["nobody"] {}
    let appending = thread::spawn({
        let recorder = recorder.clone();
        move || recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait()
    });
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    let began = Instant::now();
    while by_hand(&uri, waiting) != ["1"] {
        assert!(began.elapsed() < Duration::from_secs(10), "no commit waits");
    }
    server.kill();
    let refused = appending.join().unwrap().unwrap_err();
    server.run().unwrap();
    by_hand(&uri, "ALTER SYSTEM RESET synchronous_standby_names");
    by_hand(&uri, "SELECT pg_reload_conf()");
    assert_eq!(log(&recorder).len(), 1, "the server lost the commit");
    assert_eq!(refused.kind(), ErrorKind::OutcomeUnknown, "{refused}");
}

pub(crate) fn servers_killed_behind_a_pooler_lose_nothing() {
    let mut server = Server::start("fsync = off").unwrap();
    let pooler = Pooler::start(&server).unwrap();
    let recorder = through(&pooler, "timeout=600ms");
    let ended = AtomicBool::new(false);
    let outcomes: Vec<_> = thread::scope(|scope| {
        let write = || {
            let mut outcomes = Vec::new();
            while !ended.load(Ordering::Relaxed) {
                let commit = Commit::new(vec![event(Uuid::now_v7(), 1), event(Uuid::now_v7(), 1)]);
                let id = commit.id();
                outcomes.push((id, recorder.append(commit).wait().map_err(|error| error.kind())));
            }
            outcomes
        };
        let writers: Vec<_> = (0..8).map(|_| scope.spawn(write)).collect();
        for pause in [300, 411, 522, 633] {
            thread::sleep(Duration::from_millis(pause));
            server.kill();
            server.run().unwrap();
        }
        thread::sleep(Duration::from_millis(300));
        ended.store(true, Ordering::Relaxed);
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    let entries = log(&recorder);
    for (id, outcome) in &outcomes {
        let stored = entries.iter().filter(|entry| entry.mark().commit() == *id).count();
        let is_right = match outcome {
            Ok(_) => stored == 2,
            Err(ErrorKind::OutcomeUnknown) => [0, 2].contains(&stored),
            Err(kind) => stored == 0 && [ErrorKind::Unavailable, ErrorKind::Timeout].contains(kind),
        };
        assert!(is_right, "{outcome:?}, and {stored} of 2 events are stored");
    }
    assert!(outcomes.iter().filter(|(_, outcome)| outcome.is_ok()).count() > 50, "{}", outcomes.len());
}

pub(crate) fn a_replica_is_refused_and_passed_over() {
    let primary = Server::start("fsync = off").unwrap();
    let replica = primary.replica().unwrap();
    let of_replica: PostgresOptions = replica.uri().parse().unwrap();
    let refused = of_replica.clone().open().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
    assert!(refused.to_string().contains("is a replica"), "{refused}");
    let both = of_replica.other_host("127.0.0.1", primary.port());
    assert_eq!(one_event(&both).unwrap(), 1);
    drop(primary);
    let refused = both.open().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unavailable, "{refused}");
    // The replica takes over.
    by_hand_as(&replica.uri(), "SELECT pg_promote()").unwrap();
    let promoted: PostgresOptions = replica.uri().parse().unwrap();
    assert_eq!(one_event(&promoted).unwrap(), 2, "the promoted replica has the event and takes another");
}

/// Makes an authority, and a certificate of it for `localhost`: both in PEM, and the key.
fn certificates() -> (String, String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    (authority.pem(), certificate.pem(), key.serialize_pem())
}

fn file_of(name: &str, content: &str) -> PathBuf {
    let file = env::temp_dir().join(format!("es-{}-{name}", std::process::id()));
    std::fs::write(&file, content).unwrap();
    file
}

pub(crate) fn tls_is_used_and_the_certificate_checked() {
    let server = Server::start("fsync = off").unwrap();
    let (authority, certificate, key) = certificates();
    server.write("server.crt", &certificate).unwrap();
    server.write("server.key", &key).unwrap();
    server
        .write("pg_hba.conf", "host all es 127.0.0.1/32 trust\nhostssl all bank 127.0.0.1/32 scram-sha-256\n")
        .unwrap();
    for set in [
        "CREATE ROLE bank LOGIN SUPERUSER PASSWORD 'over the moon'",
        "ALTER SYSTEM SET ssl = on",
        "SELECT pg_reload_conf()",
    ] {
        by_hand_as(&server.uri(), set).unwrap();
    }
    let trusted = file_of("authority.pem", &authority);
    let stranger = file_of("stranger.pem", &certificates().0);
    let at = |host: &str| {
        PostgresOptions::new(host, "postgres").port(server.port()).user("bank").password("over the moon")
    };
    let checked = |host: &str, file: &PathBuf| {
        at(host).ssl_mode(SslMode::Require).root_certificate(file.to_str().unwrap())
    };
    // The server reads its settings in a moment.
    let began = std::time::Instant::now();
    while one_event(&checked("localhost", &trusted)).is_err() && began.elapsed().as_secs() < 10 {}
    let database = checked("localhost", &trusted).open().unwrap();
    let encrypted = by_hand_as(
        &server.uri(),
        "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'bank'",
    );
    assert_eq!(encrypted.unwrap(), ["t"]);
    drop(database);
    for refused in [
        checked("localhost", &stranger),
        checked("127.0.0.1", &trusted),
        at("localhost").ssl_mode(SslMode::Require),
    ] {
        let refused = refused.open().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Config, "{refused}");
        assert!(refused.to_string().contains("check the certificate"), "{refused}");
    }
    // TLS that is preferred trusts whoever answers, as that of other tools.
    drop(at("localhost").open().unwrap());
    let plain = at("localhost").ssl_mode(SslMode::Disable).open().unwrap_err();
    assert_eq!(plain.kind(), ErrorKind::Config, "{plain}");
    let wrong = at("localhost").password("under the moon").open().unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::Config);
    for secret in [format!("{wrong} {wrong:?}"), format!("{:?}", at("localhost"))] {
        assert!(!secret.contains("the moon"), "{secret}");
    }
    // A certificate that signs itself, and is marked as one of an authority.
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let own = params.self_signed(&key).unwrap().pem();
    server.write("server.crt", &own).unwrap();
    server.write("server.key", &key.serialize_pem()).unwrap();
    by_hand_as(&server.uri(), "SELECT pg_reload_conf()").unwrap();
    let own = file_of("own.pem", &own);
    let began = std::time::Instant::now();
    loop {
        let refused = checked("localhost", &own).open().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Config, "{refused}");
        if refused.to_string().contains("marked as one of an authority") {
            break;
        }
        assert!(began.elapsed().as_secs() < 10, "{refused}");
    }
    for file in [trusted, stranger, own] {
        std::fs::remove_file(file).unwrap();
    }
}
