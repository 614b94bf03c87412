//! Applications as variables describe them.

use std::env;
use std::error::Error as _;
use std::ffi::OsString;
use std::process::Command;
use std::thread;

use es_runtime::application::Builder;
use es_runtime::mapper::Key;
use es_runtime::recorder::{ApplicationRecorder, LogRange, SqliteOptions};
use es_runtime::{Application, Error, ErrorKind, Wait};
use uuid::Uuid;

use crate::account::{Account, AccountEvent};

fn open(name: &str, variables: &[(&str, &str)]) -> Result<Application, Error> {
    let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
    Builder::from_variables(name, |name| find(name).map(|(_, value)| OsString::from(value)))?.open().wait()
}

#[track_caller]
fn refused(name: &str, variables: &[(&str, &str)]) -> String {
    let error = open(name, variables).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    error.to_string()
}

#[test]
fn the_store_that_is_named_is_opened() {
    assert!(open("bank", &[("PERSISTENCE", "memory:")]).is_ok());
}

#[test]
fn a_variable_of_one_application_counts_before_the_general_one() {
    let variables = [("PERSISTENCE", "nowhere:"), ("BIG_BANK_PERSISTENCE", "memory:")];
    assert!(open("big_bank", &variables).is_ok());
    assert!(open("shop", &variables).is_err());
}

#[test]
fn the_error_of_opening_names_the_variable() {
    for variable in ["BANK_PERSISTENCE", "PERSISTENCE"] {
        for uri in ["nowhere:", "sqlite:bank.db?mode=x", "sqlite:/no/such/folder/bank.db"] {
            let message = refused("bank", &[(variable, uri)]);
            assert!(message.starts_with(&format!("the environment variable `{variable}`: ")), "{message}");
        }
    }
}

#[test]
fn a_name_that_would_share_its_variables_with_another_is_refused() {
    let variables = [("PERSISTENCE", "memory:")];
    for name in ["", "a", "bank", "big_bank", "bank2", "a_"] {
        assert!(open(name, &variables).is_ok(), "{name}");
    }
    for (name, other) in
        [("a-b", "a_b"), ("a.b", "a_b"), ("A-B", "a_b"), ("Bank", "bank"), ("b k", "b_k"), ("_bank", "bank")]
    {
        let message = refused(name, &variables);
        assert!(message.contains(&format!("{name:?} cannot be the name")), "{message}");
        assert!(message.contains(&format!("take `{other}`")), "{message}");
    }
    for name in ["-", "2", "__"] {
        let message = refused(name, &variables);
        assert!(message.contains("beginning with a letter") && !message.contains("take `"), "{message}");
    }
}

#[test]
fn a_switch_knows_its_words_and_no_others() {
    let key = Key::generate(256).unwrap().to_base64();
    let keyed = [("PERSISTENCE", "memory:"), ("CIPHER_KEY", &*key)];
    for (name, shown) in [("CIPHER_DATA_KEYS", "has_data_keys"), ("CIPHER_CLEAR_DATA", "allows_clear")] {
        let read = |word: &str| {
            let all = [&keyed[..], &[(name, word)]].concat();
            let find = |name: &str| all.iter().find(|(known, _)| *known == name);
            Builder::from_variables("bank", |name| find(name).map(|(_, value)| OsString::from(value)))
        };
        for (words, on) in [
            (["y", "yes", "t", "true", "on", "1", "Yes", "TRUE", "On", " yes "], true),
            (["n", "no", "f", "false", "off", "0", "No", "FALSE", "oFF", "no\n"], false),
        ] {
            for word in words {
                let builder = format!("{:?}", read(word).unwrap());
                assert!(builder.contains(&format!("{shown}: {on}")), "{word}: {builder}");
            }
        }
        for word in ["", " ", "a", "ye", "yes no", "2", "-1", "on,off", "none", "null", "ＹＥＳ"] {
            let error = read(word).map(drop).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{word}");
            let message = error.to_string();
            for part in [&format!("`{name}`")[..], "y yes t true on 1", "n no f false off 0"] {
                assert!(message.contains(part), "{word}: {message}");
            }
        }
    }
}

/// Returns the secrets that no log may show, in their possible forms.
fn secrets() -> impl Iterator<Item = String> {
    (0..40).flat_map(|_| {
        let key = Key::generate(256).unwrap().to_base64();
        let plain = Uuid::new_v5(&Uuid::nil(), key.as_bytes()).simple().to_string();
        let decorated = [format!("p@ss:{plain}"), format!("{plain}\u{e4}"), format!("a&b={plain}#")];
        [key, plain.to_uppercase(), plain].into_iter().chain(decorated)
    })
}

#[track_caller]
fn hides<T>(secret: &str, place: &str, result: Result<T, Error>) {
    let Err(error) = result else { return };
    let mut told = format!("{error}\n{error:?}\n{error:#?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        told.extend(["\n", &error.to_string(), "\n", &format!("{error:?}")]);
        cause = error.source();
    }
    // A part of a secret must not show either.
    let parts: Vec<char> = secret.chars().collect();
    for part in parts.windows(12) {
        let part: String = part.iter().collect();
        assert!(!told.contains(&part), "{place} is shown: {told}");
    }
}

#[test]
fn no_message_shows_the_value_of_a_variable() {
    const NAMES: [&str; 8] = [
        "PERSISTENCE",
        "TABLE_PREFIX",
        "CIPHER_KEY",
        "CIPHER_KEYS_OLD",
        "CIPHER_DATA_KEYS",
        "CIPHER_CLEAR_DATA",
        "COMPRESSOR",
        "SNAPSHOT_EVERY",
    ];
    let key = Key::generate(256).unwrap().to_base64();
    for secret in secrets() {
        for name in NAMES {
            for own in ["", "BANK_"] {
                for value in [secret.clone(), format!("yes {secret}"), format!("{secret},{secret}")] {
                    let name = format!("{own}{name}");
                    let mut variables = vec![(&*name, &*value)];
                    variables.extend([("PERSISTENCE", "memory:"), ("CIPHER_KEY", &key)]);
                    hides(&secret, &name, open("bank", &variables));
                    variables.truncate(2);
                    hides(&secret, &name, open("bank", &variables));
                }
            }
        }
    }
}

#[test]
fn no_message_shows_what_a_uri_may_hold_of_a_secret() {
    const PLACES: [&str; 26] = [
        "SECRET",
        "SECRET:",
        "SECRET:x",
        "SECRET://x",
        "SECRET@host",
        "memory:SECRET",
        "memory:?key=SECRET",
        "memory?key=SECRET",
        "sqlite",
        "sqlite?cipher_key=SECRET",
        "sqlite:?cipher_key=SECRET",
        "sqlite:x?cipher_key=SECRET",
        "sqlite:x?cipher_key=SECRET&mode=ro",
        "sqlite:x?mode=oops&cipher_key=SECRET",
        "sqlite:x?SECRET",
        "sqlite:x?SECRET=1",
        "sqlite:x?mode=SECRET",
        "sqlite:x?synchronous=SECRET",
        "sqlite:x?busy_timeout=SECRET",
        "sqlite:x?readers=SECRET",
        "sqlite::memory:?key=SECRET",
        "sqlite::SECRET:",
        "sqlite://user:SECRET@host/x",
        "sqlite://SECRET",
        "postgres://user:SECRET@127.0.0.1:1/x?password=SECRET",
        "sqlite:x#SECRET?cipher_key=SECRET",
    ];
    let check = |secret: &String| {
        for place in PLACES {
            let uri = place.replace("SECRET", secret);
            let opens = place == "sqlite" || uri.starts_with("sqlite:x");
            if opens {
                hides(secret, place, uri.parse::<SqliteOptions>());
            } else {
                hides(secret, place, Application::open(&uri).wait());
                hides(secret, place, open("bank", &[("PERSISTENCE", &uri)]));
            }
        }
    };
    // An application tries for a while to reach a server: so many try at the same time.
    let secrets: Vec<String> = secrets().collect();
    thread::scope(|scope| {
        for some in secrets.chunks(secrets.len().div_ceil(16)) {
            scope.spawn(move || some.iter().for_each(check));
        }
    });
}

#[test]
fn a_wrong_uri_is_reported_by_names() {
    for (uri, parts) in [
        ("mysql://ann:hush@host/bank", &["`mysql:`", "`sqlite:bank.db` or `postgresql://host/bank`"][..]),
        ("postgres://ann:hush@host/bank?sslmode=hush", &["`sslmode` may be `disable`"]),
        ("bank.dat", &["`bank.dat` names no store", "`sqlite:bank.dat`"]),
        ("sqlite://host/hush", &["there is no host to name"]),
        ("sqlite:///hush", &["there is no host to name"]),
        ("memory:x", &["more than `memory:`"]),
        (
            "sqlite:a/bank.db?cipher_key=hush",
            &["`sqlite:a/bank.db`", "the option `cipher_key` is not known", "`readers`"],
        ),
        ("sqlite:b?mode=hush", &["`mode`", "`rwc`, `rw`, `ro` or `memory`"]),
        ("sqlite:b?busy_timeout=99999999999", &["`busy_timeout`", "2147483647"]),
        ("sqlite:b?busy_timeout=2147483648", &["`busy_timeout`", "2147483647"]),
        ("sqlite:b?readers=99999999999", &["`readers`", "4294967295"]),
    ] {
        let message = refused("", &[("PERSISTENCE", uri)]);
        for part in parts {
            assert!(message.contains(part), "{part}: {message}");
        }
        assert!(!message.contains("hush"), "{message}");
    }
    assert!("sqlite:b?busy_timeout=2147483647".parse::<SqliteOptions>().is_ok());
}

#[test]
fn a_path_that_no_system_has_is_a_mistake_of_the_configuration() {
    for uri in ["sqlite:a\0b", "sqlite:\0"] {
        let error = Application::open(uri).wait().map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.to_string().contains("NUL"), "{error}");
    }
}

/// The variable that marks a process as started by another test.
const STARTED: &str = "ES_TESTS_ENVIRONMENT";

/// Does nothing unless another test starts it: saves an account in each application that the test names, and prints
/// the stored form, and whether the other applications read it.
#[test]
fn the_other_process() {
    let Ok(names) = env::var(STARTED) else { return };
    let apps: Vec<_> =
        names.split(' ').map(|name| (name, Application::from_env(name).wait().unwrap())).collect();
    for (name, app) in &apps {
        // The text is long enough to be compressed.
        let mut account = Account::open("Ann".repeat(50));
        account.deposit(10);
        app.save(&mut account).wait().unwrap();
        assert_eq!(app.get(account.id()).wait().unwrap().balance, 10);
        let row = app.recorder().read_log(LogRange::all()).wait().unwrap().entries.remove(0).event;
        println!("{name} stores {:?}", row.state.get(..4).unwrap());
        for (other, app) in &apps {
            let read =
                app.store().mapper().decode::<AccountEvent>(&row).map(drop).map_err(|error| error.kind());
            println!("{other} reads {name}: {read:?}");
        }
    }
}

/// Returns the output of a process with these variables.
fn process(names: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "environment::the_other_process", "--nocapture"]);
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if ["PERSISTENCE", "CIPHER_", "COMPRESSOR", "SNAPSHOT_EVERY", "TABLE_PREFIX"]
            .iter()
            .any(|ours| name.contains(ours))
        {
            command.env_remove(name);
        }
    }
    let output = command.env(STARTED, names).envs(variables.iter().copied()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    told
}

#[test]
fn the_environment_of_a_process_says_what_its_mapper_does() {
    let key = Key::generate(256).unwrap().to_base64();
    let memory = ("BANK_PERSISTENCE", "memory:");
    for (variables, stored) in [
        // The row is bare JSON.
        (&[memory][..], *b"{\"at"),
        (&[memory, ("CIPHER_KEY", &key)], [1, 1, 0, 1]),
        (&[memory, ("BANK_CIPHER_KEY", &key)], [1, 1, 0, 1]),
        (&[memory, ("BANK_CIPHER_KEY", &key), ("COMPRESSOR", "zlib")], [1, 1, 1, 1]),
        (&[memory, ("COMPRESSOR", "zlib"), ("BANK_COMPRESSOR", "zstd")], [1, 1, 2, 0]),
        (&[memory, ("CIPHER_KEY", &key), ("BANK_CIPHER_KEY", "none")], *b"{\"at"),
        (&[memory, ("CIPHER_KEY", "no key"), ("BANK_CIPHER_KEY", &key)], [1, 1, 0, 1]),
    ] {
        let told = process("bank", variables);
        assert!(told.contains(&format!("bank stores {stored:?}")), "{variables:?}: {told}");
        assert!(told.contains("bank reads bank: Ok"), "{told}");
    }
}

#[test]
fn an_application_does_not_read_what_another_key_encrypted() {
    let [bank, shop, all] = [(); 3].map(|()| Key::generate(256).unwrap().to_base64());
    let told = process(
        "bank shop club",
        &[
            ("PERSISTENCE", "memory:"),
            ("BANK_CIPHER_KEY", &bank),
            ("SHOP_CIPHER_KEY", &shop),
            ("CIPHER_KEY", &all),
        ],
    );
    for reader in ["bank", "shop", "club"] {
        for writer in ["bank", "shop", "club"] {
            let read = if reader == writer { "Ok(())" } else { "Err(Cipher)" };
            assert!(told.contains(&format!("{reader} reads {writer}: {read}")), "{told}");
        }
    }
}
