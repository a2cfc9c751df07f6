//! Which Locust is installed, and whether it can be the master.
//!
//! It is asked for its version before anything is written: an old one would stop in the middle of our file, with a text of
//! Python.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::pin::pin;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

/// The first version that the file of a master was tried with. Masters before 2.19 answer no heartbeats, so workers would leave
/// them, and up to 2.28 at least a changed number of users may keep one busy for ever if a class has a fixed one.
const OLDEST: (u32, u32) = (2, 32);

/// How long it may take to say its version: Python loads all of Locust before, perhaps from a slow disk.
pub(super) const ANSWER_TIME: Duration = Duration::from_secs(30);

/// How long is read when the program has ended and something of it still may write.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Most that is read of its answer, in bytes.
const MAX_READ: usize = 64 << 10;

/// Most that is repeated of what some program answers, in characters.
const MAX_ANSWER: usize = 100;

/// Why a Locust cannot be the master.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProgramError {
    /// There is no such program.
    #[error(
        "there is no program {0}\nhelp: install Locust (pip install locust), or name it: --locust .venv/bin/locust, or the \
         variable MQTT_SCENARIO_LOCUST"
    )]
    Missing(String),
    /// It does not start.
    #[error("{0} cannot be started: {1}\nhelp: name another one with --locust")]
    NotStarted(String, io::Error),
    /// Something else has the name.
    #[error("{0} --version is not answered as by Locust: {1}\nhelp: name Locust with --locust")]
    Another(String, String),
    /// It says nothing.
    #[error("{0} --version has not ended within {seconds} s\nhelp: name Locust with --locust", seconds = .1.as_secs())]
    Silent(String, Duration),
    /// Somebody did not want to wait for it.
    #[error("interrupted while {0} --version had not ended")]
    Interrupted(String),
    /// It was made before what our file needs.
    #[error("Locust {0} is too old, since the file of the master needs {oldest} or newer\nhelp: pip install --upgrade locust",
            oldest = version(OLDEST))]
    TooOld(String),
}

fn version((major, minor): (u32, u32)) -> String {
    format!("{major}.{minor}")
}

/// A command that is Locust, without arguments.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Program(Vec<OsString>);

impl Program {
    /// The command in these words, divided by spaces, unless the whole is the path of a file.
    pub(super) fn named(name: &OsStr) -> Self {
        match name.to_str() {
            Some(text) if !Path::new(name).is_file() => {
                Self(text.split_whitespace().map(OsString::from).collect())
            }
            _ => Self(vec![name.to_owned()]),
        }
    }

    /// It, to be started.
    pub(super) fn command(&self) -> Command {
        let (first, rest) =
            self.0.split_first().map_or((OsStr::new(""), &[][..]), |(first, rest)| (first, rest));
        let mut command = Command::new(first);
        command.args(rest);
        command
    }

    /// Asks it for its version. If it does not end within the time, or we are to end, it is killed.
    pub(super) fn check(&self, within: Duration) -> Result<(), ProgramError> {
        let not_started = |error: io::Error| match error.kind() {
            ErrorKind::NotFound => ProgramError::Missing(self.to_string()),
            _ => ProgramError::NotStarted(self.to_string(), error),
        };
        let runtime = Builder::new_current_thread().enable_all().build().map_err(not_started)?;
        let (status, said, complained) = runtime.block_on(async {
            let mut terminated = signal(SignalKind::terminate()).map_err(not_started)?;
            let mut interrupted = signal(SignalKind::interrupt()).map_err(not_started)?;
            tokio::select! {
                answer = timeout(within, self.version()) => answer.map_or_else(
                    |_| Err(ProgramError::Silent(self.to_string(), within)),
                    |answer| answer.map_err(not_started),
                ),
                _ = terminated.recv() => Err(ProgramError::Interrupted(self.to_string())),
                _ = interrupted.recv() => Err(ProgramError::Interrupted(self.to_string())),
            }
        })?;
        let [said, complained] = [said, complained].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let Some((text, found)) = version_in(&said).filter(|_| status.success()) else {
            let last = complained.lines().chain(said.lines()).rfind(|line| !line.trim().is_empty());
            let answer = last.map_or_else(|| status.to_string(), shown);
            return Err(ProgramError::Another(self.to_string(), answer));
        };
        if found < OLDEST { Err(ProgramError::TooOld(text)) } else { Ok(()) }
    }

    /// How `--version` ends, and what it writes: a part, if it is endless. What it leaves running is not waited for.
    async fn version(&self) -> io::Result<(ExitStatus, Vec<u8>, Vec<u8>)> {
        let mut command = process::Command::from(self.command());
        command.arg("--version").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn()?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (mut said, mut complained) = (Vec::new(), Vec::new());
        let status = {
            let mut both =
                pin!(async { tokio::join!(read(stdout, &mut said), read(stderr, &mut complained)) });
            tokio::select! {
                _ = &mut both => child.wait().await?,
                status = child.wait() => {
                    let _ = timeout(LAST_WORDS, &mut both).await;
                    status?
                }
            }
        };
        Ok((status, said, complained))
    }
}

/// Reads until the end, an error, or as much as any version takes.
async fn read<R: AsyncRead + Unpin>(pipe: Option<R>, text: &mut Vec<u8>) {
    let Some(mut pipe) = pipe else { return };
    while text.len() < MAX_READ && pipe.read_buf(text).await.is_ok_and(|count| count > 0) {}
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.0.join(OsStr::new(" ")).to_string_lossy()))
    }
}

/// The version in `locust 2.47.0 from /usr/lib/…`: as a text, and its first two numbers.
fn version_in(answer: &str) -> Option<(String, (u32, u32))> {
    let mut words = answer.lines().find_map(|line| line.strip_prefix("locust "))?.split_whitespace();
    let text = words.next()?;
    let mut numbers = text.split('.').map(str::parse);
    Some((shown(text), (numbers.next()?.ok()?, numbers.next()?.ok()?)))
}

/// A text without anything that a terminal would obey, and not too long.
fn shown(text: &str) -> String {
    text.chars().take(MAX_ANSWER).map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests;
