//! One client, one workload, one run.

use std::error::Error;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::floor::MOST_CYCLES;
use crate::mosquitto::Mosquitto;
use crate::null_broker::{Counts, Deliveries};
use crate::process::{Cores, NullBroker, Process};
use crate::workload::{Client, Counted, Workload};

/// How long a client may take until all its connections stand.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between the last connection and the window: long enough for caches and a paced load to settle.
const SETTLE: Duration = Duration::from_secs(1);

/// Cycles before the window, and in it; together well below [`MOST_CYCLES`].
const CYCLES: (u64, u64) = (500, MOST_CYCLES - 2_000);

/// What one run gave.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    /// Messages, connections or cycles per second.
    pub(crate) per_s: f64,
    /// CPU time of the client for each.
    pub(crate) cpu_us: f64,
    /// Resident memory of the client at the end.
    pub(crate) rss_kib: f64,
}

/// The state of a run at one moment.
struct Mark {
    at: Instant,
    count: u64,
    cpu_us: f64,
    rss_kib: u64,
}

/// Which broker clients are measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BrokerKind {
    /// The null broker.
    Null,
    /// Mosquitto, which takes more CPU per message than most clients: only CPU times mean something then.
    Mosquitto,
}

enum Broker {
    Null(NullBroker),
    Mosquitto(Mosquitto),
}

impl Broker {
    fn start(
        kind: BrokerKind,
        cores: Cores,
        deliveries: Deliveries,
        ca: Option<&Path>,
    ) -> std::io::Result<Self> {
        Ok(match kind {
            BrokerKind::Null => Self::Null(NullBroker::start(cores, deliveries, ca)?),
            BrokerKind::Mosquitto => Self::Mosquitto(Mosquitto::start(cores)?),
        })
    }

    fn port(&self) -> u16 {
        match self {
            Self::Null(broker) => broker.port,
            Self::Mosquitto(broker) => broker.port,
        }
    }

    fn counts(&mut self) -> std::io::Result<Counts> {
        match self {
            Self::Null(broker) => broker.counts(),
            Self::Mosquitto(broker) => broker.counts(),
        }
    }
}

/// Measures a client on a workload; `None` if that cannot be done.
pub(crate) fn measure(
    client: &Client,
    workload: &Workload,
    broker: BrokerKind,
    cores: Cores,
    window: Duration,
) -> Result<Option<Measured>, Box<dyn Error>> {
    let told = workload.counted == Counted::Published && !workload.tls;
    if broker == BrokerKind::Mosquitto && !told {
        // It tells its counts once a second, too seldom for the others, and publishes nothing by itself; and it has
        // no certificate.
        return Ok(None);
    }
    let folder = tempfile::tempdir()?;
    let csv = folder.path().join("csv");
    // A fresh port for every run: those of the last one may be exhausted.
    let ca = folder.path().join("ca.pem");
    let broker = Broker::start(broker, cores, workload.deliveries, workload.tls.then_some(&*ca))?;
    let (ca, csv) = (ca.to_string_lossy(), csv.to_string_lossy());
    let Some(mut command) = client.command(workload, broker.port(), &ca, &csv) else {
        return Ok(None);
    };
    let log = std::fs::File::create(folder.path().join("log"))?;
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    let process = cores.start_client(&mut command)?;
    let mut run = Run { workload, broker, process };
    match run.window(window) {
        Ok((from, to)) => {
            let each = (to.count - from.count) as f64;
            if each < 1.0 {
                return Err("nothing arrived".into());
            }
            Ok(Some(Measured {
                per_s: each / (to.at - from.at).as_secs_f64(),
                cpu_us: (to.cpu_us - from.cpu_us) / each,
                rss_kib: to.rss_kib as f64,
            }))
        }
        Err(error) => {
            let log = std::fs::read_to_string(folder.path().join("log"))?;
            let first = log.lines().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
            Err(format!("{error}: {first}").into())
        }
    }
}

struct Run<'a> {
    workload: &'a Workload,
    broker: Broker,
    process: Process,
}

impl Run<'_> {
    /// Begin and end of what is measured.
    fn window(&mut self, length: Duration) -> Result<(Mark, Mark), Box<dyn Error>> {
        let users = self.workload.users as u64;
        match self.workload.counted {
            Counted::Connects => {
                let from = self.wait_for(|counts| counts.connects >= 1)?;
                let mut to = self.wait_for(|counts| counts.connects >= users)?;
                // What it weighs at rest.
                sleep(SETTLE);
                to.rss_kib = self.process.usage().rss_kib;
                Ok((from, to))
            }
            Counted::Cycles => {
                let from = self.wait_for(|counts| counts.published >= CYCLES.0)?;
                let to = self.wait_for(|counts| counts.published >= CYCLES.0 + CYCLES.1)?;
                Ok((from, to))
            }
            Counted::Published | Counted::Delivered => {
                let receives = self.workload.deliveries != Deliveries::None;
                self.wait_for(
                    |counts| if receives { counts.subscribes >= users } else { counts.connects >= users },
                )?;
                sleep(SETTLE);
                let from = self.mark()?;
                sleep(length);
                let to = self.mark()?;
                match self.process.ended() {
                    None => Ok((from, to)),
                    Some(status) => Err(format!("it ended early ({status})").into()),
                }
            }
        }
    }

    fn wait_for(&mut self, condition: impl Fn(&Counts) -> bool) -> Result<Mark, Box<dyn Error>> {
        let start = Instant::now();
        while !condition(&self.broker.counts()?) {
            if let Some(status) = self.process.ended() {
                return Err(format!("it ended early ({status})").into());
            }
            if start.elapsed() > PATIENCE {
                return Err("its connections did not come up".into());
            }
            sleep(Duration::from_millis(1));
        }
        self.mark()
    }

    fn mark(&mut self) -> Result<Mark, Box<dyn Error>> {
        let counts = self.broker.counts()?;
        let count = match self.workload.counted {
            Counted::Published | Counted::Cycles => counts.published,
            Counted::Delivered => counts.delivered,
            Counted::Connects => counts.connects,
        };
        let at = Instant::now();
        let usage = self.process.usage();
        Ok(Mark { at, count, cpu_us: usage.cpu_us, rss_kib: usage.rss_kib })
    }
}
