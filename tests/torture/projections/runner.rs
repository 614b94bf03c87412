//! A process that projects: it starts, stops, drains and rebuilds one view, again and again, beside another process that
//! does the same.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use es_runtime::projection::{BatchSize, Project, ProjectIn, Projection};
use es_runtime::view::postgres::Schema;
use es_runtime::{Application, Error, ErrorKind, Wait};

use super::place::{INLINE, schema};
use super::process::{END, VIEW};
use super::view::{Sums, SumsInSchema};
use crate::kind::{end_with_the_first_panic, number_of, setting};
use crate::random::Random;
use crate::subscriptions::{FOLDER, NUMBER, URI, open, persist, work_with};

/// The views: the name, which is that of the file or the end of that of the schema, and the number of workers.
pub(crate) const VIEWS: [(&str, u16); 2] = [("by one", 1), ("by three", 3)];

pub(crate) fn project() {
    end_with_the_first_panic();
    let (folder, uri, view) = (PathBuf::from(setting(FOLDER)), setting(URI), setting(VIEW));
    let (_, workers) = VIEWS.into_iter().find(|(name, _)| *name == view).expect("it is a view");
    let number = number_of(NUMBER);
    let record = OpenOptions::new().create_new(true).append(true).open(folder.join(format!("{number}.done")));
    let record = record.expect("the record can be made");
    let mut runner = Runner { record, random: Random::new(number << 8), is_end: folder.join(END), workers };
    if uri.starts_with("postgresql") {
        let schema = Schema::at(&uri, &schema(&uri, &view)).expect("it is a schema");
        runner.run(&uri, |app, manner| manner.of(app.project(SumsInSchema)).in_schema(schema.clone()));
    } else {
        let file = folder.join(view);
        runner.run(&uri, |app, manner| manner.of(app.project(Sums)).in_file(&file));
    }
}

/// Writes, and keeps a view inline.
pub(crate) fn write() {
    work_with(|app| {
        let uri = setting(URI);
        let started = persist(|| {
            if uri.starts_with("postgresql") {
                let view = app.project(SumsInSchema).inline_in_schema(&schema(&uri, INLINE))?;
                view.start().wait().map(drop)
            } else {
                app.project(Sums).inline()?.start().wait().map(drop)
            }
        });
        started.expect("the inline view starts");
    });
}

/// The settings of a runner.
#[derive(Clone, Copy)]
struct Manner {
    workers: u16,
    batch: BatchSize,
    look: Duration,
}

impl Manner {
    fn of<P: Projection>(self, project: Project<P>) -> Project<P> {
        project.workers(self.workers).batch(self.batch).look_every(self.look)
    }
}

struct Runner {
    record: File,
    random: Random,
    /// The file that says that the log is whole.
    is_end: PathBuf,
    workers: u16,
}

impl Runner {
    fn run<V: Clone + Send + Sync + 'static>(
        &mut self,
        uri: &str,
        project: impl Fn(&Application, Manner) -> ProjectIn<V>,
    ) {
        while !self.is_end.exists() {
            let app = open(uri);
            let manner = self.manner();
            self.live(|| project(&app, manner));
            app.close();
        }
        let app = open(uri);
        let manner = self.manner();
        let view = persist(|| project(&app, manner).start().wait());
        let drained = view.and_then(|view| persist(|| view.drain().wait()));
        self.note_end("drained", drained);
        app.close();
    }

    fn manner(&mut self) -> Manner {
        let batch = BatchSize::new().events(*self.random.pick(&[1, 7, 50, 1_000]).expect("there are some"));
        let batch = if self.random.chance(3) { batch.time(Duration::from_millis(1)) } else { batch };
        let look = Duration::from_millis(10 + self.random.below(60));
        Manner { workers: self.workers, batch, look }
    }

    /// Projects for a short while, perhaps with a rebuild beside.
    fn live<V: Clone + Send + Sync + 'static>(&mut self, project: impl Fn() -> ProjectIn<V>) {
        let life = Duration::from_millis(20 + self.random.below(500));
        let view = match persist(|| project().start().wait()) {
            Ok(view) => view,
            Err(error) => return self.failed("start", &error),
        };
        if self.random.chance(4) {
            self.note("rebuild");
            let rebuild = project().rebuild();
            let ended = thread::scope(|scope| {
                let ended = scope.spawn(move || rebuild.wait());
                thread::sleep(life);
                ended.join().expect("it does not panic")
            });
            match ended {
                Ok(()) => self.note("rebuilt"),
                Err(error) if is_of_two(&error) => self.note("given up"),
                Err(error) => self.failed("rebuild", &error),
            }
        } else {
            thread::sleep(life);
        }
        match self.random.below(3) {
            0 => self.note_end("stopped", view.stop().wait()),
            1 => self.note_end("drained", persist(|| view.drain().wait())),
            // The application is closed, as at the end of a program that stops nothing.
            _ => {}
        }
    }

    fn note_end(&mut self, how: &str, end: Result<(), Error>) {
        match end {
            Ok(()) => self.note(how),
            // A stop ends the attempts that such an error leads to.
            Err(error) if how == "stopped" && error.is_transient() => self.note(how),
            Err(error) => self.failed(how, &error),
        }
    }

    fn failed(&mut self, doing: &str, error: &Error) {
        println!("failed: {} workers at `{doing}` as {:?}: {error}", self.workers, error.kind());
        self.note("failed");
    }

    fn note(&mut self, line: &str) {
        self.record.write_all(format!("{line}\n").as_bytes()).expect("the line is written");
    }
}

/// Returns whether a rebuild may end so since the process beside has rebuilt the view, and removed the new rows of both;
/// or since a connection is cut.
fn is_of_two(error: &Error) -> bool {
    error.is_transient() || matches!(error.kind(), ErrorKind::Schema | ErrorKind::InProgress)
}
