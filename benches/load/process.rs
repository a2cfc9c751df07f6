//! Processes of a measurement: where they run, what they have used, and that they end.
//!
//! CPU and memory are read from outside, from `/proc`, so that they mean the same for every client in any
//! language. A process gets its core by inheritance: the harness steps onto the core, starts it and steps
//! back, which needs no tool and leaves no moment in which threads start elsewhere.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::null_broker::{Counts, Deliveries};

/// Which core is whose.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cores {
    /// The client's and the broker's, if there are two.
    pair: Option<(usize, usize)>,
}

impl Cores {
    /// The first two cores that this process may use.
    pub(crate) fn find() -> io::Result<Self> {
        let allowed = sched_getaffinity(None)?;
        let mut cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
        Ok(Self { pair: cores.next().zip(cores.next()) })
    }

    /// Whether client and broker have a core each.
    pub(crate) fn are_apart(self) -> bool {
        self.pair.is_some()
    }

    /// Starts the client on its core.
    pub(crate) fn start_client(self, command: &mut Command) -> io::Result<Process> {
        let Some((client, broker)) = self.pair else { return Process::start(command) };
        step_to(client)?;
        let process = Process::start(command);
        step_to(broker)?;
        process
    }

    /// Starts a broker on its core, where the harness stays too.
    pub(crate) fn start_broker(self, command: &mut Command) -> io::Result<Process> {
        if let Some((_, broker)) = self.pair {
            step_to(broker)?;
        }
        Process::start(command)
    }
}

fn step_to(core: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(core);
    Ok(sched_setaffinity(None, &set)?)
}

/// A running process group; killed when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) child: Child,
}

/// What a process group has used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// User and system time.
    pub(crate) cpu_us: f64,
    /// Resident memory.
    pub(crate) rss_kib: u64,
}

impl Process {
    fn start(command: &mut Command) -> io::Result<Self> {
        Ok(Self { child: command.process_group(0).spawn()? })
    }

    /// CPU time and memory of all processes of the group so far.
    pub(crate) fn usage(&self) -> Usage {
        let mut usage = Usage { cpu_us: 0.0, rss_kib: 0 };
        for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let path = process.path();
            let Ok(stat) = fs::read_to_string(path.join("stat")) else { continue };
            // The name of the program comes first, in parentheses, and may hold anything.
            let Some((_, fields)) = stat.rsplit_once(") ") else { continue };
            let field = |i: usize| fields.split(' ').nth(i).and_then(|field| field.parse::<u64>().ok());
            if field(2) != Some(self.child.id().into()) {
                continue;
            }
            // Nanoseconds, where `stat` counts in ticks of 10 ms; but without the threads that have ended.
            let threads = fs::read_dir(path.join("task")).into_iter().flatten().flatten();
            let schedstats =
                threads.filter_map(|thread| fs::read_to_string(thread.path().join("schedstat")).ok());
            let nanoseconds = schedstats.filter_map(|text| text.split(' ').next()?.parse::<u64>().ok());
            let ticks = field(11).unwrap_or(0) + field(12).unwrap_or(0);
            let hz = rustix::param::clock_ticks_per_second() as f64;
            usage.cpu_us += (nanoseconds.sum::<u64>() as f64 / 1e3).max(ticks as f64 * 1e6 / hz);
            usage.rss_kib += field(21).unwrap_or(0) * rustix::param::page_size() as u64 / 1024;
        }
        usage
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<String> {
        self.child.try_wait().ok()?.map(|status| status.to_string())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Ok(Some(group)) = i32::try_from(self.child.id()).map(Pid::from_raw) {
            // It may have ended by itself.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

/// A null broker in a process of its own.
#[derive(Debug)]
pub(crate) struct NullBroker {
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    pub(crate) port: u16,
    _process: Process,
}

impl NullBroker {
    /// Starts one on a free port; if there is a place for its authority, it speaks TLS.
    pub(crate) fn start(cores: Cores, deliveries: Deliveries, ca: Option<&Path>) -> io::Result<Self> {
        let deliveries = match deliveries {
            Deliveries::None => "0".to_owned(),
            Deliveries::PerSecond(rate) => rate.to_string(),
            Deliveries::Flood => "flood".to_owned(),
            Deliveries::Stamped => "stamped".to_owned(),
        };
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["null-broker", &deliveries]).args(ca).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = cores.start_broker(&mut command)?;
        let (Some(commands), Some(answers)) = (process.child.stdin.take(), process.child.stdout.take())
        else {
            return Err(io::Error::other("no pipes"));
        };
        let mut answers = BufReader::new(answers);
        let mut line = String::new();
        answers.read_line(&mut line)?;
        let port = line.trim().parse().map_err(|_| io::Error::other("the null broker did not start"))?;
        Ok(Self { commands, answers, port, _process: process })
    }

    /// What it has counted so far.
    pub(crate) fn counts(&mut self) -> io::Result<Counts> {
        self.commands.write_all(b"?")?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        line.parse()
    }
}
