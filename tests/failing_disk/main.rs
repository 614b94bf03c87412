//! A process saves while its disk fails, now in this way and now in that, and works again in between. Each failure has
//! the right error, saving goes on, acknowledged saves are there, and refused ones are not.
//!
//! The disk is [a library](disk.c) between the process and the system, which the test builds with the C compiler.

#[cfg(target_os = "linux")]
mod child;
#[cfg(target_os = "linux")]
mod cue;
#[cfg(target_os = "linux")]
mod look;
#[cfg(target_os = "linux")]
mod parent;
#[cfg(target_os = "linux")]
mod process;

#[cfg(target_os = "linux")]
fn main() {
    match std::env::var_os(process::FILE) {
        Some(file) => child::save_until_told(std::path::Path::new(&file)),
        None => parent::run(),
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("test needs Linux, where a library can stand between a process and its disk ... ignored");
}
