use super::*;

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const YES: &str = "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\n\
                       Connection: keep-alive, upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
                       Sec-WebSocket-Protocol: mqtt\r\n\r\n";

#[test]
fn the_sample_of_the_standard_is_proved() {
    assert_eq!(proof(KEY), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!(check_answer(YES.as_bytes(), KEY), Ok(()));
}

#[test]
fn a_server_is_told_its_name_without_the_interface() {
    for (host, expected) in [("h", "h"), ("::1", "[::1]"), ("fe80::1%eth0", "[fe80::1]")] {
        let request = Upgrade::new(host, 80, "/").request;
        assert!(request.contains(&format!("\r\nHost: {expected}:80\r\n")), "{request}");
    }
}

#[test]
fn an_answer_that_is_no_yes_is_named() {
    let without = |line: &str| {
        let kept: Vec<_> = YES.split("\r\n").filter(|l| !l.starts_with(line)).collect();
        check_answer(kept.join("\r\n").as_bytes(), KEY).unwrap_err().to_string()
    };
    for (line, text) in [
        ("upgrade", "answer to the upgrade: no `Upgrade: websocket`"),
        ("Connection", "answer to the upgrade: no `Connection: Upgrade`"),
        ("Sec-WebSocket-Accept", "answer to the upgrade: wrong `Sec-WebSocket-Accept`"),
        ("Sec-WebSocket-Protocol", "answer to the upgrade: no `Sec-WebSocket-Protocol: mqtt`"),
    ] {
        assert_eq!(without(line), text);
    }
    for (answer, fault) in [
        ("HTTP/1.1 403 Forbidden\r\n\r\n", WebSocketFault::Refused(403)),
        ("HTTP/1.1 \r\n\r\n", WebSocketFault::NotHttp),
        ("HTTP/1.1\r\n\r\n", WebSocketFault::NotHttp),
    ] {
        assert_eq!(check_answer(answer.as_bytes(), KEY), Err(fault));
    }
}
