//! Judges for each second of a run whether the generator itself was the limit.
//!
//! Too many warnings make testers ignore them, so one bad second is no limit yet. A busy thread, or pauses that end
//! late, count when they have lasted for three seconds; then the first two seconds count as well. Files and ports do
//! not change so quickly, so they count at once, and so does a time in which the whole process stood still.

use std::time::Duration;

use crate::engine::pulse::Standstill;
use crate::engine::resources::{CpuMeter, ResourceUsage, Spent, local_ports, open_files};
use crate::plan::Plan;
use crate::stats::health::{Health, HealthSecond, Saturation, Share};
use crate::stats::latency::Latency;

/// With fewer pauses in a second, the 99th percentile is the longest one, so one late pause would decide.
const MIN_PAUSES: u64 = 100;

/// How many bad seconds in a row make a limit.
const PATIENCE: u64 = 3;

/// A shorter time says too little about a thread's share of the CPU.
const MIN_WALL: Duration = Duration::from_millis(500);

/// How many seconds in a row a value must be over its bound to make a limit.
fn patience(saturation: Saturation) -> u64 {
    match saturation {
        Saturation::Cpu { .. } | Saturation::SendLag(_) => PATIENCE,
        Saturation::Files(_) | Saturation::Ports(_) | Saturation::StoodStill(_) => 1,
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Cause {
    /// In seconds.
    streak: u64,
    /// Its value, if it is a limit now.
    now: Option<Saturation>,
    /// Its worst value while it was a limit.
    worst: Option<Saturation>,
}

#[derive(Debug, Default)]
struct Judge {
    /// In this order: standstill, CPU, send lag, files, ports.
    causes: [Cause; 5],
    /// How many seconds have passed since the last one that counts as limited.
    since_limited: u64,
}

impl Judge {
    /// Judges a second by its standstill, CPU, send lag, files and ports. Returns those that are a limit for the first
    /// time.
    fn judge(&mut self, health: &mut Health, seen: [Option<Saturation>; 5]) -> Vec<Saturation> {
        health.seconds += 1;
        let mut begun = Vec::new();
        let mut longest = 0;
        for (cause, saturation) in self.causes.iter_mut().zip(seen) {
            let over = saturation.filter(|saturation| saturation.is_over());
            cause.streak = if over.is_some() { cause.streak + 1 } else { 0 };
            cause.now = over.filter(|saturation| cause.streak >= patience(*saturation));
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
            // The seconds in which it grew to a limit count too, unless they do already.
            health.limited_seconds += 1 + self.since_limited.min(longest - 1);
            self.since_limited = 0;
        }
        health.limit = self.causes.iter().find_map(|cause| cause.now);
        health.worst = self.causes.iter().filter_map(|cause| cause.worst).collect();
        begun
    }
}

/// Make it on the thread that merges.
#[derive(Debug)]
pub(crate) struct Monitor {
    pub(crate) health: Health,
    pub(crate) second: HealthSecond,
    judge: Judge,
    /// The time of all threads of the generator. `wall` is that of one thread.
    spent: Option<Spent>,
    own_cpu: CpuMeter,
    lag: Latency,
    second_lag: Latency,
    local_ports: Option<u64>,
    /// The longest recent standstill, and how many more seconds are to be judged by it.
    standstill: Option<(Duration, u64)>,
}

impl Monitor {
    pub(crate) fn new() -> Self {
        Self {
            health: Health::default(),
            second: HealthSecond::default(),
            judge: Judge::default(),
            spent: None,
            own_cpu: CpuMeter::new(),
            lag: Latency::new(),
            second_lag: Latency::new(),
            local_ports: local_ports(),
            standstill: None,
        }
    }

    /// Judges a second by what all runner threads measured in it. `connections` is the number of connections to one
    /// address, and `standstills` are those since the last call. Returns warnings for the log.
    pub(crate) fn judge_second(
        &mut self,
        usages: &[ResourceUsage],
        connections: u64,
        standstills: &[Standstill],
    ) -> Vec<String> {
        self.add(usages);
        self.stand_still(standstills);
        let lag = self.second_lag.summary().filter(|lag| lag.count >= MIN_PAUSES);
        let lag = lag.map(|lag| Duration::from_secs_f64(lag.p99_ms / 1e3));
        let files = open_files();
        let ports = self.local_ports.map(|of| Share { used: connections, of });
        self.health.files = most(self.health.files, files);
        self.health.ports = most(self.health.ports, ports);
        let sentence = |saturation: Saturation| {
            format!("The load generator is the limit: {saturation}; {}", saturation.consequence())
        };
        // Each of them is told, not only the first.
        let mut warnings: Vec<_> = standstills
            .iter()
            .map(|standstill| sentence(Saturation::StoodStill(standstill.length)))
            .collect();
        let begun = self.judge.judge(
            &mut self.health,
            [
                self.standstill.map(|(length, _)| Saturation::StoodStill(length)),
                busiest(usages),
                lag.map(Saturation::SendLag),
                files.map(Saturation::Files),
                ports.map(Saturation::Ports),
            ],
        );
        self.standstill =
            self.standstill.map(|(length, seconds)| (length, seconds - 1)).filter(|(_, left)| *left > 0);
        self.second.limited = self.health.limit.is_some();
        let begun = begun.into_iter().filter(|saturation| !matches!(saturation, Saturation::StoodStill(_)));
        warnings.extend(begun.map(sentence));
        warnings
    }

    /// Adds the measurements after the last whole second. They are too few to judge, except for standstills.
    pub(crate) fn last(&mut self, usages: &[ResourceUsage], standstills: &[Standstill]) {
        self.add(usages);
        self.stand_still(standstills);
        if let Some((length, _)) = self.standstill {
            self.judge
                .judge(&mut self.health, [Some(Saturation::StoodStill(length)), None, None, None, None]);
        }
        self.second.limited = self.health.limit.is_some();
    }

    /// Remembers standstills. Their seconds are judged one by one, but late and all at once.
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
        self.second.send_lag_p99_ms = self.second_lag.summary().map(|lag| lag.p99_ms);
        self.second.generator_cpu_cores = self.own_cpu.take().and_then(|own| {
            let ran =
                own.ran + usages.iter().filter_map(|usage| usage.spent).map(|s| s.ran).sum::<Duration>();
            let spent = self.spent.get_or_insert_default();
            spent.wall += own.wall;
            spent.ran += ran;
            self.health.cpu_cores = cores(spent.ran, spent.wall);
            cores(ran, own.wall)
        });
    }
}

/// How many cores so much time on them is; `None` if no time has passed.
fn cores(ran: Duration, wall: Duration) -> Option<f64> {
    (!wall.is_zero()).then(|| ran.as_secs_f64() / wall.as_secs_f64())
}

fn busiest(usages: &[ResourceUsage]) -> Option<Saturation> {
    let threads = usages.iter().filter_map(|usage| usage.spent).filter(|spent| spent.wall >= MIN_WALL);
    let seen = threads.map(|Spent { wall, ran, waited }| Saturation::Cpu {
        ran: ran.as_secs_f64() / wall.as_secs_f64(),
        waited: waited.as_secs_f64() / wall.as_secs_f64(),
    });
    seen.max_by(|a, b| a.level().total_cmp(&b.level()))
}

/// The most connections to one address, if each user has one. `started` is the number of users of each class.
pub(crate) fn connections_to_one(plan: &Plan, started: &[u32]) -> u64 {
    let mut connections = vec![0; plan.brokers.len()];
    for (class, users) in plan.classes.iter().zip(started) {
        let target = &plan.brokers[class.broker.0].target;
        // Two brokers of a plan can be one.
        let same = plan.brokers.iter().position(|broker| broker.target == *target);
        connections[same.unwrap_or(class.broker.0)] += u64::from(*users);
    }
    // Users are spread evenly over the servers of a broker.
    let servers = plan.brokers.iter().map(|broker| broker.target.servers() as u64);
    connections.into_iter().zip(servers).map(|(users, servers)| users.div_ceil(servers)).max().unwrap_or(0)
}

fn most(one: Option<Share>, other: Option<Share>) -> Option<Share> {
    one.into_iter().chain(other).max_by_key(|share| share.used)
}

#[cfg(test)]
mod tests;
