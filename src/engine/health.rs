//! Whether the generator itself was the limit: a judgement on each second of a run.
//!
//! A tester who is told too often stops listening, so one bad second proves nothing: a thread without idle
//! time, or pauses that end late, count once they have lasted for three seconds; those first seconds then
//! count as well. Files and ports do not come and go like that, and count at once, as does a time in which the
//! whole process did nothing.

use std::fmt;
use std::time::Duration;

use crate::engine::pulse::Standstill;
use crate::engine::resources::{CpuMeter, ResourceUsage, Share, Spent, local_ports, open_files};
use crate::plan::Plan;
use crate::stats::latency::{Latency, LatencySummary};

/// A thread that has had this share of its time something to do has no reserve.
const MOST_BUSY: f64 = 0.9;

/// Pauses that end later than this at the 99th percentile spoil what is measured after them.
const MOST_LAG: Duration = Duration::from_millis(5);

/// Of fewer pauses in a second the 99th percentile is the longest, and one late pause would speak for all.
const FEWEST_PAUSES: u64 = 100;

/// Files or ports beyond this share are nearly used up.
const MOST_USED: f64 = 0.9;

/// How many bad seconds in a row make a limit.
const PATIENCE: u64 = 3;

/// Shorter times say too little about a thread's share of the CPU.
const SHORTEST: Duration = Duration::from_millis(500);

/// Something that can make the generator the limit, and how far it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Strain {
    /// The busiest runner thread: shares of its time, 0 to 1.
    Cpu {
        /// On a core.
        ran: f64,
        /// Ready to run, but without a core.
        waited: f64,
    },
    /// How late pauses ended at the 99th percentile.
    SendLag(Duration),
    /// Open files of this process.
    Files(Share),
    /// Connections to one address, of those that local ports allow.
    Ports(Share),
    /// For how long all of the process did nothing: it was stopped or suspended.
    StoodStill(Duration),
}

impl Strain {
    /// Grows with the strain; only strains of one kind can be compared.
    fn level(self) -> f64 {
        match self {
            Self::Cpu { ran, waited } => ran + waited,
            Self::SendLag(time) | Self::StoodStill(time) => time.as_secs_f64(),
            Self::Files(share) | Self::Ports(share) => share.used as f64 / share.of as f64,
        }
    }

    fn is_over(self) -> bool {
        self.level()
            > match self {
                Self::Cpu { .. } => MOST_BUSY,
                Self::SendLag(_) => MOST_LAG.as_secs_f64(),
                Self::Files(_) | Self::Ports(_) => MOST_USED,
                Self::StoodStill(_) => 0.0,
            }
    }

    /// For how many seconds in a row it must be over its bound to make a limit.
    fn patience(self) -> u64 {
        match self {
            Self::Cpu { .. } | Self::SendLag(_) => PATIENCE,
            Self::Files(_) | Self::Ports(_) | Self::StoodStill(_) => 1,
        }
    }

    /// What it does to a run.
    fn consequence(self) -> &'static str {
        match self {
            Self::Cpu { .. } | Self::SendLag(_) | Self::StoodStill(_) => {
                "response times include its own delay"
            }
            Self::Files(_) | Self::Ports(_) => "more connections may fail",
        }
    }
}

impl fmt::Display for Strain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu { ran, .. } if *ran > MOST_BUSY => write!(f, "runner thread CPU at {}", percent(*ran)),
            Self::Cpu { ran, waited } => write!(
                f,
                "runner thread CPU at {} and waiting for a core for {}",
                percent(*ran),
                percent(*waited)
            ),
            Self::SendLag(lag) => write!(f, "send lag p99 at {:.1} ms", lag.as_secs_f64() * 1e3),
            Self::Files(share) => write!(f, "{} files", Of(*share)),
            Self::Ports(share) => write!(f, "{} local ports", Of(*share)),
            Self::StoodStill(time) => write!(f, "it stood still for {:.1} s", time.as_secs_f64()),
        }
    }
}

/// One kind of strain over a run.
#[derive(Debug, Clone, Copy, Default)]
struct Cause {
    /// Seconds in a row over its bound, up to now.
    streak: u64,
    /// Whether it is a limit now.
    now: Option<Strain>,
    /// The worst of the seconds in which it was a limit.
    worst: Option<Strain>,
}

/// How the generator did, up to now. Its [`Display`](fmt::Display) is the sentence for the end of a run.
#[derive(Debug, Clone, Default)]
pub struct Health {
    /// Whole seconds that were judged.
    pub seconds: u64,
    /// In how many of them the generator was the limit.
    pub limited_seconds: u64,
    /// How late pauses ended, over the run; `None` if none ended.
    pub send_lag: Option<LatencySummary>,
    /// Most open files.
    pub files: Option<Share>,
    /// Most connections to one address.
    pub ports: Option<Share>,
    /// What the generator's threads spent; `wall` of one of them.
    spent: Option<Spent>,
    /// How often it stood still.
    pub standstills: u64,
    /// For how long in all.
    pub stood_still: Duration,
    /// Standstill, CPU, send lag, files, ports.
    causes: [Cause; 5],
    /// How many seconds there were since the last one that counts as limited.
    since_limited: u64,
}

impl Health {
    /// What makes the generator the limit at this moment.
    pub fn limit(&self) -> Option<Strain> {
        self.causes.iter().find_map(|cause| cause.now)
    }

    /// CPU of the generator's threads (those of users, and the one that merges and writes), over the run: 1.0
    /// is one core. An embedded broker is not part of it.
    pub fn cpu_cores(&self) -> Option<f64> {
        let spent = self.spent.filter(|spent| !spent.wall.is_zero())?;
        Some(spent.ran.as_secs_f64() / spent.wall.as_secs_f64())
    }

    /// Judges a second by its standstill, CPU, send lag, files and ports. Returns what is a limit for the first time.
    fn judge(&mut self, strains: [Option<Strain>; 5]) -> Vec<Strain> {
        self.seconds += 1;
        let mut begun = Vec::new();
        let mut longest = 0;
        for (cause, strain) in self.causes.iter_mut().zip(strains) {
            let over = strain.filter(|strain| strain.is_over());
            cause.streak = if over.is_some() { cause.streak + 1 } else { 0 };
            cause.now = over.filter(|strain| cause.streak >= strain.patience());
            let Some(now) = cause.now else { continue };
            longest = longest.max(cause.streak);
            match cause.worst {
                None => begun.push(now),
                Some(worst) if worst.level() >= now.level() => continue,
                Some(_) => {}
            }
            cause.worst = Some(now);
        }
        if longest == 0 {
            self.since_limited += 1;
        } else {
            // The seconds in which the strain grew to a limit count too, unless they do already.
            self.limited_seconds += 1 + self.since_limited.min(longest - 1);
            self.since_limited = 0;
        }
        begun
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let worst: Vec<_> = self.causes.iter().filter_map(|cause| cause.worst).collect();
        if let Some(first) = worst.first() {
            let words = |strain: &Strain| match strain {
                Strain::StoodStill(longest) if self.standstills > 1 => format!(
                    "it stood still {} times, for {:.1} s in all and {:.1} s at the longest",
                    self.standstills,
                    self.stood_still.as_secs_f64(),
                    longest.as_secs_f64()
                ),
                strain => strain.to_string(),
            };
            let causes = worst.iter().map(words).collect::<Vec<_>>().join(", ");
            return write!(
                f,
                "The load generator was the limit for {} of {} s: {causes}; {}.",
                self.limited_seconds,
                self.seconds,
                first.consequence()
            );
        }
        let figures = [
            self.cpu_cores().map(|cores| format!("CPU {} of a core", percent(cores))),
            self.send_lag.map(|lag| format!("send lag p99 {:.1} ms", lag.p99_ms)),
            self.files.map(|share| format!("{} files", Of(share))),
            self.ports.map(|share| format!("{} local ports", Of(share))),
        ];
        let figures: Vec<_> = figures.into_iter().flatten().collect();
        write!(
            f,
            "Generator: {}",
            if figures.is_empty() { "not measured".into() } else { figures.join(", ") }
        )
    }
}

/// Measures and judges a run. Make it on the thread that merges.
#[derive(Debug)]
pub(crate) struct Monitor {
    pub(crate) health: Health,
    own_cpu: CpuMeter,
    lag: Latency,
    second_lag: Latency,
    local_ports: Option<u64>,
    /// The longest standstill of late, and how many seconds of the run are still to be judged by it.
    standstill: Option<(Duration, u64)>,
}

impl Monitor {
    pub(crate) fn new() -> Self {
        Self {
            health: Health::default(),
            own_cpu: CpuMeter::new(),
            lag: Latency::new(),
            second_lag: Latency::new(),
            local_ports: local_ports(),
            standstill: None,
        }
    }

    /// Takes in what all runner threads measured in a second, and judges it. `connections` is how many there
    /// are to one address; standstills are those since the last time. Returns what to warn about.
    pub(crate) fn second(
        &mut self,
        usages: &[ResourceUsage],
        connections: u64,
        standstills: &[Standstill],
    ) -> Vec<String> {
        self.add(usages);
        self.stand_still(standstills);
        let lag = self.second_lag.summary().filter(|lag| lag.count >= FEWEST_PAUSES);
        let lag = lag.map(|lag| Duration::from_secs_f64(lag.p99_ms / 1e3));
        let files = open_files();
        let ports = self.local_ports.map(|of| Share { used: connections, of });
        self.health.files = most(self.health.files, files);
        self.health.ports = most(self.health.ports, ports);
        let sentence =
            |strain: Strain| format!("The load generator is the limit: {strain}; {}", strain.consequence());
        // Each of them is told, not only the first.
        let mut warnings: Vec<_> =
            standstills.iter().map(|standstill| sentence(Strain::StoodStill(standstill.length))).collect();
        let begun = self.health.judge([
            self.standstill.map(|(length, _)| Strain::StoodStill(length)),
            busiest(usages),
            lag.map(Strain::SendLag),
            files.map(Strain::Files),
            ports.map(Strain::Ports),
        ]);
        self.standstill =
            self.standstill.map(|(length, seconds)| (length, seconds - 1)).filter(|(_, left)| *left > 0);
        let begun = begun.into_iter().filter(|strain| !matches!(strain, Strain::StoodStill(_)));
        warnings.extend(begun.map(sentence));
        warnings
    }

    /// Takes in what was measured in less than a second, which is too little to judge but for standstills.
    pub(crate) fn last(&mut self, usages: &[ResourceUsage], standstills: &[Standstill]) {
        self.add(usages);
        self.stand_still(standstills);
        if let Some((length, _)) = self.standstill {
            self.health.judge([Some(Strain::StoodStill(length)), None, None, None, None]);
        }
    }

    /// Whole seconds in which the process stood still are judged one by one, late and all together.
    fn stand_still(&mut self, standstills: &[Standstill]) {
        for standstill in standstills {
            self.health.standstills += 1;
            self.health.stood_still += standstill.length;
            let seconds = standstill.in_run.as_secs().max(1);
            let (length, left) = self.standstill.unwrap_or_default();
            self.standstill = Some((length.max(standstill.length), left + seconds));
        }
    }

    fn add(&mut self, usages: &[ResourceUsage]) {
        self.second_lag.clear();
        for lag in usages.iter().filter_map(|usage| usage.lag.as_ref()) {
            self.second_lag.add(lag);
        }
        self.lag.add(&self.second_lag);
        self.health.send_lag = self.lag.summary();
        if let Some(own) = self.own_cpu.take() {
            let spent = self.health.spent.get_or_insert_default();
            spent.wall += own.wall;
            spent.ran += own.ran + usages.iter().filter_map(|v| v.spent).map(|s| s.ran).sum::<Duration>();
        }
    }
}

/// The strain of the thread that had most to do.
fn busiest(usages: &[ResourceUsage]) -> Option<Strain> {
    let threads = usages.iter().filter_map(|usage| usage.spent).filter(|spent| spent.wall >= SHORTEST);
    let strains = threads.map(|Spent { wall, ran, waited }| Strain::Cpu {
        ran: ran.as_secs_f64() / wall.as_secs_f64(),
        waited: waited.as_secs_f64() / wall.as_secs_f64(),
    });
    strains.max_by(|a, b| a.level().total_cmp(&b.level()))
}

/// Connections to the most wanted address, by how many users of each class have started: a user has one at
/// most.
pub(crate) fn connections_to_one(plan: &Plan, started: &[u64]) -> u64 {
    let mut connections = vec![0; plan.brokers.len()];
    for (class, users) in plan.classes.iter().zip(started) {
        let target = &plan.brokers[class.broker.0].target;
        // Two brokers of a plan can be one.
        let same = plan.brokers.iter().position(|broker| broker.target == *target);
        connections[same.unwrap_or(class.broker.0)] += users;
    }
    // Users are spread evenly over the servers of a broker.
    let servers = plan.brokers.iter().map(|broker| broker.target.servers() as u64);
    connections.into_iter().zip(servers).map(|(users, servers)| users.div_ceil(servers)).max().unwrap_or(0)
}

fn most(one: Option<Share>, other: Option<Share>) -> Option<Share> {
    one.into_iter().chain(other).max_by_key(|share| share.used)
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// `1,004 of 20,000`.
struct Of(Share);

impl fmt::Display for Of {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", grouped(self.0.used), grouped(self.0.of))
    }
}

/// A number with a comma between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Option<Strain> = Some(Strain::Cpu { ran: 0.2, waited: 0.01 });
    const BUSY: Option<Strain> = Some(Strain::Cpu { ran: 0.97, waited: 0.02 });
    const STARVED: Option<Strain> = Some(Strain::Cpu { ran: 0.55, waited: 0.4 });

    fn lag(ms: u64) -> Strain {
        Strain::SendLag(Duration::from_millis(ms))
    }

    fn share(used: u64, of: u64) -> Share {
        Share { used, of }
    }

    /// Judges a second per letter: `.` idle, `c` busy, `l` lag, `b` both, `f` files, `-` nothing is known.
    /// Returns limited seconds, the seconds in which something is a limit (by letter, `!`), and how many
    /// limits began.
    fn judged(seconds: &str) -> (u64, String, usize) {
        let mut health = Health::default();
        let mut begun = 0;
        let now = |letter| {
            let strains = match letter {
                '.' => [None, IDLE, Some(lag(1)), Some(Strain::Files(share(90, 100))), None],
                'c' => [None, BUSY, None, None, None],
                'l' => [None, IDLE, Some(lag(6)), None, None],
                'b' => [None, BUSY, Some(lag(6)), None, None],
                'f' => [None, IDLE, None, Some(Strain::Files(share(91, 100))), None],
                _ => [None; 5],
            };
            begun += health.judge(strains).len();
            if health.limit().is_some() { '!' } else { '.' }
        };
        let shown = seconds.chars().map(now).collect();
        assert_eq!(health.seconds, seconds.len() as u64);
        (health.limited_seconds, shown, begun)
    }

    #[test]
    fn three_bad_seconds_in_a_row_make_a_limit_and_count_from_the_first() {
        let table = [
            ("", 0, "", 0),
            ("......", 0, "......", 0),
            // Noise.
            ("c.cc.ll.cl", 0, "..........", 0),
            ("ccc", 3, "..!", 1),
            ("llll", 4, "..!!", 1),
            // One cause must last, not any two in turn.
            ("clclcl", 0, "......", 0),
            ("bbb", 3, "..!", 2),
            // Nothing known is no evidence.
            ("cc-cc", 0, ".....", 0),
            // Twice, but warned about once.
            (".cccc..ccc.", 7, "...!!....!.", 1),
            // A second cause within and after the first: no second counts twice.
            ("cccblll", 7, "..!!.!!", 2),
            ("cccb.ll", 4, "..!!...", 1),
            // Files at once.
            (".f.ff.", 3, ".!.!!.", 1),
            // The lag of the first two seconds was not blamed yet, the files of the second were.
            ("lfl", 1, ".!.", 1),
        ];
        for (seconds, limited, shown, begun) in table {
            assert_eq!(judged(seconds), (limited, shown.to_owned(), begun), "{seconds}");
        }
    }

    #[test]
    fn the_last_word_names_the_limit_or_the_figures() {
        let mut health = Health {
            send_lag: {
                let mut lag = Latency::new();
                lag.record(800_000);
                lag.summary()
            },
            files: Some(share(1_004, 20_000)),
            ports: Some(share(1_000, 28_232)),
            spent: Some(Spent {
                wall: Duration::from_secs(10),
                ran: Duration::from_millis(3_400),
                waited: Duration::ZERO,
            }),
            ..Health::default()
        };
        let figures = "Generator: CPU 34 % of a core, send lag p99 0.8 ms, 1,004 of 20,000 files, \
                       1,000 of 28,232 local ports";
        assert_eq!(health.to_string(), figures);
        for strain in [IDLE, BUSY, BUSY, BUSY, STARVED, IDLE] {
            health.judge([None, strain, None, None, None]);
        }
        assert_eq!(
            health.to_string(),
            "The load generator was the limit for 4 of 6 s: runner thread CPU at 97 %; \
             response times include its own delay."
        );
        for _ in 0..3 {
            health.judge([None, IDLE, Some(lag(12)), Some(Strain::Files(share(19_000, 20_000))), None]);
        }
        assert_eq!(
            health.to_string(),
            "The load generator was the limit for 7 of 9 s: runner thread CPU at 97 %, send lag p99 at \
             12.0 ms, 19,000 of 20,000 files; response times include its own delay."
        );
        assert_eq!(Health::default().to_string(), "Generator: not measured");
    }

    #[test]
    fn a_thread_without_a_core_is_as_busy_as_one_that_has_it() {
        let spent = |ran, waited| ResourceUsage {
            lag: None,
            spent: Some(Spent {
                wall: Duration::from_secs(1),
                ran: Duration::from_millis(ran),
                waited: Duration::from_millis(waited),
            }),
        };
        let mut monitor = Monitor::new();
        let usages = [spent(800, 10), spent(550, 400), ResourceUsage { lag: None, spent: None }];
        assert!(monitor.second(&usages, 1, &[]).is_empty());
        assert!(monitor.second(&usages, 1, &[]).is_empty());
        assert_eq!(
            monitor.second(&usages, 1, &[]),
            ["The load generator is the limit: runner thread CPU at 55 % and waiting for a core for 40 %; \
              response times include its own delay"]
        );
        assert!(monitor.second(&usages, 1, &[]).is_empty(), "it is said once");
        // Too short to tell.
        let short = ResourceUsage {
            lag: None,
            spent: Some(Spent { wall: SHORTEST / 2, ran: SHORTEST / 2, ..Spent::default() }),
        };
        assert_eq!(busiest(&[short]), None);
        assert_eq!(busiest(&[]), None);
    }

    /// A standstill of so many seconds, of which the run's clock has seen so many.
    fn standstill(length: f64, in_run: f64) -> Standstill {
        Standstill { length: Duration::from_secs_f64(length), in_run: Duration::from_secs_f64(in_run) }
    }

    #[test]
    fn a_process_that_stood_still_was_the_limit_for_that_time() {
        let mut monitor = Monitor::new();
        let mut second = |standstills: &[Standstill]| {
            let warnings = monitor.second(&[], 1, standstills);
            (warnings, monitor.health.limited_seconds, monitor.health.limit().is_some())
        };
        assert_eq!(second(&[]), (vec![], 0, false));
        // The ticks of the seconds in which it stood still come late and all together.
        let warning =
            "The load generator is the limit: it stood still for 4.0 s; response times include its own delay";
        assert_eq!(second(&[standstill(4.04, 4.04)]), (vec![warning.to_owned()], 1, true));
        for limited in 2..=4 {
            assert_eq!(second(&[]), (vec![], limited, true));
        }
        assert_eq!(second(&[]), (vec![], 4, false));
        assert_eq!(
            monitor.health.to_string(),
            "The load generator was the limit for 4 of 6 s: it stood still for 4.0 s; response times include its own \
             delay."
        );
        // A suspension, which the run's clock does not see, and one in the last part of a second.
        monitor.second(&[], 1, &[standstill(3_600.0, 0.05)]);
        monitor.last(&[], &[standstill(0.6, 0.6)]);
        assert_eq!((monitor.health.limited_seconds, monitor.health.seconds), (6, 8));
        let told = monitor.health.to_string();
        assert!(
            told.contains("it stood still 3 times, for 3604.6 s in all and 3600.0 s at the longest"),
            "{told}"
        );
    }

    #[test]
    fn lag_counts_once_there_are_pauses_enough() {
        let warned = |pauses: u64| {
            let mut monitor = Monitor::new();
            let mut second = || {
                // Over two threads.
                let lag = |count| {
                    let mut lag = Latency::new();
                    (0..count).for_each(|_| lag.record(7_000_000));
                    ResourceUsage { lag: Some(lag), spent: None }
                };
                monitor.second(&[lag(pauses / 2), lag(pauses - pauses / 2)], 1, &[])
            };
            let warnings = [second(), second(), second()].concat();
            assert_eq!(monitor.health.send_lag.unwrap().count, 3 * pauses);
            warnings
        };
        assert_eq!(warned(99), [""; 0]);
        assert_eq!(
            warned(100),
            ["The load generator is the limit: send lag p99 at 7.0 ms; response times include its own delay"]
        );
    }

    #[test]
    fn thousands_are_grouped() {
        let texts = [0, 999, 1_000, 28_232, 1_234_567].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "28,232", "1,234,567"]);
    }
}
