//! The file that keeps the figures of the last long run, a section for each kind.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io, thread};

use crate::kind::{Kind, Table};

/// Replaces the section of this kind, and leaves the others as they are.
pub(crate) fn keep(file: &Path, kind: &dyn Kind, minutes: f64, table: &Table) -> io::Result<()> {
    let text = fs::read_to_string(file)?;
    let mut sections = text.split("\n## ");
    let mut kept = sections.next().unwrap_or_default().trim_end().to_owned();
    let own = format!("`{}`", kind.name());
    let mut others: Vec<String> = sections
        .filter(|section| !section.starts_with(&own))
        .map(|text| text.trim_end().to_owned())
        .collect();
    others.push(section(kind, minutes, table));
    others.sort();
    for section in others {
        let _ = write!(kept, "\n\n## {section}");
    }
    fs::write(file, kept + "\n")
}

fn section(kind: &dyn Kind, minutes: f64, table: &Table) -> String {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let name = kind.name();
    let command = if cfg!(debug_assertions) {
        format!("TORTURE_MINUTES={minutes} TORTURE_KIND={name} cargo test -p es-tests --test torture")
    } else {
        format!("cargo xtask torture {minutes} {name}")
    };
    format!(
        "`{name}`\n\n{about}\n\n`{command}`, on {system} with {cores} cores:\n\n{table}",
        about = kind.about(),
        system = env::consts::OS,
    )
    .trim_end()
    .to_owned()
}
