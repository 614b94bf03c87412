//! The functions that take any bytes: no panic, no endless run. The fuzzer calls them, and so does a bounded run of
//! the tests.

use std::ffi::OsString;
use std::sync::Arc;

use es_runtime::application::Builder;
use es_runtime::id::DataKeyId;
use es_runtime::mapper::{AesGcm, Codec, Key, Mapper, Zlib, Zstd};
use es_runtime::recorder::StoredEvent;
use es_runtime::recorder::{
    AggregateRecorder, Commit, MemoryRecorder, MemorySnapshots, SnapshotRecorder, SqliteOptions, StoredKey,
};
use es_runtime::{Application, Id, Version, Wait, aggregate, mutator};
use uuid::Uuid;

#[aggregate(aliases = ["Old"], retired = ["gone"])]
#[derive(Debug)]
pub(crate) struct Fuzzed {
    #[attribute]
    pub name: String,
    pub values: Vec<(i64, Option<f64>)>,
}

#[mutator(retired = ["Fuzzed.Retired"])]
impl Fuzzed {
    #[event(FuzzBegun)]
    pub fn begin(name: String) -> Self {
        Self { name, values: Vec::new() }
    }

    #[event(FuzzAdded)]
    pub fn add(&mut self, value: i64, more: Option<f64>, words: Vec<String>) {
        self.values.push((value, more));
    }
}

const TOPICS: [&str; 8] = [
    "Fuzzed.FuzzBegun",
    "Fuzzed.FuzzAdded",
    "Old.FuzzAdded",
    "Fuzzed.AttributeChanged",
    "Fuzzed.Discarded",
    "Fuzzed.Forgotten",
    "Fuzzed.Retired",
    "Unknown.Topic",
];

fn mappers() -> [Mapper; 5] {
    let key = Key::from_bytes(&[7; 32]).expect("32 bytes are a key");
    let small = || Mapper::new().with_largest_state(1 << 16);
    [
        small(),
        small().with_codec(Codec::MessagePack),
        small().with_compressor(Zlib::default()),
        small().with_compressor(Zstd::default()),
        small().with_cipher(AesGcm::new(&key)).allowing_clear_data(),
    ]
}

/// Reads the bytes as a row, under every topic and configuration; a row that is read can be written and read again.
pub(crate) fn mapper(data: &[u8]) {
    for mapper in mappers() {
        for topic in TOPICS {
            let row = StoredEvent::new(Uuid::nil(), Version::INITIAL, topic, data.to_vec()).unwrap();
            if let Ok(Some(event)) = mapper.decode::<FuzzedEvent>(&row) {
                let again = mapper.encode(&event).expect("an event that was read can be written");
                let read = mapper.decode::<FuzzedEvent>(&again).expect("a row that was written can be read");
                assert_eq!(read.map(|event| *event.envelope()), Some(*event.envelope()));
            }
        }
    }
}

/// Loads an aggregate whose data key, first event or snapshot are these bytes.
pub(crate) fn stored(data: &[u8]) {
    let key = Key::from_bytes(&[7; 32]).expect("32 bytes are a key");
    let id = Id::<Fuzzed>::from_uuid(Uuid::nil());
    let row = |state: &[u8], topic: &'static str| {
        StoredEvent::new(id.uuid(), Version::INITIAL, topic, state.to_vec()).unwrap()
    };
    let begun = br#"{"at":1,"data":{"name":"a"}}"#;
    for (event, wrapped) in [(b"\x01\x01\x00\x02".as_slice(), data), (data, &[]), (begun, &[])] {
        let mapper = Mapper::new().with_data_keys(AesGcm::new(&key)).allowing_clear_data();
        let (events, snapshots) = (Arc::new(MemoryRecorder::new()), Arc::new(MemorySnapshots::new()));
        // The application opens before the key is stored: it would refuse a key that it cannot read.
        let builder = Application::on(Arc::clone(&events) as _).mapper(mapper);
        let app = builder.snapshots_in(Arc::clone(&snapshots) as _).open().wait().expect("it can be opened");
        let stored = || StoredKey::new(id.uuid(), DataKeyId::from_bytes([7; 8]), wrapped.to_vec());
        let keys = if wrapped.is_empty() { Vec::new() } else { vec![stored()] };
        let commit = Commit::new(vec![row(event, TOPICS[0])]).with_keys(keys);
        events.append(commit).wait().expect("memory takes any row");
        snapshots.put(row(data, "Fuzzed")).wait().expect("memory takes any row");
        let loaded = app.get(id).wait();
        assert_eq!(app.get_at(id, 1).wait().is_ok(), loaded.is_ok());
        if wrapped.is_empty() && event == begun {
            // An unreadable snapshot does not stop the load.
            loaded.expect("there are still the events");
        }
    }
}

/// Opens the URI that the bytes are, unless it names a file.
pub(crate) fn uri(data: &[u8]) {
    let Ok(uri) = std::str::from_utf8(data) else { return };
    if uri.starts_with("sqlite:") && uri != "sqlite::memory:" {
        drop(uri.parse::<SqliteOptions>());
        return;
    }
    drop(Application::open(uri).wait());
}

/// Takes the bytes as an environment: lines of `NAME=value`, of which the first is the application's name.
pub(crate) fn environment(data: &[u8]) {
    let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let variables: Vec<(String, OsString)> = lines
        .iter()
        .skip(1)
        .filter_map(|line| {
            let at = line.iter().position(|byte| *byte == b'=')?;
            Some((text(&line[..at]), bytes_as_given(&line[at + 1..])))
        })
        .collect();
    let name = lines.first().map(|name| text(name)).unwrap_or_default();
    let found =
        |name: &str| variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    if let Err(error) = Builder::from_variables(&name, found) {
        assert!(!error.to_string().is_empty());
    }
}

/// Makes a value of a variable, which need not be text.
#[cfg(unix)]
fn bytes_as_given(bytes: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStringExt;
    OsString::from_vec(bytes.to_vec())
}

#[cfg(not(unix))]
fn bytes_as_given(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

/// The inputs from which mutations begin.
pub(crate) const SEEDS: [&[u8]; 16] = [
    br#"{"at":1,"data":{"name":"a"}}"#,
    br#"{"v":1,"at":-5,"meta":{"actor":"ann"},"data":{"value":1,"more":0.5,"words":["a","b"]}}"#,
    br#"{"at":1,"data":{"name":"name","value":"b"}}"#,
    br#"{"at":1,"data":{"name":"gone","value":[[[]]]}}"#,
    b"\x01\x01\x00\x00{\"at\":1,\"data\":{}}",
    b"\x01\x02\x00\x00\x82\xa2at\x01\xa4data\x81\xa4name\xa1a",
    b"\x01\x01\x01\x00\x78\x9c\xab\x56",
    b"\x01\x01\x02\x00\x28\xb5\x2f\xfd",
    b"\x01\x01\x00\x01abcdnonce-nonce-ciphertextciphertext",
    b"\x01\x01abcdnonce-nonce-ciphertextciphertextciphertextciphertextciphertext",
    br#"{"fp":1,"created":1,"at":1,"data":{"name":"a","values":[[1,0.5]]}}"#,
    b"memory:",
    b"sqlite::memory:",
    b"sqlite:bank.db?synchronous=normal&mode=ro&busy_timeout=5",
    b"bank\nBANK_PERSISTENCE=memory:\nCOMPRESSOR=zlib\nSNAPSHOT_EVERY=5\nTABLE_PREFIX=",
    b"\nPERSISTENCE=sqlite:x\nCIPHER_KEY=AAAAAAAAAAAAAAAAAAAAAA==\nCIPHER_KEYS_OLD=AAAA,BBBB\nCIPHER_DATA_KEYS=yes\nCIPHER_CLEAR_DATA=no",
];
