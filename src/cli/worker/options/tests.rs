use super::*;

#[test]
fn a_host_is_a_name_or_an_ip_address() {
    for host in ["localhost", "10.0.0.7", "loadtest.lan.", "load_1", "bücher.example", "::1", "fe80::1%eth0"]
    {
        assert_eq!(parse_host(host).as_deref(), Ok(host));
    }
    assert_eq!(parse_host("[::1]").as_deref(), Ok("::1"));
}

#[test]
fn what_is_never_a_host_is_refused_with_the_cure() {
    let long = "a".repeat(64);
    let strange = [".", "..", "a..b", "-x", &long, "256.256.256.256", "1.2.3", "[::1", "a\u{1b}[1m"];
    for host in ["", " ", "a b", "http://loadtest.lan", "loadtest.lan/", "user@loadtest.lan"]
        .into_iter()
        .chain(strange)
    {
        let refusal = parse_host(host).unwrap_err();
        assert!(refusal.ends_with("; write the name alone, as in loadtest.lan"), "{host}: {refusal}");
    }
    for host in ["loadtest.lan:5600", "[::1]:5600", "tcp://loadtest.lan:5600"] {
        let refusal = parse_host(host).unwrap_err();
        assert!(
            refusal.ends_with("write the name alone, as in loadtest.lan, and --master-port 5600"),
            "{host}: {refusal}"
        );
    }
}
