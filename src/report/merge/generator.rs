//! How several load generators did: what they used is added, and of what says how late they were the worst stands.

use crate::report::merge::counts::{of_both, sum};
use crate::stats::result::RunResult;
use crate::stats::result::generator::{Generator, Standstills, Used};
use crate::stats::result::row::Times;

/// All of them; `processes` is how many there were.
pub(super) fn merged(all: &[&RunResult], processes: usize) -> Generator {
    let each = || all.iter().map(|of| &of.generator);
    let added = |one: f64, two: f64| one + two;
    let mut merged = Generator {
        was_the_limit: each().any(|of| of.was_the_limit),
        seconds: sum(each().map(|of| of.seconds)),
        limited_seconds: sum(each().map(|of| of.limited_seconds)),
        cpu_cores: each().fold(None, |sum, of| of_both(sum, of.cpu_cores, added)),
        standstills: Standstills {
            count: sum(each().map(|of| of.standstills.count)),
            seconds: each().map(|of| of.standstills.seconds).sum(),
        },
        send_lag_ms: each().fold(None, |worst, of| of_both(worst, of.send_lag_ms, later)),
        open_files: each().fold(None, |most, of| of_both(most, of.open_files, fuller)),
        local_ports: each().fold(None, |most, of| of_both(most, of.local_ports, fuller)),
        sentence: String::new(),
    };
    merged.sentence = sentence(&merged, processes);
    merged
}

/// Of each percentile the later one.
fn later(one: Times, two: Times) -> Times {
    Times {
        count: one.count.saturating_add(two.count),
        min: one.min.max(two.min),
        mean: one.mean.max(two.mean),
        p50: one.p50.max(two.p50),
        p90: one.p90.max(two.p90),
        p95: one.p95.max(two.p95),
        p99: one.p99.max(two.p99),
        p999: one.p999.max(two.p999),
        max: one.max.max(two.max),
    }
}

/// The one of which less is left.
fn fuller(one: Used, two: Used) -> Used {
    // `one.used / one.of` against `two.used / two.of`, without a division.
    let share = |of: Used, other: Used| u128::from(of.used) * u128::from(other.of);
    let order = share(one, two).cmp(&share(two, one)).then(one.used.cmp(&two.used));
    if order.is_lt() { two } else { one }
}

fn sentence(of: &Generator, processes: usize) -> String {
    if of.was_the_limit {
        return format!(
            "Of {processes} load generators at least one was the limit, for {} of {} s in all: their own results say why.",
            of.limited_seconds, of.seconds
        );
    }
    let figures = [
        of.cpu_cores.map(|cores| format!("CPU {:.0} % of a core in all", cores * 100.0)),
        of.send_lag_ms.map(|lag| format!("send lag p99 {:.1} ms at worst", lag.p99)),
        of.open_files.map(|files| format!("{} of {} files at worst", files.used, files.of)),
        of.local_ports.map(|ports| format!("{} of {} local ports at worst", ports.used, ports.of)),
    ];
    let figures: Vec<_> = figures.into_iter().flatten().collect();
    let figures = if figures.is_empty() { "not measured".to_owned() } else { figures.join(", ") };
    format!("{processes} generators: {figures}")
}
