//! The reference of `result.json` as Markdown: `docs/result.md`.
//!
//! The keys come from the schema, which comes from the types, so the page cannot contradict the program.

use std::fmt::{self, Write};

use serde_json::Value;

use crate::cli::reference::{escaped, text, type_of};

const HEAD: &str = "\
# What a run leaves behind

## The files

`mqtt-scenario run --out DIR` makes a folder for each run, named by time and scenario. Each file can also be had alone.

| file | what it is | alone |
|---|---|---|
| `result.json` | the whole result: every number that the other files and the report show, with a histogram for each row | `--summary-json FILE` |
| `report.html` | the report, one file that needs no network | `--html FILE` |
| `NAME_stats.csv`, `NAME_stats_history.csv`, `NAME_failures.csv`, `NAME_exceptions.csv` | Locust's four files, byte for byte as Locust writes them | `--csv PREFIX` |
| `history.hlog` | response times of every second, as an HDR interval log with a `Tag=` for each row | |
| the scenario and `plan.txt` | what ran, secrets masked | |
| `run.log` | what the program said | `--logfile FILE` |

## What can be done with them later

Each of these commands takes the folder of a run, a `result.json`, or the prefix of CSV files, those of Locust included. If a folder has
both, `result.json` is read.

| command | what it does |
|---|---|
| `mqtt-scenario report out/RUN` | makes the HTML report again, beside the result or where `--html` says |
| `mqtt-scenario compare out/A out/B` | says whether one is better or worse |
| `mqtt-scenario merge out/M1 out/M2 --out out/all` | adds the results of processes or machines that ran together |
| `mqtt-scenario trend out` | shows many runs over time, also for Bencher and Apache Otava |

CSV files tell less than `result.json`: they have no histograms, and nothing about thresholds, stages, end-to-end messages and the load
generator. What a source cannot tell is `null`, and `notes` says so in sentences. A result of percentiles alone cannot be merged.

A file that is damaged is refused with its line and a cure. Half a file would look like a faster run.

## Keys of result.json

- `mqtt-scenario schema result` prints this as a JSON Schema, and `mqtt-scenario schema result --format markdown` prints this page.
- Times are in milliseconds with a fraction, rates per second, sizes in bytes, and moments in seconds of unix time, unless a name says
  otherwise.
- `version` grows when a key gets another meaning or goes. New keys do not change it: a reader should pass over keys that it does not
  know. This program reads results of its own version and of all before it.
- A histogram is an HDR histogram of nanoseconds, from 1 µs to one hour with three digits, in base64 (encoding V2 of `HdrHistogram`, not
  compressed). PyPI's `hdrhistogram` and the libraries of other languages read it.
";

/// The whole document.
pub(super) fn markdown(schema: &Value) -> String {
    let mut out = HEAD.to_owned();
    // Writing to a String cannot fail.
    let _ = write(schema, &mut out);
    out
}

fn write(schema: &Value, out: &mut String) -> fmt::Result {
    writeln!(out, "\n### The document")?;
    keys(schema, out)?;
    for (name, definition) in schema["definitions"].as_object().into_iter().flatten() {
        writeln!(out, "\n### {name}\n\n{}", text(definition, "description"))?;
        keys(definition, out)?;
        if let Some(Value::Array(words)) = definition.get("oneOf") {
            writeln!(out, "\n| word | meaning |\n|---|---|")?;
            for word in words {
                writeln!(out, "| `{}` | {} |", text(word, "const"), escaped(text(word, "description")))?;
            }
        }
    }
    Ok(())
}

fn keys(definition: &Value, out: &mut String) -> fmt::Result {
    let Some(Value::Object(properties)) = definition.get("properties") else { return Ok(()) };
    writeln!(out, "\n| key | type | meaning |\n|---|---|---|")?;
    for (key, property) in properties {
        writeln!(
            out,
            "| `{key}` | {} | {} |",
            escaped(&of(property)),
            escaped(text(property, "description"))
        )?;
    }
    Ok(())
}

/// The type of a value, `null` included.
fn of(property: &Value) -> String {
    if let Some(Value::Array(choices)) = property.get("anyOf") {
        return choices.iter().map(type_of).collect::<Vec<_>>().join(" or ");
    }
    if let (Some("array"), Some(items)) = (property["type"].as_str(), property.get("items")) {
        return format!("list of {}", of(items));
    }
    type_of(property)
}
