//! The program while it serves a page, asked over HTTP.
#![expect(clippy::disallowed_methods, reason = "a test watches another process, in real time")]

use std::io::{BufRead, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::support::ScenarioDir;
use crate::support::program::Running;

/// A program with a page, and where it is.
pub(crate) struct Served {
    running: Option<Running>,
    pub(crate) address: String,
}

/// What it answers.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Served {
    pub(crate) fn start(place: &ScenarioDir, args: &[&str]) -> Self {
        let mut running = place.launch(args);
        let mut line = String::new();
        let link = loop {
            line.clear();
            assert!(running.log.read_line(&mut line).unwrap() > 0, "no page");
            if let Some((_, link)) = line.split_once("http://") {
                break link.trim().to_owned();
            }
        };
        let address = link.split('/').next().unwrap().to_owned();
        Self { running: Some(running), address }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    pub(crate) fn ask(&self, method: &str, path: &str, form: &str) -> Answer {
        self.ask_as(&self.address, method, path, form)
    }

    /// Asks by another name of the server.
    pub(crate) fn ask_as(&self, host: &str, method: &str, path: &str, form: &str) -> Answer {
        let mut stream = self.connect();
        let kind = if form.is_empty() { "" } else { "Content-Type: application/x-www-form-urlencoded\r\n" };
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{kind}Content-Length: {}\r\n\r\n{form}",
            form.len()
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    pub(crate) fn get(&self, path: &str) -> String {
        let answer = self.ask("GET", path, "");
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    pub(crate) fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path)).unwrap()
    }

    pub(crate) fn post(&self, path: &str, form: &str) -> Value {
        let answer = self.ask("POST", path, form);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap_or(Value::String(answer.body))
    }

    /// Waits until the state of the run holds.
    pub(crate) fn wait_for(&self, what: &str, mut holds: impl FnMut(&Value) -> bool) -> Value {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let state = self.json("/stats/requests");
            if holds(&state) {
                return state;
            }
            assert!(Instant::now() < until, "{what}: {state:#}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until the page has this text.
    pub(crate) fn wait_for_page(&self, text: &str) -> String {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let page = self.get("/");
            if page.contains(text) {
                return page;
            }
            assert!(Instant::now() < until, "{text}: {page}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn wait_for_state(&self, word: &str) -> Value {
        self.wait_for(word, |state| state["state"] == word)
    }

    /// Ends the program as Ctrl-C does.
    pub(crate) fn end(mut self) -> (String, String, Option<i32>) {
        self.interrupt();
        self.running.take().unwrap().end()
    }

    /// Presses Ctrl-C and does not wait.
    pub(crate) fn interrupt(&self) {
        self.running.as_ref().unwrap().signal(Signal::INT);
    }

    /// Waits until the program ends of itself.
    pub(crate) fn wait(mut self) -> (String, String, Option<i32>) {
        self.running.take().unwrap().end()
    }
}

impl Drop for Served {
    /// A test that fails leaves no program behind.
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.signal(Signal::KILL);
            running.end();
        }
    }
}
