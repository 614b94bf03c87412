//! The commands, each a list of cargo calls in one target folder.

use std::env;
use std::path::Path;
use std::process::Command;

use crate::part::{Part, this_program};
use crate::run::{Failed, run, run_aside, together};
use crate::setup;

/// The features of es-runtime that `ci` checks one at a time.
const FEATURES: &[&str] = &[
    "macros",
    "sqlite",
    "postgres",
    "postgres-tls",
    "testing",
    "conformance",
    "msgpack",
    "own-codec",
    "zlib",
    "zstd",
    "aes",
    "chrono",
    "jiff",
    "time",
    "tracing",
];

/// The benchmarks.
pub(crate) const BENCHES: &[&str] = &["domain", "store", "postgres", "wakeup", "rebuild", "compile_time"];

/// The tests, and the benches in their small form, whose figures say nothing.
const TESTS: &[&str] = &["test", "--workspace", "--all-features", "--all-targets", "--locked"];

/// Sets up, then runs every test.
pub(crate) fn test() -> Result<(), Failed> {
    setup::programs()?;
    cargo(TESTS)?;
    doc_tests()?;
    hello()
}

/// Runs everything that a change has to pass.
pub(crate) fn ci() -> Result<(), Failed> {
    let this_program = this_program();
    let tests_of = |part: Part| cargo(&[TESTS, &["--config", &part.setting(&this_program)]].concat());
    cargo(&["fmt", "--all", "--", "--check"])?;
    cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--locked",
        "--",
        "--deny",
        "warnings",
    ])?;
    setup::programs()?;
    cargo(&[TESTS, &["--no-run"]].concat())?;
    // A check of one feature, or of the docs, keeps only one core busy.
    let compiling = || tests_of(Part::Compiling).and_then(|()| doc_tests()).and_then(|()| hello());
    together(compiling, || each_feature().and_then(|()| docs()))?;
    // These have the machine to themselves: many of them judge by the clock.
    tests_of(Part::Rest)
}

fn doc_tests() -> Result<(), Failed> {
    cargo(&["test", "--workspace", "--all-features", "--locked", "--doc"])?;
    // A user may have the default features only, so the doc tests must pass with those too.
    cargo(&["test", "--package", "es-runtime", "--locked", "--doc"])
}

fn hello() -> Result<(), Failed> {
    cargo(&["run", "--quiet", "--package", "es-examples", "--example", "hello", "--locked"])
}

/// Runs benchmarks by name; they print ratios and judge nothing.
pub(crate) fn bench(names: &[&str]) -> Result<(), Failed> {
    names
        .iter()
        .try_for_each(|name| cargo(&["bench", "--package", "es-benches", "--bench", name, "--locked"]))
}

/// Runs the torture for `minutes`, of all kinds or one, and keeps the figures in the repository.
pub(crate) fn torture(minutes: f64, kind: Option<&str>) -> Result<(), Failed> {
    setup::programs()?;
    let args = ["test", "--package", "es-tests", "--test", "torture", "--release", "--locked"];
    let mut command = cargo_command(&args);
    command
        .env("TORTURE_MINUTES", minutes.to_string())
        .env("TORTURE_KIND", kind.unwrap_or_default())
        .env("TORTURE_FIGURES", workspace().join("tests/torture/figures.md"));
    run("cargo test --release --test torture", &mut command)
}

fn each_feature() -> Result<(), Failed> {
    let check = |features: &[&str]| {
        let fixed = ["clippy", "--package", "es-runtime", "--locked", "--no-default-features"];
        let args: Vec<_> =
            fixed.iter().chain(features).chain(&["--", "--deny", "warnings"]).copied().collect();
        run_aside(&named(&args), &mut cargo_command(&args))
    };
    check(&[])?;
    FEATURES.iter().try_for_each(|feature| check(&["--features", feature]))
}

fn docs() -> Result<(), Failed> {
    let args = ["doc", "--workspace", "--all-features", "--no-deps", "--document-private-items", "--locked"];
    run_aside("cargo doc", cargo_command(&args).env("RUSTDOCFLAGS", "--deny warnings"))
}

fn cargo(args: &[&str]) -> Result<(), Failed> {
    run(&named(args), &mut cargo_command(args))
}

fn named(args: &[&str]) -> String {
    format!("cargo {}", args.join(" "))
}

fn cargo_command(args: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(workspace());
    command
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}
