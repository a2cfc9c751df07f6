//! The command line of each of several runs, made of that of all of them.
//!
//! The words of the command line are passed on as they are, since only they say everything that a person asked for.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::cli::repeat::options::RepeatOptions;

/// Flags that say how many runs there are and where they go, and not what each of them does. Each has a value.
const OF_ALL: [&str; 7] =
    ["--repeat", "--versus", "--versus-host", "--versus-set", "--least-effect", "--out", "--run-folder"];

/// The words of `run` for one run, from those of all runs (without the program and `run`).
pub(super) fn of_each(words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut kept = Vec::new();
    let mut words = words;
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        if OF_ALL.contains(&&*text) {
            words.next();
        } else if !OF_ALL.iter().any(|flag| text.strip_prefix(flag).is_some_and(|rest| rest.starts_with('=')))
        {
            kept.push(word);
        }
    }
    kept
}

/// The words of a run of side B, from those of side A, whose scenario is `scenario`.
pub(super) fn of_b(words: &[OsString], scenario: &Path, options: &RepeatOptions) -> Vec<OsString> {
    let mut words = words.to_vec();
    if let Some(other) = &options.versus {
        // A scenario is the value of `-f`, or the word without a flag that ends as the name of a scenario does.
        words = without(words, &["-f", "--locustfile"]);
        match words.iter().position(|word| word == scenario.as_os_str()) {
            Some(at) => words[at] = other.clone().into(),
            None => words.insert(0, other.clone().into()),
        }
    }
    let mut more: Vec<OsString> = Vec::new();
    if !options.versus_host.is_empty() {
        words = without(words, &["-H", "--host"]);
        more.extend(options.versus_host.iter().flat_map(|host| ["-H".into(), host.into()]));
    }
    more.extend(options.versus_set.iter().flat_map(|set| ["--set".into(), set.into()]));
    // A word after `--` would not be read as a flag.
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    words.splice(end..end, more);
    words
}

/// Takes flags and their values away, in each of their spellings.
fn without(words: Vec<OsString>, flags: &[&str]) -> Vec<OsString> {
    let mut kept = Vec::new();
    let mut words = words.into_iter();
    let joined = |word: &OsStr| {
        let text = word.to_string_lossy();
        flags.iter().any(|flag| {
            text.strip_prefix(flag).is_some_and(|rest| !flag.starts_with("--") || rest.starts_with('='))
        })
    };
    while let Some(word) = words.next() {
        if flags.iter().any(|flag| word == *flag) {
            words.next();
        } else if !joined(&word) {
            kept.push(word);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        options: RepeatOptions,
        #[arg(long)]
        csv: Option<String>,
        #[arg(long)]
        request_log: Option<String>,
        #[arg(long)]
        summary_json: Option<String>,
        #[arg(long)]
        html: Option<String>,
        #[arg(long)]
        junit: Option<String>,
        #[arg(long)]
        json: bool,
        #[arg(long)]
        json_file: Option<String>,
        #[arg(long)]
        print_stats: Option<String>,
        #[arg(long)]
        logfile: Option<String>,
        #[arg(long)]
        shard: Option<String>,
        #[arg(long)]
        start_at: Option<String>,
        #[arg(long)]
        out: Option<String>,
    }

    fn options(words: &[&str]) -> RepeatOptions {
        Line::parse_from(std::iter::once("x").chain(words.iter().copied())).options
    }

    fn words(text: &str) -> Vec<OsString> {
        text.split(' ').filter(|word| !word.is_empty()).map(OsString::from).collect()
    }

    #[test]
    fn flags_of_all_runs_are_not_those_of_each() {
        let all = words(
            "a.toml --repeat 4 -u 5 --versus=b.toml --out o --set x=1 --least-effect=3 --versus-set y=2",
        );
        assert_eq!(of_each(all.into_iter()), words("a.toml -u 5 --set x=1"));
    }

    #[test]
    fn side_b_has_another_scenario_host_or_setting() {
        let a = words("a.toml -u 5 -H one --host=two -Hthree -- end");
        let b = |line: &[&str]| of_b(&a, Path::new("a.toml"), &options(line));
        assert_eq!(b(&["--versus", "b.toml"]), words("b.toml -u 5 -H one --host=two -Hthree -- end"));
        assert_eq!(b(&["--versus-host", "x"]), words("a.toml -u 5 -H x -- end"));
        let set = ["--versus-set", "q=1", "--versus-set", "r=2"];
        assert_eq!(b(&set), words("a.toml -u 5 -H one --host=two -Hthree --set q=1 --set r=2 -- end"));
        for named in ["-f a.toml Car -u 5", "--locustfile=a.toml Car -u 5", "-fa.toml Car -u 5"] {
            let b = of_b(&words(named), Path::new("a.toml"), &options(&["--versus", "b.toml"]));
            assert_eq!(b, words("b.toml Car -u 5"), "{named}");
        }
        let default =
            of_b(&words("-u 5"), Path::new("scenarios/publish.toml"), &options(&["--versus", "b.toml"]));
        assert_eq!(default, words("b.toml -u 5"));
    }
}
