use es_runtime::testing::{decode, encode};
use es_runtime::{ErrorKind, Event, aggregate, event, mutator};

#[event(aliases = ["TransferDone", "transfer-done"])]
struct TransferFinished {
    cents: u64,
}

#[event(topic = "transfer.failed")]
struct TransferFailed {}

#[aggregate(name = "Payment")]
struct Transfer {
    cents: u64,
}

#[mutator]
impl Transfer {
    #[event(Started)]
    fn start(cents: u64) -> Self {
        Self { cents }
    }

    #[event(Raised, topic = "payment.raised", aliases = ["Payment.Increased", "Payment.Raised"])]
    fn raise(&mut self, cents: u64) {
        self.cents += cents;
    }

    #[event]
    fn finished(&mut self, event: &TransferFinished) {
        self.cents = event.cents;
    }

    #[event]
    fn failed(&mut self, _event: &TransferFailed) {
        self.cents = 0;
    }
}

fn topic(event: &TransferEvent) -> &'static str {
    encode::<Transfer>(event).topic()
}

#[test]
fn a_made_event_is_stored_under_the_names_of_its_aggregate_and_its_own() {
    assert_eq!(crate::account::Deposited::TOPIC, "Account.Deposited");
    assert_eq!(topic(&TransferEvent::Started(Started { cents: 1 })), "Payment.Started");
}

#[test]
fn a_declared_event_is_stored_under_its_own_name() {
    assert_eq!(topic(&TransferEvent::TransferFinished(TransferFinished { cents: 1 })), "TransferFinished");
}

#[test]
fn a_topic_that_is_given_counts_as_it_stands() {
    assert_eq!(topic(&TransferEvent::Raised(Raised { cents: 1 })), "payment.raised");
    assert_eq!(topic(&TransferEvent::TransferFailed(TransferFailed {})), "transfer.failed");
}

#[test]
fn standard_events_are_stored_under_the_name_of_the_aggregate() {
    assert_eq!(topic(&TransferEvent::Discarded), "Payment.Discarded");
}

#[test]
fn older_topics_stay_readable() {
    for old in ["payment.raised", "Payment.Increased", "Payment.Raised"] {
        let event = decode::<Transfer>(old, 1, r#"{"cents":5}"#);
        assert!(matches!(event, Ok(TransferEvent::Raised(Raised { cents: 5 }))), "{old}");
    }
    for old in ["TransferFinished", "TransferDone", "transfer-done"] {
        let event = decode::<Transfer>(old, 1, r#"{"cents":5}"#);
        assert!(matches!(event, Ok(TransferEvent::TransferFinished(TransferFinished { cents: 5 }))), "{old}");
    }
}

#[test]
fn a_name_in_the_code_is_no_topic() {
    let unknown = [
        "Started",
        "Transfer.Started",
        "payment.started",
        "Payment.Started ",
        "Payment.TransferFinished",
        "TransferFailed",
        "Transfer.Discarded",
        "Discarded",
        "AttributeChanged",
        "",
    ];
    for topic in unknown {
        let error = decode::<Transfer>(topic, 1, r#"{"cents":5}"#).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownTopic, "{topic}");
        assert_eq!(
            error.to_string(),
            format!("`Payment` has no event `{topic}`; if it was renamed, keep the old topic in `aliases`")
        );
    }
}

#[test]
fn an_event_is_read_back_from_its_topic() {
    let mut transfer = Transfer::start(1);
    transfer.raise(2);
    transfer.trigger(TransferFinished { cents: 9 });
    transfer.trigger(TransferFailed {});
    assert_eq!(transfer.cents, 0);
    for recorded in transfer.pending() {
        let encoded = encode::<Transfer>(recorded.event());
        let decoded = decode::<Transfer>(encoded.topic(), encoded.version(), encoded.data()).unwrap();
        assert_eq!(encode::<Transfer>(&decoded), encoded);
    }
}
