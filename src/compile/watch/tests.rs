use super::*;

#[test]
fn an_address_of_metrics_is_http_with_a_host_and_without_a_password() {
    for right in [
        "http://localhost:9090/metrics",
        "https://broker.example.com/api/v5/prometheus/stats?mode=node",
        "HTTP://[::1]:9090/metrics",
        "http://h/a@b",
    ] {
        assert_eq!(check_url(right), Ok(()), "{right}");
    }
    for (wrong, message) in [
        ("localhost:9090", "this URL has no scheme"),
        ("mqtt://localhost", "metrics are not served by `mqtt://`"),
        ("/metrics", "this URL has no scheme"),
        ("http://me:secret@h/metrics", "a URL cannot hold a user name and a password"),
        ("http:///metrics", "this URL cannot be understood"),
        ("http://h:99999/metrics", "a port is a number"),
        ("http://[::1]:/metrics", "a port is a number"),
        ("http://h:0/metrics", "a port is a number"),
    ] {
        let told = check_url(wrong).unwrap_err().0;
        assert!(told.starts_with(message), "{wrong}: {told}");
    }
}
