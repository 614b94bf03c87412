//! `#[projection]`: which handler gets which row, with which arguments.

use es_runtime::clock::Timestamp;
use es_runtime::event::Topics;
use es_runtime::id::Position;
use es_runtime::projection::{
    Any, Async, Blocking, Handle, Handler, InMemory, Memory, Origin, Projection, ReadResult, Row,
};
use es_runtime::view::{self, AsyncTx, BlockingTx};
use es_runtime::{
    Application, Envelope, ErrorKind, Id, Metadata, Version, Wait, aggregate, event, mutator, projection,
};
use uuid::Uuid;

use crate::data_keys::keyed;
use crate::log::newer;

/// An event that booths and halls record.
#[event(topic = "projected.Cleaned")]
pub(crate) struct Cleaned {
    pub(crate) by: String,
}

#[aggregate(discard = pub(crate), aliases = ["Stand"])]
pub(crate) struct Booth {
    #[attribute(name = "host", aliases = ["owner"])]
    pub(crate) keeper: String,
    #[attribute]
    pub(crate) price: i64,
    pub(crate) seats: u64,
}

#[mutator(retired = ["Stand.Burned"])]
impl Booth {
    #[event(Pitched)]
    pub(crate) fn pitch(keeper: String) -> Self {
        Self { keeper, price: 0, seats: 0 }
    }

    #[event(Seated, aliases = ["booth-seated"])]
    pub(crate) fn seat(&mut self, seats: u64) {
        self.seats += seats;
    }

    #[event]
    fn cleaned(&mut self, _: &Cleaned) {
        self.seats = 0;
    }
}

#[aggregate(discard = pub(crate))]
pub(crate) struct Hall {
    #[attribute]
    pub(crate) keeper: String,
}

#[mutator]
impl Hall {
    #[event(Built)]
    pub(crate) fn build(keeper: String) -> Self {
        Self { keeper }
    }

    #[event]
    fn cleaned(&mut self, _: &Cleaned) {}
}

#[derive(Default)]
struct Lines(Vec<String>);

#[projection(Booth)]
impl Lines {
    #[event]
    fn pitched(&mut self, Pitched { keeper }: &Pitched) {
        self.add(format_args!("pitched by {keeper}"));
    }

    #[event]
    fn seated(&mut self, event: &Seated, version: Version, _: Id<Booth>) {
        self.add(format_args!("{} seats at {version}", event.seats));
    }

    #[event]
    fn cleaned(&mut self, event: &Cleaned, origin: &Origin<Booth>) {
        self.add(format_args!("cleaned by {} at {}", event.by, origin.version()));
    }

    #[attribute(keeper)]
    fn kept(&mut self, keeper: &str, _: &Metadata) {
        self.add(format_args!("kept by {keeper}"));
    }

    #[attribute(price)]
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "a handler is lent the value of the attribute")]
    fn priced(&mut self, price: &i64) -> view::Result {
        if *price < 0 {
            return Err("nobody pays for a seat".into());
        }
        self.add(format_args!("{price} a seat"));
        Ok(())
    }

    #[discarded]
    fn gone(&mut self, id: Id<Booth>, version: Version) {
        self.add(format_args!("gone at {version}, {}", id.to_string().len()));
    }

    #[forgotten]
    #[retired("Stand.Burned")]
    fn lost(&mut self, origin: &Origin<Booth>) {
        self.add(format_args!("lost at {}", origin.version()));
    }

    fn add(&mut self, line: std::fmt::Arguments<'_>) {
        self.0.push(line.to_string());
    }
}

fn in_memory<P: InMemory>(app: &Application, view: P) -> Handle<Memory<P>> {
    let handle = app.project(view).in_memory().start().wait().unwrap();
    handle.caught_up().wait().unwrap();
    handle
}

fn booth() -> Booth {
    let mut booth = Booth::pitch("Ann".into());
    booth.seat(4);
    booth.trigger(Cleaned { by: "Bob".into() });
    booth.set_keeper("Eve".into());
    booth.set_price(3);
    booth
}

#[test]
fn each_row_goes_to_the_method_that_takes_its_type() {
    let app = Application::open("memory:").wait().unwrap();
    let mut booth = booth();
    app.save(&mut booth).wait().unwrap();
    app.save(&mut booth.discard()).wait().unwrap();
    let expected =
        ["pitched by Ann", "4 seats at 2", "cleaned by Bob at 3", "kept by Eve", "3 a seat", "gone at 6, 36"];
    in_memory(&app, Lines::default()).read(|lines| assert_eq!(lines.0, expected));
}

#[test]
fn a_row_under_a_former_name_goes_to_the_same_method() {
    let app = Application::open("memory:").wait().unwrap();
    let id = Uuid::now_v7();
    newer(&app, id, 1, "Stand.Seated", "");
    newer(&app, id, 2, "booth-seated", "");
    newer(&app, id, 3, "Booth.Seated", "");
    let expected = ["4 seats at 1", "4 seats at 2", "4 seats at 3"];
    in_memory(&app, Lines::default()).read(|lines| assert_eq!(lines.0, expected));
}

#[test]
fn rows_of_a_retired_topic_have_a_method_of_their_own() {
    let app = Application::open("memory:").wait().unwrap();
    newer(&app, Uuid::now_v7(), 7, "Stand.Burned", "");
    in_memory(&app, Lines::default()).read(|lines| assert_eq!(lines.0, ["lost at 7"]));
}

#[test]
fn the_notice_of_forgetting_has_a_method_of_its_own() {
    let app = Application::builder("memory:").mapper(keyed()).open().wait().unwrap();
    let mut booth = booth();
    app.save(&mut booth).wait().unwrap();
    app.forget(booth.id()).wait().unwrap();
    in_memory(&app, Lines::default()).read(|lines| assert_eq!(lines.0, ["lost at 6"]));
}

#[test]
fn an_error_of_a_method_ends_the_view_under_the_name_of_the_method() {
    let app = Application::open("memory:").wait().unwrap();
    let mut booth = booth();
    booth.set_price(-1);
    app.save(&mut booth).wait().unwrap();
    let runner = app.project(Lines::default()).in_memory().open().wait().unwrap();
    let handle = runner.handle();
    let error = runner.run().wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    for part in ["`priced`", "nobody pays for a seat", "Booth.AttributeChanged[price]"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    handle.read(|lines| assert!(lines.0.len() <= 5, "{:?}", lines.0));
}

#[derive(Default)]
struct Cleanings(Vec<String>);

/// Of a shared event, an id picks the method; one without an id takes the events of any aggregate.
#[projection(Booth, Hall, ignore = [Pitched, Seated, Built, price])]
impl Cleanings {
    #[event]
    fn booth(&mut self, event: &Cleaned, _: Id<Booth>) {
        self.0.push(format!("booth by {}", event.by));
    }

    #[event]
    fn hall(&mut self, event: &Cleaned, _: &Origin<Hall>) {
        self.0.push(format!("hall by {}", event.by));
    }

    #[attribute(keeper)]
    fn keeper_of_a_booth(&mut self, keeper: &str, _: Id<Booth>) {
        self.0.push(format!("{keeper} keeps a booth"));
    }

    #[attribute(keeper)]
    fn keeper_of_a_hall(&mut self, keeper: &String, _: Id<Hall>) {
        self.0.push(format!("{keeper} keeps a hall"));
    }

    #[discarded]
    fn gone(&mut self, origin: &Origin<Any>) {
        let (booth, hall) = (origin.id_of::<Booth>().is_some(), origin.id_of::<Hall>().is_some());
        self.0.push(format!("{} is gone: {booth} {hall}", origin.aggregate()));
    }
}

#[derive(Default)]
struct AnyCleaning {
    by: Vec<(String, &'static str)>,
    at: Vec<(Timestamp, Position)>,
}

#[projection(Booth, Hall, ..)]
impl AnyCleaning {
    #[event]
    fn cleaned(
        &mut self,
        event: &Cleaned,
        position: Position,
        at: Timestamp,
        origin: &Origin<Any>,
        envelope: &Envelope,
    ) {
        assert_eq!((envelope.timestamp(), origin.time(), origin.position()), (at, at, position));
        assert_eq!((envelope.id(), envelope.version()), (origin.uuid(), origin.version()));
        self.by.push((event.by.clone(), origin.aggregate()));
        self.at.push((at, position));
    }
}

fn halls_and_booths() -> Application {
    let app = Application::open("memory:").wait().unwrap();
    let mut hall = Hall::build("Ann".into());
    hall.trigger(Cleaned { by: "Bob".into() });
    hall.set_keeper("Joe".into());
    app.save(&mut hall).wait().unwrap();
    app.save(&mut booth()).wait().unwrap();
    app.save(&mut hall.discard()).wait().unwrap();
    app
}

#[test]
fn a_shared_event_goes_to_the_method_of_its_aggregate() {
    let app = halls_and_booths();
    let expected =
        ["hall by Bob", "Joe keeps a hall", "booth by Bob", "Eve keeps a booth", "Hall is gone: false true"];
    in_memory(&app, Cleanings::default()).read(|view| assert_eq!(view.0, expected));
}

#[test]
fn a_method_without_an_id_takes_the_events_of_each_aggregate() {
    let app = halls_and_booths();
    in_memory(&app, AnyCleaning::default()).read(|view| {
        assert_eq!(view.by, [("Bob".to_owned(), "Hall"), ("Bob".to_owned(), "Booth")]);
        assert!(view.at[0] < view.at[1]);
    });
}

#[test]
fn two_dots_leave_out_even_events_of_a_newer_release() {
    let app = Application::open("memory:").wait().unwrap();
    newer(&app, Uuid::now_v7(), 1, "Booth.Painted", "");
    app.save(&mut booth()).wait().unwrap();
    in_memory(&app, AnyCleaning::default()).read(|view| assert_eq!(view.by.len(), 1));
    let all = app.project(Lines::default()).in_memory().open().wait().unwrap();
    assert!(all.run().wait().is_err(), "a view of all events does not pass one that it cannot know");
}

/// A transaction that keeps what is written.
#[derive(Default)]
struct PageTx(std::sync::Mutex<Vec<String>>);

impl PageTx {
    fn write(&self, line: String) -> view::Result {
        if line.contains("bad") {
            return Err("this line is refused".into());
        }
        self.0.lock().unwrap().push(line);
        Ok(())
    }
}

impl BlockingTx for PageTx {}
impl AsyncTx for PageTx {}

struct Page {
    prefix: &'static str,
}

#[projection(Booth, ignore = [Cleaned, price, discarded], name = "a page")]
impl Page {
    const TABLES: &str = "CREATE TABLE lines (line TEXT)";

    #[event]
    fn pitched(&self, tx_is_last: &Pitched, id: Id<Booth>, tx: &PageTx) -> view::Result {
        assert!(!id.to_string().is_empty());
        tx.write(format!("{} {}", self.prefix, tx_is_last.keeper))
    }

    #[event]
    fn seated(
        Seated { seats }: &Seated,
        tx: &PageTx,
        version: Version,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        tx.write(format!("{seats} at {version}"))
    }

    #[attribute(keeper)]
    fn kept(keeper: &str, tx: &PageTx) {
        tx.write(keeper.to_owned()).unwrap();
    }
}

struct AsyncPage {
    prefix: &'static str,
}

#[projection(Booth, ignore = [Cleaned, price, discarded])]
impl AsyncPage {
    const TABLES: &str = "";

    #[event]
    async fn pitched(&self, event: &Pitched, id: Id<Booth>, tx: &PageTx) -> view::Result {
        std::future::ready(id).await;
        tx.write(format!("{} {}", self.prefix, event.keeper))
    }

    #[event]
    async fn seated(event: &Seated, tx: &PageTx, origin: &Origin<Any>) -> view::Result {
        std::future::ready(tx).await;
        tx.write(format!("{} at {}", event.seats, origin.version()))
    }

    #[attribute(keeper)]
    async fn kept(keeper: &str, tx: &PageTx) {
        std::future::ready(()).await;
        tx.write(keeper.to_owned()).unwrap();
    }
}

/// A projection whose transaction is in memory.
struct Driven<P>(P, PageTx);

impl<P: Projection> Projection for Driven<P>
where
    Self: Send + Sync,
{
    const NAME: &'static str = P::NAME;
    const FINGERPRINT: u64 = P::FINGERPRINT;
    const SOURCES: &'static [Topics] = P::SOURCES;
    const HANDLERS: &'static [Handler] = P::HANDLERS;
    const IS_PARTIAL: bool = P::IS_PARTIAL;
    type Seen = P::Seen;

    fn read(source: usize, row: Row<'_>) -> ReadResult<P::Seen> {
        P::read(source, row)
    }
}

impl InMemory for Driven<Page> {
    fn apply(&mut self, handler: usize, seen: &Self::Seen) -> view::Result {
        Blocking::apply(&self.0, handler, seen, &self.1)
    }
}

impl InMemory for Driven<AsyncPage> {
    fn apply(&mut self, handler: usize, seen: &Self::Seen) -> view::Result {
        Async::apply(&self.0, handler, seen, &self.1).wait()
    }
}

fn lines<P>(app: &Application, view: P) -> Vec<String>
where
    Driven<P>: InMemory,
{
    let view = in_memory(app, Driven(view, PageTx::default()));
    view.read(|view| view.1.0.lock().unwrap().clone())
}

#[test]
fn a_view_in_a_database_is_lent_its_transaction_and_its_settings() {
    let app = Application::open("memory:").wait().unwrap();
    app.save(&mut booth()).wait().unwrap();
    let expected = ["by Ann", "4 at 2", "Eve"];
    assert_eq!(lines(&app, Page { prefix: "by" }), expected);
    assert_eq!(lines(&app, AsyncPage { prefix: "by" }), expected);
    assert_eq!((Page::NAME, AsyncPage::NAME), ("a page", "AsyncPage"));
    assert_eq!(<Page as Blocking>::TABLES, "CREATE TABLE lines (line TEXT)");
}

#[test]
fn a_view_in_a_database_returns_the_errors_of_its_methods() {
    let app = Application::open("memory:").wait().unwrap();
    app.save(&mut booth()).wait().unwrap();
    let blocking = app.project(Driven(Page { prefix: "bad" }, PageTx::default())).in_memory();
    let asynchronous = app.project(Driven(AsyncPage { prefix: "bad" }, PageTx::default())).in_memory();
    for error in [
        blocking.open().wait().unwrap().run().wait().unwrap_err(),
        asynchronous.open().wait().unwrap().run().wait().unwrap_err(),
    ] {
        assert!(error.to_string().contains("`pitched`: this line is refused"), "{error}");
    }
}

/// One block, in variations.
mod variations {
    macro_rules! variation {
        ($module:ident [$($argument:tt)*] $(#[$doc:meta])* $name:ident $amount:literal) => {
            pub(super) mod $module {
                use super::super::{Booth, Pitched};

                pub(crate) struct View(pub(crate) u64);

                #[es_runtime::projection(Booth, $($argument)* ..)]
                impl View {
                    $(#[$doc])*
                    #[event]
                    fn $name(&mut self, _: &Pitched) {
                        self.0 += $amount;
                    }
                }
            }
        };
    }

    variation!(plain [] pitched 1);
    variation!(same [] pitched 1);
    variation!(documented [] #[doc = "Counts."] pitched 1);
    variation!(other_body [] pitched 2);
    variation!(other_name [] count 1);
    variation!(newer [version = 2,] pitched 1);
}

#[test]
fn the_fingerprint_is_that_of_the_code() {
    use self::variations::{documented, newer, other_body, other_name, plain, same};

    let plain = plain::View::FINGERPRINT;
    assert_eq!([same::View::FINGERPRINT, documented::View::FINGERPRINT], [plain, plain]);
    for other in [other_body::View::FINGERPRINT, other_name::View::FINGERPRINT, newer::View::FINGERPRINT] {
        assert_ne!(other, plain);
    }
}

#[test]
fn a_view_in_a_file_is_written_through_the_driver() {
    use es_runtime::view::sqlite::Tx;

    struct Seats;

    #[projection(Booth, ..)]
    impl Seats {
        const TABLES: &str = "CREATE TABLE seats (id BLOB PRIMARY KEY, seats INTEGER NOT NULL) STRICT";

        #[event]
        fn pitched(_: &Pitched, id: Id<Booth>, tx: &Tx) -> view::Result {
            tx.run("INSERT INTO seats VALUES (?1, 0)", (id,))
        }

        #[event]
        fn seated(event: &Seated, id: Id<Booth>, tx: &Tx) -> view::Result {
            let seats = i64::try_from(event.seats)?;
            tx.run_one("UPDATE seats SET seats = seats + ?2 WHERE id = ?1", (id, seats))
        }
    }

    let folder = tempfile::tempdir().unwrap();
    let app = Application::open("memory:").wait().unwrap();
    app.save(&mut booth()).wait().unwrap();
    let seats = app.project(Seats).in_file(folder.path().join("seats.db")).start().wait().unwrap();
    seats.caught_up().wait().unwrap();
    let rows = seats.connect().unwrap();
    let sum: i64 = rows.query_row("SELECT sum(seats) FROM seats", (), |row| row.get(0)).unwrap();
    assert_eq!(sum, 4);
}
