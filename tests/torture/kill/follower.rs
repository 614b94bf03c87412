//! The process that follows the log. Its file is both its record and its position: a line for each event, so that a
//! follower that is killed goes on behind its last whole line.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::{env, fs, thread, time::Duration};

use es_runtime::recorder::{LogRange, Notification, Position};
use es_runtime::{Application, Wait};

use super::mode::Mode;
use super::process::{FOLDER, MODE};

/// The follower's record.
pub(crate) const SEEN: &str = "seen";
/// The parent makes this file once no writer is left.
pub(crate) const END: &str = "end";

/// Reads the rows of the log behind a position, some at a time. All of this kind reads the log here.
pub(crate) fn read_behind(app: &Application, position: Option<Position>) -> Vec<Notification> {
    let range = LogRange::all().after(position).limit(1_000);
    app.recorder().select_log_dyn(range).wait().expect("the log can be read")
}

pub(crate) fn follow() {
    let setting = |name| env::var(name).expect("the parent has set it");
    let folder = setting(FOLDER);
    let folder = Path::new(&folder);
    let app = Mode::named(&setting(MODE)).open(folder);
    let (mut file, mut position) = go_on(&folder.join(SEEN));
    loop {
        let is_end = folder.join(END).exists();
        let rows = read_behind(&app, position);
        let Some(last) = rows.last() else {
            if is_end {
                return;
            }
            thread::sleep(Duration::from_micros(500));
            continue;
        };
        position = Some(last.position);
        let lines = rows.iter().fold(String::new(), |lines, row| lines + &line(row) + "\n");
        file.write_all(lines.as_bytes()).expect("the line is written");
    }
}

/// An event in the record.
pub(crate) fn line(row: &Notification) -> String {
    format!("{} {} {}", row.position, row.event.id, row.event.version)
}

/// Opens the record behind its last whole line, and returns the position of that.
fn go_on(path: &Path) -> (File, Option<Position>) {
    let text = fs::read_to_string(path).unwrap_or_default();
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    let file = OpenOptions::new().create(true).append(true).open(path).expect("the record can be opened");
    file.set_len(whole as u64).expect("a cut line can be removed");
    let last = text[..whole].lines().last().and_then(|line| line.split(' ').next()?.parse().ok());
    (file, last.and_then(Position::new))
}
