//! Pauses as other tools write them, in our spelling.

use crate::scenario::files::Format;
use crate::units::HumanDuration;

/// A pause that was written in another way, such as Locust's `between(1, 2)` or `1s..2s`, as a wait time.
pub(super) fn wait_time(text: &str, format: Format) -> Option<String> {
    let (name, arguments) = call(text).or_else(|| range(text))?;
    written(name, &arguments, format)
}

/// The same for a `wait` step, which has no pace and takes a length of time as it stands.
pub(super) fn pause(text: &str, format: Format) -> Option<String> {
    let (name, arguments) = call(text).or_else(|| range(text))?;
    match (name, arguments.as_slice()) {
        ("constant", [length]) => with_unit(length),
        ("between" | "exponential", _) => written(name, &arguments, format),
        _ => None,
    }
}

/// Two numbers of seconds.
pub(super) fn between(shortest: &str, longest: &str, format: Format) -> Option<String> {
    written("between", &[shortest, longest], format)
}

fn written(name: &str, arguments: &[&str], format: Format) -> Option<String> {
    let value = match (name, arguments) {
        ("between", [shortest, longest]) => format!("[{}, {}]", with_unit(shortest)?, with_unit(longest)?),
        ("constant_throughput", [rate]) => rate.parse::<f64>().ok()?.to_string(),
        ("constant" | "constant_pacing" | "exponential", [length]) => with_unit(length)?,
        _ => return None,
    };
    Some(match format {
        Format::Toml => format!("{{ {name} = {value} }}"),
        Format::Yaml => format!("{{ {name}: {value} }}"),
    })
}

/// A length of time in quotes; a number without a unit is seconds, as in Locust.
fn with_unit(text: &str) -> Option<String> {
    let text = text.trim().trim_matches(['"', '\'']);
    if text.parse::<f64>().is_ok_and(|seconds| seconds >= 0.0 && seconds.is_finite()) {
        return Some(format!("\"{text}s\""));
    }
    text.parse::<HumanDuration>().is_ok().then(|| format!("\"{text}\""))
}

/// The name that a function of a wait time has here, and its arguments.
fn call(text: &str) -> Option<(&'static str, Vec<&str>)> {
    let (name, rest) = text.trim().split_once('(')?;
    let arguments = rest.split_once(')')?.0.split(',').map(str::trim).collect();
    let name = match name.trim().rsplit('.').next()? {
        "between" | "uniform" | "randint" => "between",
        "constant" | "sleep" => "constant",
        "constant_pacing" => "constant_pacing",
        "constant_throughput" => "constant_throughput",
        "exponential" | "expovariate" => "exponential",
        _ => return None,
    };
    Some((name, arguments))
}

/// `1s..2s`, `1-2`, `1 to 2`.
fn range(text: &str) -> Option<(&'static str, Vec<&str>)> {
    let ends = ["..", "-", " to ", ","].iter().find_map(|between| text.split_once(between));
    let (shortest, longest) = ends?;
    Some(("between", vec![shortest.trim(), longest.trim()]))
}

#[cfg(test)]
mod tests;
