//! A process saves while its disk fails, now in this way and now in that, and works again in between: each failure is
//! told as what it is, saving goes on, what was acknowledged is there, and what was told not to be stored is not.
//!
//! The disk is [a library](disk.c) between the process and the system, which the C compiler makes on the spot.

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
