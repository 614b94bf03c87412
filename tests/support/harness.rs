//! Runs tests that need a server: filters, threads and report as of the built-in harness.
//!
//! A test of the built-in harness cannot be left out while it runs. Here the program looks for the server first, and
//! reports the tests that it leaves out.

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A test with its name.
pub(crate) struct Test {
    pub(crate) name: String,
    pub(crate) run: Box<dyn Fn() + Send + Sync>,
}

impl Test {
    pub(crate) fn new(name: impl Into<String>, run: impl Fn() + Send + Sync + 'static) -> Self {
        Self { name: name.into(), run: Box::new(run) }
    }
}

/// Makes tests of functions, named as their paths.
macro_rules! tests {
    ($($($path:ident)::+),+ $(,)?) => {
        vec![$($crate::harness::Test::new(stringify!($($path)::+).replace(' ', ""), $($path)::+)),+]
    };
}
pub(crate) use tests;

/// The arguments that this harness knows.
struct Arguments {
    filters: Vec<String>,
    skipped: Vec<String>,
    is_exact: bool,
    lists: bool,
    threads: usize,
}

impl Arguments {
    fn read() -> Self {
        let mut made =
            Self { filters: Vec::new(), skipped: Vec::new(), is_exact: false, lists: false, threads: 4 };
        let mut left = env::args().skip(1);
        while let Some(argument) = left.next() {
            let (name, value) = argument
                .split_once('=')
                .map_or((&*argument, None), |(name, value)| (name, Some(value.to_owned())));
            match name {
                "--exact" => made.is_exact = true,
                "--list" => made.lists = true,
                "--skip" => made.skipped.extend(value.or_else(|| left.next())),
                "--test-threads" => {
                    let threads = value.or_else(|| left.next()).and_then(|text| text.parse().ok());
                    made.threads = threads.unwrap_or(made.threads);
                }
                name if name.starts_with('-') => {}
                _ => made.filters.push(argument),
            }
        }
        made
    }

    fn wants(&self, name: &str) -> bool {
        let is = |text: &String| if self.is_exact { name == text } else { name.contains(&**text) };
        (self.filters.is_empty() || self.filters.iter().any(is)) && !self.skipped.iter().any(is)
    }
}

/// Runs the tests that the arguments name, unless `server` tells why there is none.
pub(crate) fn run(tests: Vec<Test>, server: impl FnOnce() -> Result<(), String>) -> ExitCode {
    let arguments = Arguments::read();
    let wanted: Vec<Test> = tests.into_iter().filter(|test| arguments.wants(&test.name)).collect();
    if arguments.lists {
        for test in &wanted {
            println!("{}: test", test.name);
        }
        return ExitCode::SUCCESS;
    }
    if wanted.is_empty() {
        println!("\nno test has such a name");
        return ExitCode::SUCCESS;
    }
    if let Err(why) = server() {
        for test in &wanted {
            println!("test {} ... left out", test.name);
        }
        println!("\nleft out {} tests: {why}", wanted.len());
        return ExitCode::SUCCESS;
    }
    let (began, next, failed) = (Instant::now(), AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..arguments.threads.max(1) {
            scope.spawn(|| {
                while let Some(test) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let began = Instant::now();
                    let is_well = catch_unwind(AssertUnwindSafe(|| (test.run)())).is_ok();
                    let took = began.elapsed();
                    let slow =
                        if took > Duration::from_secs(5) { format!(" ({took:.1?})") } else { String::new() };
                    println!("test {} ... {}{slow}", test.name, if is_well { "ok" } else { "FAILED" });
                    if !is_well {
                        failed.lock().unwrap().push(&*test.name);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    println!("\n{} passed, {} failed, in {:.1?}", wanted.len() - failed.len(), failed.len(), began.elapsed());
    if failed.is_empty() {
        return ExitCode::SUCCESS;
    }
    for name in &failed {
        println!("    {name}");
    }
    ExitCode::FAILURE
}
