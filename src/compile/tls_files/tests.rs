use super::*;

#[test]
fn a_part_is_whole_or_none() {
    let key = "-----BEGIN PRIVATE KEY-----\r\nAAEC\r\nAw==\r\n-----END PRIVATE KEY-----\r\n";
    let labels = ["CERTIFICATE", "PRIVATE KEY"];
    for (pem, expected) in [
        (key.to_owned(), true),
        (format!("Bag Attributes\n{key}"), true),
        (key.replace("-----END PRIVATE KEY-----\r\n", ""), false),
        (key.replace("END PRIVATE", "END PUBLIC"), false),
        (key.replace("AAEC", "AA*C"), false),
        (key.replace("AAEC", "Proc-Type: 4,ENCRYPTED"), false),
        (key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"), false),
        ("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----".to_owned(), false),
        (format!("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n{key}"), true),
        (String::new(), false),
    ] {
        assert_eq!(has_part(pem.as_bytes(), &labels), expected, "{pem}");
    }
}
