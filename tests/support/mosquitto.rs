//! Mosquitto, and where it and the other programs that are not ours are found.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// A Mosquitto of the test's own; dropping it ends it.
pub(crate) struct Mosquitto {
    child: Child,
    port: u16,
    /// Where its files are.
    dir: TempDir,
}

impl Mosquitto {
    /// Starts one on a free port of 127.0.0.1 and waits until it accepts connections. `settings` are lines
    /// of its configuration, `files` names and contents beside it; `DIR` in the settings is their directory.
    /// Anonymous clients may connect unless the settings say otherwise.
    pub(crate) fn start(settings: &str, files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }
        let settings = settings.replace("DIR", dir.path().to_str().unwrap());
        let anonymous = if settings.contains("allow_anonymous") { "" } else { "allow_anonymous true\n" };
        // Another process can take the port between the look and the start; then there is another port.
        for _ in 0..5 {
            let port = free_port();
            let config = format!("listener {port} 127.0.0.1\npersistence false\n{anonymous}{settings}\n");
            fs::write(dir.path().join("mosquitto.conf"), config).unwrap();
            let mut child = launch(&dir);
            if accepts(port, &mut child) {
                return Self { child, port, dir };
            }
        }
        panic!("mosquitto does not come up with\n{settings}");
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// Where its files are.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power cut does.
    pub(crate) fn kill(&mut self) {
        // It is gone either way; an error says that it was before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again on the same port, after [`Mosquitto::kill`].
    pub(crate) fn start_again(&mut self) {
        self.child = launch(&self.dir);
        assert!(accepts(self.port, &mut self.child), "mosquitto does not come up again");
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.kill();
    }
}

fn launch(dir: &TempDir) -> Child {
    Command::new(program())
        .arg("-c")
        .arg(dir.path().join("mosquitto.conf"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("mosquitto cannot be started")
}

/// A port of 127.0.0.1 that is free now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Waits until something accepts on the port, or the child is gone.
fn accepts(port: u16, child: &mut Child) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    for _ in 0..500 {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if TcpStream::connect(address).is_ok() {
            return true;
        }
        pause();
    }
    let _ = child.kill();
    let _ = child.wait();
    false
}

#[expect(clippy::disallowed_methods, reason = "no runtime runs here")]
fn pause() {
    std::thread::sleep(Duration::from_millis(10));
}

/// Where mosquitto is: `MQTT_SCENARIO_MOSQUITTO`, or the first in PATH or Debian's own place.
fn program() -> PathBuf {
    if let Some(program) = std::env::var_os("MQTT_SCENARIO_MOSQUITTO") {
        return program.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    dirs.map(|dir| dir.join("mosquitto")).find(|file| file.is_file()).expect("mosquitto is not installed")
}

/// How many messages the broker with a plain listener on this port has received, by its own count. It must publish
/// that once a second.
#[expect(clippy::disallowed_methods, reason = "no runtime runs here")]
pub(crate) fn received_by(port: u16) -> u64 {
    std::thread::sleep(Duration::from_millis(2_100));
    let port = port.to_string();
    let output = Command::new("mosquitto_sub")
        .args(["-p", &port, "-t", "$SYS/broker/publish/messages/received", "-C", "1", "-W", "5"])
        .output()
        .expect("mosquitto_sub is not installed");
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

/// A Python with locust and paho-mqtt: `MQTT_SCENARIO_LOCUST_PYTHON`.
pub(crate) fn locust_python() -> PathBuf {
    std::env::var_os("MQTT_SCENARIO_LOCUST_PYTHON")
        .expect("MQTT_SCENARIO_LOCUST_PYTHON names a Python with locust; .ci/run makes one")
        .into()
}
