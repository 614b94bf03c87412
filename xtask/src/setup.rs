//! Installs the programs that the tests need and the machine lacks.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::run::{Failed, run};

/// A program, and the Debian package that holds it.
const NEEDED: &[(&str, &str)] = &[("cc", "gcc")];

/// Servers: the place where Debian puts each, its package, and the variable that names another one instead.
const SERVERS: &[(&str, &str, Option<&str>)] = &[
    ("/usr/lib/postgresql", "postgresql", Some("ES_POSTGRES_URL")),
    ("/usr/sbin/pgbouncer", "pgbouncer", None),
];

/// Installs the missing programs through apt-get.
///
/// # Errors
///
/// If a program is missing and cannot be installed: a test that needs it would fail later, and less clearly.
pub(crate) fn programs() -> Result<(), Failed> {
    let mut missing: Vec<_> = NEEDED.iter().filter(|(program, _)| !answers(program)).copied().collect();
    // Elsewhere than on Debian, the tests report that they leave out a server that they do not find.
    if answers("apt-get") {
        let is_missing = |path: &str, instead: Option<&str>| {
            !Path::new(path).exists() && instead.is_none_or(|variable| env::var_os(variable).is_none())
        };
        missing.extend(
            SERVERS
                .iter()
                .filter(|(path, _, instead)| is_missing(path, *instead))
                .map(|(path, package, _)| (*path, *package)),
        );
    }
    if missing.is_empty() {
        return Ok(());
    }
    for (program, package) in &missing {
        println!("`{program}` is missing: installing the package `{package}`");
    }
    run("apt-get update", &mut apt_get(&["update"]))?;
    let packages = missing.iter().map(|(_, package)| *package);
    let args: Vec<_> = ["install", "--yes", "--no-install-recommends"].into_iter().chain(packages).collect();
    run("apt-get install", &mut apt_get(&args))
}

fn answers(program: &str) -> bool {
    let asked = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

fn apt_get(args: &[&str]) -> Command {
    // Root needs no sudo, and a bare machine may not have it.
    let mut command = if answers("sudo") { Command::new("sudo") } else { Command::new("apt-get") };
    if command.get_program() == "sudo" {
        command.arg("apt-get");
    }
    command.args(args).env("DEBIAN_FRONTEND", "noninteractive");
    command
}
