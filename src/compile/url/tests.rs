use super::*;

fn no_options(options: &str) -> Result<(), String> {
    if options == "bad" { Err("no such option".to_owned()) } else { Ok(()) }
}

#[test]
fn urls_lead_to_targets() {
    use Transport::{SecureWebSocket, Tcp, Tls, WebSocket};
    for (url, transport, host, port, path) in [
        ("mqtt://broker", Tcp, "broker", 1883, ""),
        ("mqtt:1884", Tcp, "mqtt", 1884, ""),
        ("mqtt://broker:1884/", Tcp, "broker", 1884, ""),
        ("broker", Tcp, "broker", 1883, ""),
        ("10.0.0.1:99", Tcp, "10.0.0.1", 99, ""),
        ("mqtt://[::1]", Tcp, "::1", 1883, ""),
        ("[fe80::2]:1884", Tcp, "fe80::2", 1884, ""),
        ("mqtt://[fe80::1%eth0]", Tcp, "fe80::1%eth0", 1883, ""),
        ("mqtt://[fe80::1%25eth0]:99", Tcp, "fe80::1%eth0", 99, ""),
        ("[fe80::1%2]", Tcp, "fe80::1%2", 1883, ""),
        ("[fe80::1%25]", Tcp, "fe80::1%25", 1883, ""),
        ("MQTT://Broker", Tcp, "Broker", 1883, ""),
        ("MqttS://broker", Tls, "broker", 8883, ""),
        ("WSS://broker/Path", SecureWebSocket, "broker", 443, "/Path"),
        ("mqtts://broker", Tls, "broker", 8883, ""),
        ("mqtts://[::1]:443/", Tls, "::1", 443, ""),
        ("ws://broker", WebSocket, "broker", 80, "/mqtt"),
        ("ws://broker/", WebSocket, "broker", 80, "/"),
        ("ws://[::1]:8083/a/b", WebSocket, "::1", 8083, "/a/b"),
        ("wss://broker", SecureWebSocket, "broker", 443, "/mqtt"),
    ] {
        let servers = vec![Server { host: host.to_owned(), port, path: path.to_owned() }];
        let expected = Target::Remote { transport, servers };
        assert_eq!(parse_url(&expected.to_string(), &no_options), Ok(expected.clone()));
        assert_eq!(parse_url(url, &no_options), Ok(expected), "{url}");
    }
    for (url, options) in [("embedded:", ""), ("Embedded:?", ""), ("embedded:?delay=5ms&x", "delay=5ms&x")] {
        let expected = Target::Embedded { options: options.to_owned() };
        assert_eq!(parse_url(&expected.to_string(), &no_options), Ok(expected.clone()));
        assert_eq!(parse_url(url, &no_options), Ok(expected), "{url}");
    }
}

#[test]
fn a_query_is_sent_but_not_shown() {
    let target = parse_url("wss://iot/?X-Amz-Signature=secret", &no_options).unwrap();
    assert_eq!(target.to_string(), "wss://iot:443/?***");
    let Target::Remote { servers, .. } = target else { panic!("not remote") };
    assert_eq!(servers[0].path, "/?X-Amz-Signature=secret");
}

#[test]
fn several_urls_are_one_target_if_they_go_together() {
    let combine = |urls: &[&str]| {
        let targets = urls.iter().map(|url| parse_url(url, &no_options).unwrap()).collect();
        match one_target(targets) {
            Ok(target) => target.map_or_else(|| "none".to_owned(), |target| target.to_string()),
            Err((i, error)) => format!("{i}: {error}"),
        }
    };
    assert_eq!(combine(&[]), "none");
    assert_eq!(combine(&["a", "b:2"]), "mqtt://a:1883, mqtt://b:2");
    assert_eq!(
        combine(&["mqtts://a", "mqtts://b", "mqtt://c"]),
        "2: this is `mqtt://`, but the first URL is `mqtts://`"
    );
    assert_eq!(combine(&["a", "embedded:"]), "1: an embedded broker cannot be one of several");
    assert_eq!(combine(&["embedded:", "embedded:"]), "1: an embedded broker cannot be one of several");
}

#[test]
fn wrong_urls_are_refused_with_a_cure() {
    let urls = [
        "",
        "mqtt://",
        ":1883",
        "mqtts://",
        "tls://h",
        "tcp://h",
        "mqt://h",
        "wsss://h",
        "http://h",
        "coap://h",
        "mqtt://u:secret@h",
        "wss://u:secret@h/p",
        "mqtt://h/path",
        "mqtts://h/path?secret",
        "mqtts://h?secret",
        "ws://h/a b",
        "ws://h/a#b",
        "mqtt://h:0",
        "mqtt://h:65536",
        "mqtt://h:x",
        "mqtt://h:",
        "::1",
        "fe80::1%eth0",
        "mqtt://fe80::1%25eth0",
        "[fe80::1%]",
        "[fe80::1%a b]",
        "TCP://h",
        "MQT://h",
        "[::1",
        "[x]:1",
        "[::1]1883",
        "mqtt://a b",
        "embedded:local",
        "embedded:?bad",
    ];
    let lines = urls.map(|url| {
        let UrlError { message, help } = parse_url(url, &no_options).unwrap_err();
        format!("{url:22} {message} ({help})")
    });
    insta::assert_snapshot!(lines.join("\n"));
    assert!(!lines.iter().any(|line| line[22..].contains("secret")));
}
