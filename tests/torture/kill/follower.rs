//! The process that follows the log. Its file is both its record and its mark: it has a line for each event, and a
//! follower that starts again goes on behind the last whole line.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::{env, fs, thread, time::Duration};

use es_runtime::recorder::{ApplicationRecorder, CommitId, LogPage, LogRange, Mark, Notification, Position};
use es_runtime::{Application, Wait};

use super::mode::Mode;
use super::process::{FOLDER, MODE};

/// The name of the follower's record.
pub(crate) const SEEN: &str = "seen";
/// The name of a file that the parent makes once no writer is left.
pub(crate) const END: &str = "end";

/// Reads the rows of the log behind a mark, some at a time. All processes of this kind read the log here.
pub(crate) fn read_behind(app: &Application, place: Option<Mark>) -> LogPage {
    app.recorder().read_log(LogRange::all().after(place).limit(1_000)).wait().expect("the log can be read")
}

/// Writes an event as a line of the record.
pub(crate) fn line(row: &Notification) -> String {
    let (mark, event) = (row.mark(), &row.event);
    format!("{} {} {} {}", mark.position(), mark.commit(), event.id, event.version)
}

pub(crate) fn follow() {
    let setting = |name| env::var(name).expect("the parent has set it");
    let folder = setting(FOLDER);
    let folder = Path::new(&folder);
    let app = Mode::named(&setting(MODE)).open(folder);
    let (mut file, mut place) = go_on(&folder.join(SEEN));
    loop {
        let is_end = folder.join(END).exists();
        let page = read_behind(&app, place);
        if page.entries.is_empty() {
            if is_end {
                return;
            }
            thread::sleep(Duration::from_micros(500));
            continue;
        }
        place = page.through;
        let lines = page.entries.iter().fold(String::new(), |lines, row| lines + &line(row) + "\n");
        file.write_all(lines.as_bytes()).expect("the line is written");
    }
}

/// Opens the record behind its last whole line, and returns that line's mark.
fn go_on(path: &Path) -> (File, Option<Mark>) {
    let text = fs::read_to_string(path).unwrap_or_default();
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    let file = OpenOptions::new().create(true).append(true).open(path).expect("the record can be opened");
    file.set_len(whole as u64).expect("a cut line can be removed");
    let place = text[..whole].lines().last().and_then(|line| {
        let (position, rest) = line.split_once(' ')?;
        let commit = rest.split(' ').next()?.parse().ok()?;
        Some(Mark::new(Position::new(position.parse().ok()?)?, CommitId::from_uuid(commit)))
    });
    (file, place)
}
