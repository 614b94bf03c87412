//! Writes a crate with one aggregate, and a view with a handler for each of its events.
//!
//! Both crates make the aggregate with the macros. By hand, the view decodes a row as the aggregate's enum, and a `match`
//! calls the same methods.

use std::fmt::Write;

use crate::description::{Aggregate, Event};
use crate::files::Crate;
use crate::framework::blocks;

/// The place of a view.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    Memory,
    Blocking,
    Async,
}

pub(crate) const PLACES: [Place; 3] = [Place::Memory, Place::Blocking, Place::Async];

impl Place {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Memory => "in memory",
            Self::Blocking => "in a database with a blocking driver",
            Self::Async => "in a database with an async driver",
        }
    }
}

/// The drivers' stand-in: statements with a tuple of parameters, whose types the compiler has to look at.
const DRIVER: &str = r"//! A driver.

use std::fmt::Display;
use std::sync::Mutex;

use es_runtime::view::{AsyncTx, BlockingTx, Result};

#[derive(Default)]
pub struct Tx(Mutex<Vec<String>>);

impl BlockingTx for Tx {}
impl AsyncTx for Tx {}

impl Tx {
    pub fn run(&self, sql: &str, params: &[&dyn Display]) -> Result {
        let params: Vec<_> = params.iter().map(ToString::to_string).collect();
        self.0.lock().map_err(|error| error.to_string())?.push(sql.to_owned() + &params.concat());
        Ok(())
    }

    pub async fn execute(&self, sql: &str, params: &[&(dyn Display + Sync)]) -> Result {
        let params: Vec<_> = params.iter().map(ToString::to_string).collect();
        std::future::ready(()).await;
        self.0.lock().map_err(|error| error.to_string())?.push(sql.to_owned() + &params.concat());
        Ok(())
    }
}
";

/// Writes the crate.
pub(crate) fn write(
    name: &'static str,
    of: &Aggregate,
    place: Place,
    is_by_hand: bool,
    runtime: &str,
) -> Crate {
    let dependencies = format!(
        "es-runtime = {{ path = {runtime:?}, default-features = false, features = [\"macros\", \"testing\"] }}\n"
    );
    let mut made = Crate::new(name, &dependencies);
    let mut aggregate = String::new();
    blocks(&mut aggregate, of).expect("a string can be written to");
    made.file("aggregate", aggregate);
    made.file("driver", DRIVER.to_owned());
    made.file("view", view(of, place, is_by_hand).expect("a string can be written to"));
    made
}

fn view(of: &Aggregate, place: Place, is_by_hand: bool) -> Result<String, std::fmt::Error> {
    let Aggregate { name, events, .. } = of;
    let mut text = "use es_runtime::Id;\nuse crate::aggregate::*;\n".to_owned();
    if let Place::Memory = place {
        writeln!(text, "use std::collections::HashMap;\n")?;
        writeln!(text, "#[derive(Default)]\npub struct View {{\n    rows: HashMap<Id<{name}>, u64>,\n}}\n")?;
    } else {
        writeln!(text, "use es_runtime::view::Result;\nuse crate::driver::Tx;\n\npub struct View;\n")?;
    }
    if !is_by_hand {
        writeln!(text, "#[es_runtime::projection({name}, ignore = [discarded])]")?;
    }
    writeln!(text, "impl View {{")?;
    if !matches!(place, Place::Memory) {
        writeln!(text, "    pub const TABLES: &str = \"\";\n")?;
    }
    for event in events {
        handler(&mut text, name, event, place, is_by_hand)?;
    }
    writeln!(text, "}}\n")?;
    if is_by_hand {
        dispatch(&mut text, of, place)?;
    }
    // Without a caller, the compiler leaves out the bodies of futures.
    if let Place::Async = place {
        let (given, call, parameters) = if is_by_hand {
            ("", "view.apply(event, id, tx)", format!("event: &'a {name}Event, id: Id<{name}>"))
        } else {
            let seen = "handler: usize, seen: &'a <View as Projection>::Seen";
            (
                "use es_runtime::projection::{Async, Projection};\n",
                "view.apply(handler, seen, tx)",
                seen.to_owned(),
            )
        };
        writeln!(
            text,
            "use std::pin::Pin;\n{given}
pub fn boxed<'a>(view: &'a View, {parameters}, tx: &'a Tx) -> Pin<Box<dyn Future<Output = Result> + Send + 'a>> {{
    Box::pin({call})
}}"
        )?;
    }
    Ok(text)
}

fn handler(
    text: &mut String,
    of: &str,
    Event { name, command, .. }: &Event,
    place: Place,
    is_by_hand: bool,
) -> std::fmt::Result {
    if !is_by_hand {
        writeln!(text, "    #[event]")?;
    }
    let sql = format!("UPDATE rows SET {command} = {command} + 1 WHERE id = ?1");
    match place {
        Place::Memory => writeln!(
            text,
            "    fn {command}(&mut self, _: &{name}, id: Id<{of}>) {{
        *self.rows.entry(id).or_default() += 1;
    }}\n"
        ),
        Place::Blocking => writeln!(
            text,
            "    fn {command}(_: &{name}, id: Id<{of}>, tx: &Tx) -> Result {{
        tx.run({sql:?}, &[&id])
    }}\n"
        ),
        Place::Async => writeln!(
            text,
            "    async fn {command}(_: &{name}, id: Id<{of}>, tx: &Tx) -> Result {{
        tx.execute({sql:?}, &[&id]).await
    }}\n"
        ),
    }
}

/// Writes what `#[projection]` and the runtime would do.
fn dispatch(
    text: &mut String,
    Aggregate { name: of, events, .. }: &Aggregate,
    place: Place,
) -> std::fmt::Result {
    let event = format!("{of}Event");
    writeln!(text, "use es_runtime::event::EventSet;\n")?;
    writeln!(
        text,
        "pub fn read(topic: &str, version: u32, bytes: &[u8]) -> Option<serde_json::Result<{event}>> {{
    let mut data = serde_json::Deserializer::from_slice(bytes);
    {event}::decode(topic, version, &mut data)
}}\n\nimpl View {{"
    )?;
    let (head, call) = match place {
        Place::Memory => (format!("pub fn apply(&mut self, event: &{event}, id: Id<{of}>) {{"), ""),
        Place::Blocking => {
            (format!("pub fn apply(&self, event: &{event}, id: Id<{of}>, tx: &Tx) -> Result {{"), ", tx")
        }
        Place::Async => (
            format!("pub async fn apply(&self, event: &{event}, id: Id<{of}>, tx: &Tx) -> Result {{"),
            ", tx",
        ),
    };
    writeln!(text, "    {head}\n        match event {{")?;
    for Event { name, command, .. } in events {
        let (prefix, awaited) = match place {
            Place::Memory => ("self.", ""),
            Place::Blocking => ("Self::", ""),
            Place::Async => ("Self::", ".await"),
        };
        writeln!(text, "            {event}::{name}(event) => {prefix}{command}(event, id{call}){awaited},")?;
    }
    let rest = if let Place::Memory = place { "{}" } else { "Ok(())" };
    writeln!(text, "            _ => {rest},\n        }}\n    }}\n}}\n")?;
    Ok(())
}
