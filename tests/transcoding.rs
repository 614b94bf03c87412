//! Tagged values in all places where a field can stand: parameters, declared events, states.

use chrono::{DateTime, NaiveDate, Utc};
use es_runtime::mapper::{DateAsIso, DateTimeAsIso, Tagged, Transcoding, UuidAsHex};
use es_runtime::schema::shape;
use es_runtime::testing::{decode, encode, replay};
use es_runtime::{ErrorKind, aggregate, event, mutator};
use uuid::Uuid;

/// A type without serde, which only a transcoding can store.
#[derive(Clone, Debug, PartialEq)]
struct Money {
    cents: i64,
    currency: &'static str,
}

struct MoneyAsStr;

impl Transcoding for MoneyAsStr {
    type Value = Money;
    type Data = String;
    type Error = String;
    const NAME: &'static str = "money_str";

    fn encode(money: &Money) -> String {
        format!("{}.{:02} {}", money.cents / 100, money.cents % 100, money.currency)
    }

    fn decode(data: String) -> Result<Money, String> {
        let cents = data.strip_suffix(" EUR").and_then(|amount| amount.replace('.', "").parse().ok());
        let cents = cents.ok_or("not an amount of EUR")?;
        Ok(Money { cents, currency: "EUR" })
    }
}

#[event]
struct Shipped {
    #[serde(with = "es_runtime::mapper::Tagged::<DateTimeAsIso>")]
    at: DateTime<Utc>,
    parcels: Vec<Tagged<UuidAsHex>>,
}

#[aggregate]
struct Order {
    #[serde(with = "Tagged::<UuidAsHex>")]
    customer: Uuid,
    #[serde(with = "Tagged::<Option<DateTimeAsIso>>")]
    shipped: Option<DateTime<Utc>>,
    #[serde(with = "Tagged::<Vec<MoneyAsStr>>")]
    paid: Vec<Money>,
    #[attribute]
    due: Option<Tagged<DateAsIso>>,
}

#[mutator]
impl Order {
    #[event(Placed)]
    fn place(#[serde(with = "Tagged::<UuidAsHex>")] customer: Uuid) -> Self {
        Self { customer, shipped: None, paid: Vec::new(), due: None }
    }

    #[event(Paid)]
    fn pay(
        &mut self,
        #[serde(with = "es_runtime::mapper::Tagged::<MoneyAsStr>")] amount: Money,
        #[serde(with = "Tagged::<Option<UuidAsHex>>", default)] voucher: Option<Uuid>,
    ) {
        self.paid.push(amount);
    }

    #[event]
    fn shipped(&mut self, event: &Shipped) {
        self.shipped = Some(event.at);
    }
}

const ID: &str = "b2723fe2c01a40d2875ea3aac6a09ff5";

fn order() -> Order {
    let id: Uuid = ID.parse().unwrap();
    let mut order = Order::place(id);
    order.pay(Money { cents: 1050, currency: "EUR" }, Some(id));
    order.trigger(Shipped { at: "2025-11-20T12:00:00Z".parse().unwrap(), parcels: vec![Tagged(id)] });
    order.set_due(Some(Tagged(NaiveDate::from_ymd_opt(2025, 12, 24).unwrap())));
    order
}

#[test]
fn the_stored_forms() {
    let data: Vec<_> =
        order().pending().iter().map(|event| encode::<Order>(event.event()).data().to_owned()).collect();
    assert_eq!(
        data,
        [
            r#"{"customer":{"_type_":"uuid_hex","_data_":"b2723fe2c01a40d2875ea3aac6a09ff5"}}"#,
            r#"{"amount":{"_type_":"money_str","_data_":"10.50 EUR"},"voucher":{"_type_":"uuid_hex","_data_":"b2723fe2c01a40d2875ea3aac6a09ff5"}}"#,
            r#"{"at":{"_type_":"datetime_iso","_data_":"2025-11-20T12:00:00Z"},"parcels":[{"_type_":"uuid_hex","_data_":"b2723fe2c01a40d2875ea3aac6a09ff5"}]}"#,
            r#"{"name":"due","value":{"_type_":"date_iso","_data_":"2025-12-24"}}"#,
        ]
    );
}

#[test]
fn events_come_back() {
    let order = order();
    let again = replay::<Order>(order.pending().to_vec()).unwrap();
    assert_eq!(again.paid, [Money { cents: 1050, currency: "EUR" }]);
    assert_eq!(
        (again.customer, again.shipped, again.due.clone()),
        (order.customer, order.shipped, order.due.clone())
    );
    for event in order.pending() {
        let encoded = encode::<Order>(event.event());
        let decoded = decode::<Order>(encoded.topic(), encoded.version(), encoded.data()).unwrap();
        assert_eq!(encode::<Order>(&decoded), encoded);
    }
}

#[test]
fn states_are_stored_and_come_back() {
    let order = order();
    let json = serde_json::to_string::<OrderState>(&order).unwrap();
    assert_eq!(
        json,
        r#"{"customer":{"_type_":"uuid_hex","_data_":"b2723fe2c01a40d2875ea3aac6a09ff5"},"shipped":{"_type_":"datetime_iso","_data_":"2025-11-20T12:00:00Z"},"paid":[{"_type_":"money_str","_data_":"10.50 EUR"}],"due":{"_type_":"date_iso","_data_":"2025-12-24"}}"#
    );
    let state: OrderState = serde_json::from_str(&json).unwrap();
    assert_eq!(serde_json::to_string(&state).unwrap(), json);
}

#[test]
fn another_name_or_other_data_are_refused() {
    for (data, part) in [
        (
            r#"{"amount":{"_type_":"decimal_str","_data_":"10"}}"#,
            "tagged `decimal_str`, but the field takes `money_str`",
        ),
        (r#"{"amount":{"_type_":"money_str","_data_":"10"}}"#, "not an amount of EUR"),
        (r#"{"amount":"10.50 EUR"}"#, "expected a tagged value"),
    ] {
        let error = decode::<Order>("Order.Paid", 1, data).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Schema);
        assert!(error.to_string().contains(part), "{error}");
    }
    decode::<Order>("Order.Paid", 1, r#"{"amount":{"_type_":"money_str","_data_":"1.00 EUR"}}"#).unwrap();
}

#[test]
fn the_shape_shows_the_name_and_the_data() {
    assert_eq!(
        shape::trace::<Placed>().to_string(),
        "customer: struct\n\
         customer._data_: uuid\n\
         customer._type_: enum\n\
         customer._type_|uuid_hex: variant\n"
    );
    let paid = shape::trace::<Paid>().to_string();
    for line in
        ["voucher?: struct or null", "voucher._data_: uuid", "amount._data_: string like \"1.50 EUR\""]
    {
        assert!(paid.lines().any(|other| other == line), "no `{line}` in\n{paid}");
    }
}
