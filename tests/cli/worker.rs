//! The command `worker` without Locust.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::thread;

use crate::support::run_program;

#[test]
fn something_else_at_the_address_of_the_master_ends_the_worker_with_what_it_said() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").unwrap();
        // Until the worker hangs up; how it does that is not the question.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let output = run_program(Path::new("."), &["worker", "--master-port", &port, "-L", "error"]);
    server.join().unwrap();
    insta::assert_snapshot!(output.stderr);
    assert_eq!((output.code, output.stdout.as_str()), (Some(4), ""));
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
