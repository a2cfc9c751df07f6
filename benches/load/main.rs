//! The load benchmark: CPU per message, rate and memory of the product, beside bare floors, in one run.
//!
//! `cargo bench --bench load -- [--runs N] [--seconds N] [--broker mosquitto] [--markdown] [WORKLOAD…]`; `docs/performance.md` tells
//! how to read what it prints. Every message is counted at the broker and every microsecond by the kernel, not
//! by the clients, so that all clients are measured alike. Clients take turns within a run, so that a slow
//! minute of the machine hits all of them.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints what it has measured")]
#![expect(
    clippy::disallowed_methods,
    reason = "wall time and blocking waits are the engine's taboo, not a harness's"
)]

mod cipher;
mod floor;
mod link;
mod measure;
mod mosquitto;
mod null_broker;
mod process;
mod raw_floor;
mod table;
mod tokio_floor;
mod wire;
mod workload;

use std::error::Error;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use crate::measure::{BrokerKind, measure};
use crate::null_broker::Deliveries;
use crate::process::Cores;
use crate::table::{Row, Style};
use crate::workload::{Client, WORKLOADS, Workload};

fn main() -> ExitCode {
    // Cargo's own word to every benchmark.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["null-broker", deliveries] => serve(deliveries, None),
        ["null-broker", deliveries, ca] => serve(deliveries, Some(Path::new(ca))),
        ["raw-floor", job, users, port] => {
            floor_arguments(job, users, port).and_then(|(job, users, port)| raw_floor::run(job, users, port))
        }
        ["tokio-floor", job, users, port] => floor_arguments(job, users, port)
            .and_then(|(job, users, port)| tokio_floor::run(job, users, port)),
        _ => Wanted::parse(&arguments).and_then(|wanted| compare(&wanted)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(deliveries: &str, ca: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let tls = ca.map(cipher::server_known_by).transpose()?;
    let deliveries = match deliveries {
        "0" => Deliveries::None,
        "flood" => Deliveries::Flood,
        "stamped" => Deliveries::Stamped,
        rate => Deliveries::PerSecond(rate.parse()?),
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    // The queue of a listening socket that the standard library makes is 128 connections, too short for a start of
    // thousands; to listen again changes nothing else.
    rustix::net::listen(&listener, 4096)?;
    let mut answers = std::io::stdout().lock();
    writeln!(answers, "{}", listener.local_addr()?.port())?;
    answers.flush()?;
    Ok(null_broker::serve(&listener, deliveries, tls, std::io::stdin(), answers)?)
}

fn floor_arguments(job: &str, users: &str, port: &str) -> Result<(floor::Job, usize, u16), Box<dyn Error>> {
    Ok((job.parse()?, users.parse()?, port.parse()?))
}

/// What to measure.
#[derive(Debug)]
struct Wanted {
    workloads: Vec<&'static Workload>,
    runs: usize,
    window: Duration,
    broker: BrokerKind,
    style: Style,
}

impl Wanted {
    fn parse(arguments: &[&str]) -> Result<Self, Box<dyn Error>> {
        let mut wanted = Self {
            workloads: Vec::new(),
            runs: 3,
            window: Duration::from_secs(3),
            broker: BrokerKind::Null,
            style: Style::Plain,
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let mut number = || words.next().and_then(|n| n.parse().ok()).filter(|n| (1..=20).contains(n));
            match *word {
                "--markdown" => wanted.style = Style::Markdown,
                "--broker" => {
                    wanted.broker = match words.next() {
                        Some(&"null") => BrokerKind::Null,
                        Some(&"mosquitto") => BrokerKind::Mosquitto,
                        _ => return Err("--broker takes null or mosquitto".into()),
                    }
                }
                "--runs" => wanted.runs = number().ok_or("--runs takes a number from 1 to 20")?,
                "--seconds" => {
                    let seconds = number().ok_or("--seconds takes a number from 1 to 20")?;
                    wanted.window = Duration::from_secs(seconds as u64);
                }
                name => {
                    let names = WORKLOADS.iter().map(|w| w.name).collect::<Vec<_>>().join(" ");
                    let named = WORKLOADS.iter().find(|w| w.name == name);
                    wanted.workloads.push(named.ok_or_else(|| {
                        format!("no such workload: {name}; there are {names}, and --runs N, --seconds N, --broker NAME, --markdown")
                    })?);
                }
            }
        }
        if wanted.workloads.is_empty() {
            wanted.workloads = WORKLOADS.iter().collect();
        }
        Ok(wanted)
    }
}

fn compare(wanted: &Wanted) -> Result<(), Box<dyn Error>> {
    raise_open_files()?;
    let cores = Cores::find()?;
    if !cores.are_apart() {
        println!("One core only: client and broker share it, and rates mean little.\n");
    }
    let clients = Client::at_hand();
    print!("{}", table::head(wanted.style));
    let (mut left_out, mut cannot) = (Vec::new(), Vec::new());
    let (mut tcp_us, mut tls_us) = (None, None);
    for workload in &wanted.workloads {
        let mut rows: Vec<_> = clients.iter().map(|client| Row::new(workload, client.name())).collect();
        let mut out = vec![false; clients.len()];
        for _ in 0..wanted.runs {
            for ((client, row), out) in clients.iter().zip(&mut rows).zip(&mut out).filter(|(_, out)| !**out)
            {
                match measure(client, workload, wanted.broker, cores, wanted.window) {
                    Ok(Some(measured)) => row.runs.push(measured),
                    Ok(None) => {
                        cannot.push(format!("{} {}", workload.name, client.name()));
                        *out = true;
                    }
                    Err(error) => {
                        left_out.push(format!("{} {}: {error}", workload.name, client.name()));
                        *out = true;
                    }
                }
            }
        }
        match workload.name {
            "w1" => tcp_us = rows[0].cpu_us(),
            "w1-tls" => tls_us = rows[0].cpu_us(),
            _ => {}
        }
        print!("{}", table::rows(wanted.style, &rows));
        std::io::stdout().flush()?;
    }
    if let Some((tcp_us, tls_us)) = tcp_us.zip(tls_us) {
        print!("\n{}", cipher::verdict(tcp_us, tls_us, cipher::microseconds_per_message()?));
    }
    if !cannot.is_empty() {
        println!("\nNot possible: {}", cannot.join(", "));
    }
    for reason in left_out {
        println!("\nLeft out: {reason}");
    }
    // Two processes of a measurement make 2; what is above came from others and spoils it.
    println!("\nLoad average: {}", std::fs::read_to_string("/proc/loadavg")?.trim());
    Ok(())
}

/// For this process and those it starts.
fn raise_open_files() -> Result<(), Box<dyn Error>> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}
