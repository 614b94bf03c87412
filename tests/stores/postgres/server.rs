//! The server of the tests: one that they start, or one that `ES_POSTGRES_URL` names.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{env, process, thread};

use es_runtime::recorder::PostgresOptions;
use tokio_postgres::NoTls;

const VARIABLE: &str = "ES_POSTGRES_URL";

/// Starts the server; stops it and removes its data once nobody holds the input of this shell any more.
const KEEP: &str = r#""$1" -D "$2/data" >"$2/log" 2>&1 & server=$!
    cat >/dev/null; kill -QUIT $server; wait $server; cd /; rm -rf "$2""#;

static SERVER: OnceLock<Server> = OnceLock::new();

pub(crate) struct Server {
    uri: String,
    /// Stops the server when this process ends, however that comes: its input ends then.
    _keeper: Option<Child>,
}

/// Finds or starts the server; tells why there is none.
pub(crate) fn find() -> Result<(), String> {
    let server = match env::var(VARIABLE) {
        Ok(uri) => Server { uri, _keeper: None },
        Err(_) => start()?,
    };
    SERVER.set(server).map_err(|_| "the server is there already".to_owned())
}

fn server() -> &'static Server {
    SERVER.get().expect("the program found a server at its start")
}

pub(crate) fn new_schema() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("es_{}_{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn in_schema(schema: &str) -> PostgresOptions {
    let options: PostgresOptions = server().uri.parse().expect("the URI of the server");
    options.schema(schema).expect("a plain name").connections(4)
}

/// Returns the URI of the server with another host or database.
pub(crate) fn at(host: Option<u16>, database: Option<&str>) -> PostgresOptions {
    let mut uri = server().uri.clone();
    if let Some(port) = host {
        let (name, known) = self::host();
        uri = uri.replace(&format!("{name}:{known}"), &format!("127.0.0.1:{port}"));
    }
    if let Some(database) = database
        && let Some((before, _)) = uri.rsplit_once('/')
    {
        uri = format!("{before}/{database}");
    }
    uri.parse().expect("the URI of the server")
}

pub(crate) fn uri() -> &'static str {
    &server().uri
}

/// Returns the host and the port of the server.
pub(crate) fn host() -> (String, u16) {
    let config: tokio_postgres::Config = uri().parse().expect("the URI of the server");
    let host = match config.get_hosts().first() {
        Some(tokio_postgres::config::Host::Tcp(host)) => host.clone(),
        _ => "127.0.0.1".to_owned(),
    };
    (host, config.get_ports().first().copied().unwrap_or(5432))
}

/// Runs statements on a connection of their own, and returns the first column of the last answer.
pub(crate) fn by_hand(statements: &str) -> Vec<String> {
    by_hand_as(uri(), statements).expect("the statements of a test")
}

pub(crate) fn by_hand_as(uri: &str, statements: &str) -> Result<Vec<String>, tokio_postgres::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(uri, NoTls).await?;
        tokio::spawn(connection);
        let messages = client.simple_query(statements).await?;
        Ok(messages
            .iter()
            .filter_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => {
                    Some(row.get(0).unwrap_or_default().to_owned())
                }
                _ => None,
            })
            .collect())
    })
}

fn start() -> Result<Server, String> {
    let none = || format!("no PostgreSQL was found; install it, or name a database by {VARIABLE}");
    let programs = programs().ok_or_else(none)?;
    let folder = env::temp_dir().join(format!("es-postgres-{}", process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(|cause| format!("{} cannot be made: {cause}", folder.display()))?;
    let owner = owner()?;
    if let Some((user, group)) = owner {
        std::os::unix::fs::chown(&folder, Some(user), Some(group)).map_err(|cause| cause.to_string())?;
    }
    let data = folder.join("data");
    let made = as_owner(Command::new(programs.join("initdb")), owner)
        .arg("-D")
        .arg(&data)
        .args(["-U", "es", "--auth=trust", "--no-sync", "--locale=C", "--encoding=UTF8"])
        .current_dir(&folder)
        .output()
        .map_err(|cause| format!("initdb does not run: {cause}"))?;
    if !made.status.success() {
        return Err(format!("initdb failed: {}", String::from_utf8_lossy(&made.stderr)));
    }
    let port = free_port()?;
    let settings = format!(
        "\nport = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\nmax_connections = 300\n\
         fsync = off\nlog_min_messages = fatal\n",
        folder.display()
    );
    let mut file = fs::OpenOptions::new()
        .append(true)
        .open(data.join("postgresql.conf"))
        .map_err(|cause| cause.to_string())?;
    file.write_all(settings.as_bytes()).map_err(|cause| cause.to_string())?;
    let mut keeper = Command::new("sh");
    keeper.args(["-c", KEEP, "sh"]).arg(programs.join("postgres")).arg(&folder);
    let keeper = as_owner(keeper, owner)
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|cause| format!("the server does not start: {cause}"))?;
    let uri = format!("postgresql://es@127.0.0.1:{port}/postgres");
    let server = Server { uri, _keeper: Some(keeper) };
    let began = Instant::now();
    while by_hand_as(&server.uri, "SELECT 1").is_err() {
        if began.elapsed() > Duration::from_secs(60) {
            let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
            return Err(format!("the server does not answer: {log}"));
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(server)
}

/// Returns the folder of the server's programs.
fn programs() -> Option<PathBuf> {
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = installed.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders.extend(env::var_os("PATH").iter().flat_map(env::split_paths));
    folders.into_iter().find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

/// Returns the user and the group of the server, which refuses to run as root.
fn owner() -> Result<Option<(u32, u32)>, String> {
    let is_root =
        fs::metadata("/proc/self").is_ok_and(|found| std::os::unix::fs::MetadataExt::uid(&found) == 0);
    if !is_root {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let numbers = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2).map(str::parse::<u32>);
        Some((fields.next()?.ok()?, fields.next()?.ok()?))
    };
    let found = numbers("postgres").or_else(|| numbers("nobody"));
    found.map(Some).ok_or_else(|| "there is no user `postgres` to run the server".to_owned())
}

fn as_owner(mut command: Command, owner: Option<(u32, u32)>) -> Command {
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    command
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|cause| cause.to_string())?;
    listener.local_addr().map(|address| address.port()).map_err(|cause| cause.to_string())
}
