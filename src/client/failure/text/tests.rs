use std::io;

use super::*;
use crate::client::failure::parts::Os;
use crate::client::failure::reason::Reason;
use crate::client::failure::tls::TlsFault;
use crate::client::failure::websocket::WebSocketFault;
use crate::mqtt::Qos;

#[test]
fn a_failure_says_what_did_not_happen() {
    let refused = io::Error::from_raw_os_error(111);
    for (failure, text) in [
        (Failure::opening(&refused), "cannot connect: Connection refused (os error 111)"),
        (
            Failure::opening(&io::Error::from_raw_os_error(24)),
            "load generator: cannot open a connection: Too many open files (os error 24)",
        ),
        (Failure::AckTimeout(Ack::Puback, Duration::from_secs(10)), "no PUBACK within 10s"),
        (Failure::Refused(5), "CONNACK: not authorized (5)"),
        (
            Failure::lost(&io::Error::from_raw_os_error(104)).before_connack(Port::Agreed),
            "no CONNACK: connection lost: Connection reset by peer (os error 104)",
        ),
        (Failure::Reason(Ack::Puback, Reason::of(0x97)), "PUBACK: Quota exceeded (0x97)"),
        (
            Failure::Disconnected(Reason::new(0x9D, None, Some("b:1883"))),
            "DISCONNECT by the broker: Server moved (0x9D): see b:1883",
        ),
        (
            Failure::NotTaken(Limit::Qos(Qos::AtLeastOnce)),
            "not sent: the broker takes no quality of service above 1",
        ),
        (Failure::NotTaken(Limit::Retain), "not sent: the broker keeps no retained messages"),
        (Failure::NotTaken(Limit::PacketBytes(100)), "not sent: the broker takes no packet above 100 bytes"),
        (Failure::Dropped, "connection dropped by the scenario"),
        (Failure::SessionLost, "session lost: the broker has forgotten it"),
        (
            Failure::lost(&io::Error::from(io::ErrorKind::UnexpectedEof)),
            "connection lost: closed by the broker",
        ),
    ] {
        assert_eq!(failure.to_string(), text);
    }
}

#[test]
fn a_failure_of_a_connection_names_the_server() {
    let (after, refused) = (Duration::from_secs(10), Os::from(&io::Error::from_raw_os_error(111)));
    let failures = [
        Failure::Unreachable(refused),
        Failure::Generator((&io::Error::from_raw_os_error(24)).into()),
        Failure::ConnectTimeout(after),
        Failure::TlsTimeout(after),
        Failure::UpgradeTimeout(after),
        Failure::Tls(TlsFault::Expired),
        Failure::WebSocket(WebSocketFault::Refused(403)),
        Failure::NoConnack(None, Port::Open),
        Failure::NoConnack(Some(refused), Port::Agreed),
        Failure::Speaks(Protocol::Tls),
        Failure::Speaks(Protocol::Http),
        Failure::Refused(5),
        Failure::Reason(Ack::Connack, Reason::of(0x87)),
        Failure::Reason(Ack::Puback, Reason::of(0x87)),
        Failure::Disconnected(Reason::of(0x8B)),
        Failure::AckTimeout(Ack::Connack, after),
        Failure::AckTimeout(Ack::Pingresp, after),
        Failure::AckTimeout(Ack::Puback, after),
        Failure::Closed,
        Failure::Lost(refused),
        Failure::Protocol("malformed PUBACK"),
        Failure::WrongAck { expected: Ack::Puback, got: Ack::Pubrec },
        Failure::Dropped,
    ];
    let texts: Vec<_> =
        failures.iter().map(|failure| failure.at(Some("127.0.0.1:1884")).to_string()).collect();
    insta::assert_snapshot!(texts.join("\n"));
}
