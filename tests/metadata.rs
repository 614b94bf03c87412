use es_runtime::Metadata;

use crate::account::open;

#[test]
fn pairs_are_read_by_name_and_the_last_one_counts() {
    let metadata = Metadata::new().with("channel", "web").with("channel", "app").with("device", "phone");
    assert_eq!(metadata.get("channel"), Some("app"));
    assert_eq!(metadata.get("Channel"), None);
    assert_eq!(metadata.iter().collect::<Vec<_>>(), [("channel", "app"), ("device", "phone")]);
}

#[test]
fn correlation_causation_and_actor_have_their_own_names() {
    let metadata = Metadata::new().with_correlation("c1").with_causation(7).with_actor("ann");
    assert_eq!(metadata.correlation(), Some("c1"));
    assert_eq!(metadata.causation(), Some("7"));
    assert_eq!(metadata.actor(), Some("ann"));
    let none = Metadata::new();
    assert_eq!((none.correlation(), none.causation(), none.actor()), (None, None, None));
}

#[test]
fn it_is_stored_as_pairs_by_name() {
    let metadata = Metadata::new().with_correlation("c1").with("b", "2").with("a", "1").with_actor("ann");
    let json = r#"{"a":"1","actor":"ann","b":"2","correlation":"c1"}"#;
    assert_eq!(serde_json::to_string(&metadata).unwrap(), json);
    assert_eq!(serde_json::from_str::<Metadata>(json).unwrap(), metadata);
    assert!(serde_json::from_str::<Metadata>(r#"{"a":1}"#).is_err());
}

#[test]
fn it_is_collected_from_pairs() {
    let metadata: Metadata = [("a", "1"), ("b", "2"), ("a", "3")].into_iter().collect();
    assert_eq!(metadata, Metadata::new().with("b", "2").with("a", "3"));
}

#[test]
fn none_is_empty() {
    assert!(Metadata::new().is_empty());
    assert_eq!(Metadata::new(), Metadata::default());
    assert!(!Metadata::new().with("", "").is_empty());
}

#[test]
fn a_recorded_event_has_none_of_its_own() {
    assert!(open().pending()[0].metadata().is_empty());
}
