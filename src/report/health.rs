//! How the load generator did, as a sentence.

use crate::stats::health::{Health, Saturation};

/// The sentence for the end of a run: what made the generator the limit, or its figures.
pub fn sentence(health: &Health) -> String {
    let Health { limited_seconds, seconds, worst, .. } = health;
    if let Some(first) = worst.first() {
        let words = |saturation: &Saturation| match saturation {
            Saturation::StoodStill(longest) if health.standstills > 1 => format!(
                "it stood still {} times, for {:.1} s in all and {:.1} s at the longest",
                health.standstills,
                health.stood_still.as_secs_f64(),
                longest.as_secs_f64()
            ),
            saturation => saturation.to_string(),
        };
        let causes = worst.iter().map(words).collect::<Vec<_>>().join(", ");
        let consequence = first.consequence();
        return format!(
            "The load generator was the limit for {limited_seconds} of {seconds} s: {causes}; {consequence}."
        );
    }
    let figures = [
        health.cpu_cores.map(|cores| format!("CPU {:.0} % of a core", cores * 100.0)),
        health.send_lag.map(|lag| format!("send lag p99 {:.1} ms", lag.p99_ms)),
        health.files.map(|share| format!("{share} files")),
        health.ports.map(|share| format!("{share} local ports")),
    ];
    let figures: Vec<_> = figures.into_iter().flatten().collect();
    format!("Generator: {}", if figures.is_empty() { "not measured".to_owned() } else { figures.join(", ") })
}

#[cfg(test)]
mod tests;
