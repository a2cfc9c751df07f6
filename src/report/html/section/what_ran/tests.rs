use super::*;

#[test]
fn a_broker_is_named_with_its_addresses_and_version() {
    let ran = |name: &str, addresses: &[&str], version: &str| BrokerRan {
        name: name.to_owned(),
        addresses: addresses.iter().map(|&address| address.to_owned()).collect(),
        mqtt_version: version.to_owned(),
    };
    assert_eq!(broker(&ran("main", &["a:1883", "b:1883"], "5")), "main (a:1883, b:1883, MQTT 5)");
    assert_eq!(broker(&ran("", &["mqtt://x"], "")), "mqtt://x");
}
