//! Encryption that an event's declaration demands or waives.

use std::sync::Arc;

use es_runtime::application::Batch;
use es_runtime::clock::Timestamp;
use es_runtime::event::Secrecy;
use es_runtime::mapper::{AesGcm, Key, Mapper};
use es_runtime::recorder::StoredEvent;
use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, CommitId, EventRange, LogRange, MemoryRecorder,
};
use es_runtime::testing::ManualClock;
use es_runtime::{
    Application, Error, ErrorKind, Event, EventSet, Id, Metadata, Registry, Version, Wait, aggregate, event,
    mutator,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[event(encrypted)]
struct Prescribed {
    drug: String,
}

#[event(clear, topic = "moved.to.ward")]
struct Moved {
    ward: String,
}

#[derive(Clone, Debug, EventSet)]
enum Treatment {
    Prescribed(Prescribed),
    Moved(Moved),
}

#[aggregate(aliases = ["Invalid"])]
#[derive(Debug)]
struct Patient {
    notes: Vec<String>,
}

#[mutator]
impl Patient {
    #[event(Admitted)]
    fn admit(name: String) -> Self {
        Self { notes: vec![name] }
    }

    #[event(Diagnosed, encrypted, aliases = ["Patient.Found"])]
    fn diagnose(&mut self, what: String) {
        self.notes.push(what);
    }

    #[event(Visited, clear)]
    fn visit(&mut self, what: String) {
        self.notes.push(what);
    }

    #[event]
    fn prescribed(&mut self, event: &Prescribed) {
        self.notes.push(event.drug.clone());
    }

    #[event]
    fn moved(&mut self, event: &Moved) {
        self.notes.push(event.ward.clone());
    }
}

fn cipher() -> AesGcm {
    AesGcm::new(&Key::from_bytes(&[7; 32]).unwrap())
}

fn encrypting() -> Mapper {
    Mapper::new().with_cipher(cipher())
}

fn treated() -> Patient {
    let mut patient = Patient::admit("Ann".into());
    patient.diagnose("flu".into());
    patient.visit("north".into());
    patient.trigger(Prescribed { drug: "tea".into() });
    patient.trigger(Moved { ward: "south".into() });
    patient
}

fn row_of<E: Event>(mapper: &Mapper, event: &E) -> Result<StoredEvent, Error> {
    let at = Timestamp::from_micros(1);
    mapper.encode_event(Uuid::from_u128(1), Version::from(2), at, &Metadata::new(), event)
}

fn in_clear(topic: &'static str, data: &str) -> StoredEvent {
    let state = format!(r#"{{"at":1,"data":{data}}}"#).into_bytes();
    StoredEvent::new(Uuid::from_u128(1), Version::from(2), topic, state).unwrap()
}

fn is_clear(row: &StoredEvent) -> bool {
    row.state.starts_with(b"{")
}

#[test]
fn an_event_knows_what_is_asked_of_it() {
    let registry = Registry::global().unwrap();
    for (topic, secrecy) in [
        ("Patient.Admitted", Secrecy::AsConfigured),
        ("Patient.Diagnosed", Secrecy::Encrypted),
        ("Patient.Found", Secrecy::Encrypted),
        ("Patient.Visited", Secrecy::Clear),
        ("Prescribed", Secrecy::Encrypted),
        ("moved.to.ward", Secrecy::Clear),
    ] {
        assert_eq!(registry.event(topic).unwrap().secrecy(), secrecy, "{topic}");
    }
    assert_eq!((Diagnosed::SECRECY, Moved::TYPE.secrecy()), (Secrecy::Encrypted, Secrecy::Clear));
}

#[test]
fn without_a_cipher_an_encrypted_event_is_not_written() {
    let app = Application::open("memory:").wait().unwrap();
    let error = app.save(&mut treated()).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    for part in
        ["a `Patient.Diagnosed`: ", "declared as `encrypted`", "`Mapper::with_cipher`", "`CIPHER_KEY`"]
    {
        assert!(error.to_string().contains(part), "{error}");
    }
    assert!(!format!("{error:?}").contains("flu"), "{error:?}");
    assert!(app.recorder().read_log(LogRange::all()).wait().unwrap().entries.is_empty());
    assert_eq!(
        row_of(&Mapper::new(), &Prescribed { drug: "tea".into() }).unwrap_err().kind(),
        ErrorKind::Config
    );
    // An event without such a declaration is saved.
    app.save(&mut Patient::admit("Ann".into())).wait().unwrap();
}

#[test]
fn an_event_is_encrypted_or_clear_as_it_asks() {
    let mapper = encrypting().with_clear_topics(["Patient.Diagnosed", "Prescribed"]);
    for mapper in [encrypting(), mapper] {
        let app = Application::builder("memory:").mapper(mapper).snapshots().open().wait().unwrap();
        let mut patient = treated();
        app.save(&mut patient).wait().unwrap();
        let rows = app.recorder().select(patient.id().uuid(), EventRange::all()).wait().unwrap().events;
        let clear: Vec<bool> = rows.iter().map(is_clear).collect();
        assert_eq!(clear, [false, false, true, false, true], "whatever the mapper leaves in clear");
        app.take_snapshot_at(patient.id(), 5).wait().unwrap();
        let again = app.get(patient.id()).wait().unwrap();
        assert_eq!(again.notes, ["Ann", "flu", "north", "tea", "south"]);
    }
}

#[test]
fn a_clear_row_of_an_encrypted_event_is_refused_by_every_mapper() {
    let refused = |result: Result<(), Error>, secret: &str| {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cipher, "{error}");
        assert!(error.to_string().contains("declared as `encrypted`"), "{error}");
        assert!(!format!("{error:?}").contains(secret), "{error:?}");
    };
    for mapper in [
        Mapper::new(),
        encrypting(),
        encrypting().allowing_clear_data(),
        encrypting().with_clear_topics(["Patient.Diagnosed", "Prescribed"]),
        Mapper::new().with_data_keys(cipher()).allowing_clear_data(),
    ] {
        // The rule holds also under the other names of event and aggregate, and in a frame.
        for topic in ["Patient.Diagnosed", "Patient.Found", "Invalid.Diagnosed"] {
            let mut row = in_clear(topic, r#"{"what":"flu"}"#);
            refused(mapper.decode::<PatientEvent>(&row).map(drop), "flu");
            row.state = [&[1, 1, 0, 0][..], &row.state].concat();
            refused(mapper.decode::<PatientEvent>(&row).map(drop), "flu");
        }
        refused(
            mapper.decode_event::<Diagnosed>(&in_clear("Patient.Diagnosed", r#"{"what":"flu"}"#)).map(drop),
            "flu",
        );
        let row = in_clear("Prescribed", r#"{"drug":"tea"}"#);
        refused(mapper.decode_event::<Prescribed>(&row).map(drop), "tea");
        refused(mapper.decode::<Treatment>(&row).map(drop), "tea");
        refused(mapper.decode::<PatientEvent>(&row).map(drop), "tea");
    }
}

#[test]
fn a_clear_event_is_read_in_clear_and_encrypted() {
    /// The event before it was declared as clear. Written by hand, so that the registry knows one event of the topic.
    #[derive(Clone, Debug, Serialize, Deserialize)]
    struct Before {
        ward: String,
    }
    impl Event for Before {
        const NAME: &'static str = "Moved";
        const TOPIC: &'static str = "moved.to.ward";
    }
    let encrypted = row_of(&encrypting(), &Before { ward: "south".into() }).unwrap();
    let clear = row_of(&encrypting(), &Moved { ward: "south".into() }).unwrap();
    assert_eq!([is_clear(&encrypted), is_clear(&clear)], [false, true]);
    for row in [encrypted, clear] {
        assert_eq!(encrypting().decode_event::<Moved>(&row).unwrap().event().ward, "south");
        assert!(matches!(
            encrypting().decode::<Treatment>(&row).unwrap().unwrap().event(),
            Treatment::Moved(_)
        ));
        assert!(encrypting().decode::<PatientEvent>(&row).unwrap().is_some());
    }
    // Other events must not be clear.
    let error =
        encrypting().decode::<PatientEvent>(&in_clear("Patient.Admitted", r#"{"name":"Ann"}"#)).map(drop);
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Cipher);
}

#[test]
fn an_aggregate_with_clear_events_by_choice_can_be_forgotten() {
    let recorder = Arc::new(MemoryRecorder::new());
    let app = |mapper| Application::on(Arc::clone(&recorder) as _).mapper(mapper).open().wait().unwrap();
    let keyed = app(Mapper::new().with_data_keys(cipher()));
    let mut patient = treated();
    keyed.save(&mut patient).wait().unwrap();
    keyed.forget(patient.id()).wait().unwrap();
    assert_eq!(keyed.get(patient.id()).wait().map(drop).unwrap_err().kind(), ErrorKind::Forgotten);
}

#[test]
fn a_commit_with_encrypted_events_is_known_again_when_it_is_made_anew() {
    let _clock = ManualClock::default().install();
    let app = Application::builder("memory:").mapper(encrypting()).open().wait().unwrap();
    let (id, commit) = (Id::new(), CommitId::from_key("a request"));
    for round in 0..2 {
        let mut patient = Patient::admit_with_id(id, "Ann".into());
        patient.diagnose("flu".into());
        let receipt = app.save(Batch::new().commit_id(commit).add(&mut patient)).wait().unwrap();
        assert_eq!(receipt.is_repeated(), round > 0);
        if round > 0 {
            // Another writer may have stored the event: the patient goes on from the stored state.
            let mut patient = app.get(id).wait().unwrap();
            patient.diagnose("cold".into());
            app.save(&mut patient).wait().unwrap();
        }
    }
    assert_eq!(app.get(id).wait().unwrap().notes, ["Ann", "flu", "cold"]);
}
