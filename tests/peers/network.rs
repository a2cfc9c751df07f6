//! Sessions that are taken over and queues for who is away on a real Mosquitto, which knows nothing of ours.

use crate::support::Mosquitto;
use crate::support::program::SummarizedRun;
use crate::support::takeover::{check_takeover, closed_by, offline, takeover};

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn mosquitto_hands_a_session_over_once() {
    let mosquitto = Mosquitto::start("", &[]);
    let host = format!("mqtt://{}", mosquitto.addr());
    // Mosquitto 2.0.11 just closes, although MQTT 5 (section 3.1.4) wants a DISCONNECT that says why.
    let closed = closed_by(&mosquitto.addr().to_string());
    for protocol in ["5", "3.1.1"] {
        check_takeover(&SummarizedRun::of(&takeover(protocol), &["-H", &host]), &closed);
    }
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn mosquitto_keeps_what_is_published_for_who_is_away() {
    for protocol in ["5", "3.1.1"] {
        let mosquitto = Mosquitto::start("", &[]);
        let host = format!("mqtt://{}", mosquitto.addr());
        let ran = SummarizedRun::of(&offline(protocol), &["-H", &host]);
        assert_eq!((ran.code, ran.received()), (Some(0), 20), "{protocol}: {}", ran.stdout);
    }
}
