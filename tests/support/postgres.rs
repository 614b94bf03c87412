//! A PostgreSQL server of the tests' own, on a private port and in a folder that goes away; and `PgBouncer` before it.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{env, process, thread};

use tokio_postgres::NoTls;

/// Waits until nobody holds its input any more, since this process ended or the server was dropped; then stops what runs
/// in the folder, and removes the folder.
const KEEP: &str = r#"cat >/dev/null
    for file in "$1/data/postmaster.pid" "$1/pid"; do
        if [ -f "$file" ]; then pid=$(head -1 "$file"); kill -QUIT "$pid"; fi
    done 2>/dev/null
    i=0; while [ $i -lt 50 ] && [ -f "$1/data/postmaster.pid" ]; do sleep 0.1; i=$((i + 1)); done
    cd /; rm -rf "$1""#;

/// The time that a server has to begin to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder that belongs to the user of the server, removed at the end, whatever ends this process.
struct Folder {
    path: PathBuf,
    owner: Option<(u32, u32)>,
    keeper: Child,
}

impl Folder {
    fn new() -> Result<Self, String> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("es-postgres-{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).map_err(|cause| format!("{} cannot be made: {cause}", path.display()))?;
        let owner = owner()?;
        if let Some((user, group)) = owner {
            chown(&path, Some(user), Some(group)).map_err(|cause| cause.to_string())?;
        }
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEP, "sh"]).arg(&path).current_dir(&path);
        let keeper = keeper.stdin(Stdio::piped()).process_group(0).spawn();
        let keeper = keeper.map_err(|cause| format!("`sh` does not run: {cause}"))?;
        Ok(Self { path, owner, keeper })
    }

    /// Returns a command that runs as the user of the server, which refuses to run as root.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.path);
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }

    /// Starts a program that runs until the folder goes; its output goes to a file of the folder.
    fn start(&self, mut command: Command, log: &str) -> Result<Child, String> {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.path.join(log));
        let log = log.map_err(|cause| cause.to_string())?;
        let errors = log.try_clone().map_err(|cause| cause.to_string())?;
        let started = command.stdin(Stdio::null()).stdout(log).stderr(errors).process_group(0).spawn();
        started.map_err(|cause| format!("{command:?} does not start: {cause}"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// A server. It stops when it is dropped, and when this process ends.
pub(crate) struct Server {
    folder: Folder,
    programs: PathBuf,
    port: u16,
    postmaster: Option<Child>,
}

impl Server {
    /// Makes a cluster with these lines in its settings, and starts its server; tells why it cannot.
    pub(crate) fn start(settings: &str) -> Result<Self, String> {
        let server = Self::prepared()?;
        let mut initdb = server.command("initdb");
        initdb.arg("-D").arg(server.data()).args(["-U", "es", "--auth=trust", "--no-sync", "--locale=C"]);
        succeed(initdb.arg("--encoding=UTF8"))?;
        server.configured(settings)
    }

    /// Makes a replica of this server, and starts it.
    #[allow(dead_code, reason = "not every program that includes this file needs it")]
    pub(crate) fn replica(&self) -> Result<Self, String> {
        let replica = Self::prepared()?;
        let mut copy = replica.command("pg_basebackup");
        copy.arg("-D").arg(replica.data()).args(["-R", "-X", "stream", "-c", "fast", "-d"]).arg(self.uri());
        succeed(&mut copy)?;
        replica.configured("hot_standby = on")
    }

    fn prepared() -> Result<Self, String> {
        let programs = programs().ok_or("no PostgreSQL was found; install it")?;
        Ok(Self { folder: Folder::new()?, programs, port: free_port()?, postmaster: None })
    }

    fn configured(mut self, settings: &str) -> Result<Self, String> {
        let (port, folder) = (self.port, self.folder.path.display());
        let settings = format!(
            "\nport = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{folder}'\n\
             max_connections = 300\nlog_min_messages = fatal\n{settings}\n"
        );
        let file = self.data().join("postgresql.conf");
        let known = fs::read_to_string(&file).map_err(|cause| cause.to_string())?;
        fs::write(&file, known + &settings).map_err(|cause| cause.to_string())?;
        self.run()?;
        Ok(self)
    }

    /// Returns a command for a program of the server, run as its user.
    pub(crate) fn command(&self, program: &str) -> Command {
        self.folder.command(self.programs.join(program))
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path.join("data")
    }

    /// Writes a file in the folder of the cluster, which only its user may read.
    #[allow(dead_code, reason = "not every program that includes this file needs it")]
    pub(crate) fn write(&self, name: &str, content: &str) -> std::io::Result<()> {
        let file = self.data().join(name);
        fs::write(&file, content)?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
        self.folder.owner.map_or(Ok(()), |(user, group)| chown(&file, Some(user), Some(group)))
    }

    pub(crate) fn uri(&self) -> String {
        format!("postgresql://es@127.0.0.1:{}/postgres", self.port)
    }

    #[allow(dead_code, reason = "not every program that includes this file needs it")]
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Starts the server, which was killed, and waits until it answers.
    pub(crate) fn run(&mut self) -> Result<(), String> {
        let began = Instant::now();
        loop {
            let mut postgres = self.command("postgres");
            postgres.arg("-D").arg(self.data());
            let mut child = self.folder.start(postgres, "log")?;
            loop {
                if by_hand_as(&self.uri(), "SELECT 1").is_ok() {
                    self.postmaster = Some(child);
                    return Ok(());
                }
                if began.elapsed() > PATIENCE {
                    let log = fs::read_to_string(self.folder.path.join("log")).unwrap_or_default();
                    return Err(format!("the server does not answer: {log}"));
                }
                thread::sleep(Duration::from_millis(20));
                if child.try_wait().is_ok_and(|ended| ended.is_some()) {
                    // Processes of the killed server still hold its memory.
                    break;
                }
            }
        }
    }

    /// Stops the server at once, as `pg_ctl stop -m immediate` does: sessions end in the middle of what they do, and the
    /// next start recovers.
    pub(crate) fn stop(&mut self) {
        let Some(mut postmaster) = self.postmaster.take() else { return };
        let _ = Command::new("kill").arg("-QUIT").arg(postmaster.id().to_string()).status();
        let _ = postmaster.wait();
    }

    /// Kills all processes of the server at once, as a crash of the machine would.
    #[allow(dead_code, reason = "not every program that includes this file needs it")]
    pub(crate) fn kill(&mut self) {
        let Some(mut postmaster) = self.postmaster.take() else { return };
        let parent = postmaster.id();
        let children = fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| {
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            let (_, after_name) = stat.rsplit_once(')')?;
            let of: u32 = after_name.split_whitespace().nth(1)?.parse().ok()?;
            (of == parent).then(|| entry.file_name().to_string_lossy().into_owned())
        });
        let all: Vec<String> = std::iter::once(parent.to_string()).chain(children).collect();
        let _ = Command::new("kill").arg("-9").args(all).stderr(Stdio::null()).status();
        let _ = postmaster.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// `PgBouncer` before a server. It stops when it is dropped, and when this process ends.
#[allow(dead_code, reason = "not every program that includes this file needs it")]
pub(crate) struct Pooler {
    port: u16,
    child: Child,
    _folder: Folder,
}

#[allow(dead_code, reason = "not every program that includes this file needs it")]
impl Pooler {
    /// Returns whether `PgBouncer` is installed.
    pub(crate) fn is_installed() -> bool {
        Self::program().is_some()
    }

    fn program() -> Option<&'static str> {
        ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"].into_iter().find(|file| Path::new(file).exists())
    }

    /// Starts `PgBouncer`, which gives each transaction a connection to the server; tells why it cannot.
    pub(crate) fn start(server: &Server) -> Result<Self, String> {
        Self::start_with(server, "")
    }

    /// Starts it with these lines in its settings.
    pub(crate) fn start_with(server: &Server, settings: &str) -> Result<Self, String> {
        let program = Self::program().ok_or("no PgBouncer was found; install it")?;
        let (folder, port) = (Folder::new()?, free_port()?);
        let more = settings;
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = any\npool_mode = transaction\nmax_client_conn = 500\n\
             default_pool_size = 20\nserver_login_retry = 0\npidfile = {folder}/pid\nlogfile = {folder}/log\n\
             {more}\n[users]\n",
            server.port,
            folder = folder.path.display(),
        );
        // Any client is the user of the server.
        let settings = settings.replace("* = host", "* = user=es host");
        let file = folder.path.join("pgbouncer.ini");
        fs::write(&file, settings).map_err(|cause| cause.to_string())?;
        let mut command = folder.command(program);
        command.arg(&file);
        let child = folder.start(command, "output")?;
        let pooler = Self { port, child, _folder: folder };
        let began = Instant::now();
        while by_hand_as(&pooler.uri(), "SELECT 1").is_err() {
            if began.elapsed() > PATIENCE {
                return Err("PgBouncer does not answer".to_owned());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(pooler)
    }

    pub(crate) fn uri(&self) -> String {
        format!("postgresql://es@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs statements on a connection of their own, and returns the first column of the last answer.
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

fn succeed(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|cause| format!("{command:?} does not run: {cause}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr)))
}

/// The variable that names the folder of the programs of another version.
const PROGRAMS: &str = "ES_POSTGRES_PROGRAMS";

/// Returns the folder of the server's programs.
fn programs() -> Option<PathBuf> {
    if let Some(named) = env::var_os(PROGRAMS) {
        return Some(named.into());
    }
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = installed.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders.extend(env::var_os("PATH").iter().flat_map(env::split_paths));
    folders.into_iter().find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

/// Returns the user and the group of the server, which refuses to run as root.
fn owner() -> Result<Option<(u32, u32)>, String> {
    if fs::metadata("/proc/self").is_ok_and(|found| found.uid() != 0) {
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

pub(crate) fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|cause| cause.to_string())?;
    listener.local_addr().map(|address| address.port()).map_err(|cause| cause.to_string())
}
