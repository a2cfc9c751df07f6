//! `master`: what a Locust that is installed is given, and how its end is ours. Shell scripts play Locust here.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::ScenarioDir;

const SCENARIO: &str = "version = 1\nbrokers.b.url = \"mqtt://broker.lan\"\nload = { users = 3, run_time = \"9s\" }\n\
                        [[user_classes.car.tasks]]\nname = \"go\"\nsteps = [\"connect\"]\n";

/// How the scripts begin.
const VERSION: &str = "[ \"$1\" != --version ] || { echo 'locust 2.47.0 from /x (Python 3.11.7)'; exit; }\n";

/// A place with a scenario, and a Locust that does this. Other shells would take signals that are blocked for them.
fn place(locust: &str) -> ScenarioDir {
    let place = ScenarioDir::new(SCENARIO);
    for folder in ["bin", "tmp"] {
        fs::create_dir(place.path(folder)).unwrap();
    }
    fs::write(place.path("bin/locust"), format!("#!/bin/bash\n{locust}")).unwrap();
    fs::set_permissions(place.path("bin/locust"), Permissions::from_mode(0o755)).unwrap();
    place
}

/// Begins a process with signals as a terminal leaves them: a script in the background has some that are ignored, and so
/// would we, and Locust.
const WITH_SIGNALS: [&str; 2] = ["env", "--default-signal=HUP,INT,QUIT,TERM"];

/// The program with these arguments, in its place. What it leaves behind stays in the folder `tmp`.
fn command(place: &ScenarioDir, args: &[&str]) -> Command {
    let own = place.command(args);
    let mut command = Command::new(WITH_SIGNALS[0]);
    command.arg(WITH_SIGNALS[1]).arg(own.get_program()).args(own.get_args()).current_dir(place.path(""));
    command.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
    for (name, _) in own.get_envs().filter(|(_, value)| value.is_none()) {
        command.env_remove(name);
    }
    let path = format!("{}:/usr/bin:/bin", place.path("bin").display());
    command.env("PATH", path).env("TMPDIR", place.path("tmp")).env_remove("MQTT_SCENARIO_LOCUST");
    for variable in ["LOCUST_MODE_WORKER", "LOCUST_PROCESSES"] {
        command.env_remove(variable);
    }
    command
}

fn run(place: &ScenarioDir, args: &[&str]) -> Output {
    command(place, args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_owned()).unwrap()
}

fn assert_nothing_left(place: &ScenarioDir) {
    let left: Vec<PathBuf> =
        fs::read_dir(place.path("tmp")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn locust_gets_our_file_and_the_arguments_and_its_end_is_ours() {
    let place = place(&format!(
        "{VERSION}printf '%s\\n' \"$@\" > arguments; cp \"$2\" file; stat -c %a \"$(dirname \"$2\")\" > mode\n\
         echo out; echo err >&2; exit 7\n"
    ));
    let output = run(&place, &["master", "scenario.toml", "--", "--headless", "-u", "5", "--csv", "a b"]);
    assert_eq!(output.status.code(), Some(7), "{}", text(&output.stderr));
    let arguments = place.read("arguments");
    let arguments: Vec<&str> = arguments.lines().collect();
    let file = Path::new(arguments[1]);
    assert_eq!(arguments[0], "-f");
    assert!(file.starts_with(place.path("tmp")) && file.ends_with("locustfile.py"), "{}", file.display());
    assert_eq!(arguments[2..], ["--master", "--headless", "-u", "5", "--csv", "a b"]);
    let written = run(&place, &["locustfile", "scenario.toml"]);
    assert_eq!(place.read("file"), text(&written.stdout));
    assert_eq!(place.read("mode"), "700\n");
    assert_nothing_left(&place);
    assert_eq!(text(&output.stdout), "out\n");
    let said = text(&output.stderr);
    assert!(said.starts_with("Workers join with: mqtt-scenario worker --master-host "), "{said}");
    assert!(said.ends_with("err\n"), "{said}");
}

#[test]
fn a_locust_that_a_signal_ends_gives_the_code_that_a_shell_gives() {
    let place = place(&format!("{VERSION}kill -KILL $$\n"));
    assert_eq!(run(&place, &["master", "scenario.toml"]).status.code(), Some(137));
    assert_nothing_left(&place);
}

/// Notes each signal and ends a second after the first.
const PATIENT: &str = "trap 'echo INT >> signals' INT; trap 'echo TERM >> signals' TERM\n\
                       echo ready; i=0\n\
                       while [ $i -lt 100 ]; do sleep 0.1; i=$((i + 1)); [ ! -e signals ] || break; done\n\
                       sleep 0.5; sleep 0.5; exit 5\n";

/// Waits until the script is ready.
fn ready(child: &mut Child) -> BufReader<impl Read + use<>> {
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("ready") {
        line.clear();
        assert!(output.read_line(&mut line).unwrap() > 0, "it ended before it was ready");
    }
    output
}

#[test]
fn a_signal_reaches_locust_once_and_locust_ends_in_its_own_time() {
    let orderly = [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT];
    for signal in orderly {
        let place = place(&format!("{VERSION}{PATIENT}"));
        let mut child = command(&place, &["master", "scenario.toml"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = ready(&mut child);
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(5));
        drop(output);
        assert_eq!(place.read("signals"), "TERM\n", "{signal:?}");
        assert_nothing_left(&place);
    }
}

#[test]
fn a_ctrl_c_of_a_terminal_reaches_locust_once() {
    let place = place(&format!("{VERSION}{PATIENT}"));
    let like = command(&place, &[]);
    // Some shells stay between the terminal and the program, and take the Ctrl-C for themselves.
    let program = format!(
        "exec {} {} master scenario.toml",
        WITH_SIGNALS.join(" "),
        env!("CARGO_BIN_EXE_mqtt-scenario")
    );
    let mut terminal = Command::new("script");
    terminal.args(["-qec", &program, "/dev/null"]).current_dir(place.path(""));
    terminal.envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
    terminal.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = terminal.spawn().unwrap();
    let output = ready(&mut child);
    child.stdin.as_mut().unwrap().write_all(b"\x03").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(5));
    drop(output);
    assert_eq!(place.read("signals"), "INT\n");
    assert_nothing_left(&place);
}

#[test]
fn a_locust_that_cannot_be_the_master_is_told_with_the_cure() {
    let cases = [
        ("not installed", "", &["--locust", "no-such-locust"][..]),
        ("too old", "echo 'locust 2.12.2 from /x'\n", &[]),
        ("something else", "echo 'the fields are \x1b[1mempty' >&2; exit 3\n", &[]),
        ("several words", VERSION, &["--locust", "sh -c nothing"]),
    ];
    let said = cases.map(|(what, locust, args)| {
        let place = place(locust);
        let output = run(&place, &[&["master", "scenario.toml"], args].concat());
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(4), String::new()), "{what}");
        assert_nothing_left(&place);
        format!("{what}\n{}", text(&output.stderr))
    });
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn the_variable_names_a_locust_as_the_flag_does() {
    let place = place("exit 1\n");
    fs::write(place.path("other"), format!("#!/bin/bash\n{VERSION}exit 9\n")).unwrap();
    fs::set_permissions(place.path("other"), Permissions::from_mode(0o755)).unwrap();
    let mut command = command(&place, &["master", "scenario.toml"]);
    let output = command.env("MQTT_SCENARIO_LOCUST", place.path("other")).output().unwrap();
    assert_eq!(output.status.code(), Some(9), "{}", text(&output.stderr));
}

#[test]
fn what_cannot_be_is_refused_before_locust_is_asked_for_anything() {
    let place = place("touch started\n");
    fs::write(place.path("wrong.toml"), SCENARIO.replace("steps", "step")).unwrap();
    let cases: [&[&str]; 6] = [
        &["scenario.toml", "--", "-f", "mine.py"],
        &["scenario.toml", "--", "--worker"],
        &["scenario.toml", "--", "--processes", "4"],
        &["scenario.toml", "--headless"],
        &["scenario.toml", "-u", "5"],
        &["wrong.toml"],
    ];
    let said = cases.map(|args| {
        let output = run(&place, &[&["master"], args].concat());
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()), "{args:?}");
        format!("$ mqtt-scenario master {}\n{}", args.join(" "), text(&output.stderr))
    });
    assert!(!place.path("started").exists());
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_port_that_is_in_use_is_told_with_the_cure() {
    let place = place(&format!("{VERSION}exit 9\n"));
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = busy.local_addr().unwrap().port().to_string();
    let arguments = ["master", "scenario.toml", "--", "--headless", "--master-bind-port", &port];
    let output = run(&place, &arguments);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(
        said.contains(&format!("error: 127.0.0.1:{port} is in use, where Locust would listen\nhelp: ")),
        "{said}"
    );
    drop(busy);
    assert_eq!(run(&place, &arguments).status.code(), Some(9));
}
