//! The page about a certificate for each device, done as it says: its OpenSSL script, its scenario, and a Mosquitto that asks
//! for certificates and takes their names as those of its users.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Mosquitto, ScenarioDir};

const PAGE: &str = include_str!("../../docs/how-to/mtls.md");

/// A certificate of the page's authority for a broker on this machine.
const SERVER: &str = "
printf 'subjectAltName=DNS:localhost' > san
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout server.key -out server.csr
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -extfile san -out server.pem";

/// The first block of the page in this language.
fn block(language: &str) -> &'static str {
    let (_, rest) = PAGE.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0
}

fn text(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
#[ignore = "needs Debian's mosquitto and openssl: run by .ci/run"]
fn a_fleet_with_a_certificate_for_each_device_is_made_and_run_as_the_page_says() {
    let place = ScenarioDir::new("");
    let folder = place.path("");
    let script = format!("set -e\n{}\n{SERVER}", block("sh"));
    let made = Command::new("sh").args(["-c", &script]).current_dir(&folder).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let settings = "cafile DIR/ca.pem\ncertfile DIR/server.pem\nkeyfile DIR/server.key\nrequire_certificate true\n\
                    use_identity_as_username true\nallow_anonymous false\n\
                    acl_file DIR/acl\n";
    let names = ["ca.pem", "server.pem", "server.key"];
    let files = names.map(|name| (name, text(&folder, name)));
    let mut files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    // A device may write its own topic alone, whatever it calls itself.
    files.push(("acl", "pattern write devices/%u\npattern read devices/#\n"));
    let mosquitto = Mosquitto::start(settings, &files);
    let port = mosquitto.addr().port().to_string();
    let scenario = block("toml").replace("mqtts://broker.example.com", &format!("mqtts://localhost:{port}"));
    let scenario = scenario.replace("{ constant = \"5s\" }", "{ constant = \"1s\" }");
    fs::write(place.path("scenario.toml"), scenario).unwrap();

    let watcher = Command::new("mosquitto_sub")
        .args(["-h", "localhost", "-p", &port, "-q", "1", "-t", "devices/+", "-F", "%t", "-W", "8"])
        .args(["--cafile", "ca.pem", "--cert", "certs/device-0.pem", "--key", "certs/device-0.key"])
        .current_dir(&folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("mosquitto_sub is not installed");
    let run =
        ["run", "scenario.toml", "-r", "100", "-t", "4s", "--summary-json", "end.json", "--only-summary"];
    let output = place.run(&run);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let result: Value = serde_json::from_str(&place.read("end.json")).unwrap();
    let rows = result["rows"].as_array().unwrap();
    let count = |name: &str| rows.iter().find(|row| row["name"] == name).map(|row| row["requests"].as_u64());
    assert_eq!(count("connect"), Some(Some(100)), "{rows:#?}");
    assert_eq!(count("connect:tls"), Some(Some(100)), "{rows:#?}");
    let seen = String::from_utf8(watcher.wait_with_output().unwrap().stdout).unwrap();
    let seen: BTreeSet<&str> = seen.lines().collect();
    let all: Vec<String> = (0..100).map(|index| format!("devices/device-{index}")).collect();
    assert_eq!(seen, all.iter().map(String::as_str).collect());

    fs::remove_file(place.path("certs/device-7.key")).unwrap();
    let output = place.run(&run);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("certs/device-7.key"), "{said}");
}
