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
    let all =
        words("a.toml --repeat 4 -u 5 --versus=b.toml --out o --set x=1 --least-effect=3 --versus-set y=2");
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
