//! The command `worker` without Locust: at masters that are malformed, huge, silent or none at all.

use std::io::BufRead;
use std::path::Path;
use std::time::Instant;

use rustix::process::Signal;

use crate::locust::hostile_masters::{ACK, master, router};
use crate::support::{ScenarioDir, free_port, run_program, side_by_side};

/// A frame with this body, however long it is said to be.
fn frame(length: u64, body: &[u8]) -> Vec<u8> {
    [&[2], length.to_be_bytes().as_slice(), body].concat()
}

/// What a worker says at its end, which must come soon.
#[expect(clippy::disallowed_methods, reason = "a test watches another process, in real time")]
fn error_at(name: &str, port: u16) -> String {
    let (port, began) = (port.to_string(), Instant::now());
    let arguments = ["worker", "--master-port", &port, "--join-timeout", "2s", "-L", "error"];
    let output = run_program(Path::new("."), &arguments);
    assert!(began.elapsed().as_secs() < 12, "{name}: {:?}", began.elapsed());
    assert_eq!((output.code, output.stdout.as_str()), (Some(4), ""), "{name}: {}", output.stderr);
    format!("{name}: {}", output.stderr.replace(&format!(":{port}"), ":PORT"))
}

#[test]
fn what_is_no_master_ends_the_worker_with_what_it_said() {
    let after_ready = |bytes: &[u8]| [&router(), bytes].concat();
    let after_ack = |bytes: &[u8]| [&router(), ACK, bytes].concat();
    let of_another_type = String::from_utf8_lossy(&router()[64..]).replace("ROUTER", "DEALER");
    let mut curve = router();
    curve[12..17].copy_from_slice(b"CURVE");
    let too_large = frame(50 << 20, &vec![b'x'; 50 << 20]);
    let table = [
        ("HTTP", b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".to_vec()),
        ("ZMTP 2", b"\xff\0\0\0\0\0\0\0\x01\x7f\x01\x06".to_vec()),
        ("CURVE", curve),
        ("DEALER", [&router()[..64], of_another_type.as_bytes()].concat()),
        ("a frame of 4 GiB", after_ready(&frame(4 << 30, b""))),
        ("malformed frame", after_ready(b"\xff\0")),
        ("malformed message", after_ready(b"\0\x02\xc1\xc1")),
        ("50 MiB to a worker that was taken in", after_ack(&too_large)),
        ("a malformed frame to a worker that was taken in", after_ack(b"\xff\0")),
    ];
    let mut texts = table.map(|(name, sends)| (name, sends, String::new()));
    side_by_side(&mut texts, |(name, sends, text)| *text = error_at(name, master(std::mem::take(sends))));
    insta::assert_snapshot!(texts.map(|(.., text)| text).join("\n"));
}

#[test]
fn a_master_that_is_silent_or_not_there_is_given_up_after_the_time_for_it() {
    let table = [
        ("accepts and says nothing", master(Vec::new())),
        ("never takes the worker in", master(router())),
        ("not there", free_port()),
    ];
    let mut texts = table.map(|(name, port)| (name, port, String::new()));
    side_by_side(&mut texts, |(name, port, text)| *text = error_at(name, *port));
    insta::assert_snapshot!(texts.map(|(.., text)| text).join("\n"));
}

#[test]
fn a_request_log_that_cannot_be_written_is_told_before_a_master_is_looked_for() {
    let output = run_program(Path::new("."), &["worker", "--request-log", "/nowhere/log.jsonl"]);
    let said =
        "error: cannot write the request log /nowhere/log.jsonl: No such file or directory (os error 2)\n";
    assert_eq!((output.code, output.stderr.as_str()), (Some(4), said));
}

#[test]
fn a_request_log_that_another_worker_writes_is_refused() {
    let place = ScenarioDir::new("");
    let port = master(Vec::new()).to_string();
    let args = ["worker", "--master-port", &port, "--request-log", "log.jsonl"];
    let mut first = place.launch(&args);
    let mut line = String::new();
    first.log.read_line(&mut line).unwrap();
    assert!(line.contains("Looking for a Locust master"), "{line}");
    let second = place.run(&args);
    let said =
        "error: cannot write the request log log.jsonl: another process is writing it; name another file\n";
    assert_eq!((second.status.code(), str::from_utf8(&second.stderr).unwrap()), (Some(4), said));
    first.signal(Signal::TERM);
    assert_eq!(first.end().2, Some(0));
}

#[test]
fn flags_that_are_not_for_a_worker_are_refused_with_the_cure() {
    let cases: [&[&str]; 4] =
        [&["-u", "5"], &["--worker", "--master"], &["--worker", "--nonsense"], &["--web-name", "loadgen"]];
    let said = cases.map(|flags| {
        let output = run_program(Path::new("."), &[&["worker"], flags].concat());
        assert_eq!((output.code, output.stdout.as_str()), (Some(2), ""), "{flags:?}");
        format!("$ mqtt-scenario worker {}\n{}", flags.join(" "), output.stderr)
    });
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn the_address_of_the_master_may_stand_in_the_variables_of_locust() {
    let port = free_port().to_string();
    let output = ScenarioDir::new("")
        .command(&["worker", "--join-timeout", "1s", "-L", "error"])
        .env("LOCUST_MASTER_NODE_HOST", "127.0.0.2")
        .env("LOCUST_MASTER_NODE_PORT", &port)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(&format!("127.0.0.2:{port}")), "{said}");
}
