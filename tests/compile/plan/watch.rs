//! Where a broker tells of itself: what is wrong with it, and what has no effect.

use super::*;

fn watching(url: &str, watch: &str) -> String {
    SMALL.replace(
        "brokers.b.url = \"embedded:\"",
        &format!("brokers.b = {{ url = \"{url}\", watch = {watch} }}"),
    )
}

/// What is said about a scenario that watches its broker so.
fn said(url: &str, watch: &str) -> String {
    match compiled(&watching(url, watch)) {
        Ok(Compiled { warnings, .. }) => listed(&warnings),
        Err(mistakes) => listed(&mistakes),
    }
}

#[test]
fn what_is_wrong_with_a_watch_is_said_with_its_cure() {
    let remote = |watch: &str| said("mqtt://h", watch);
    let told: Vec<String> = [
        "{}",
        "{ sys = \"a/#/b\" }",
        "{ sys = \"$share/g/$SYS/#\" }",
        "{ sys = \"$SYS/${user.number}\" }",
        "{ sys = \"$SYS/#\", pick = [\"x\"], every = \"1s\", headers = { A = \"b\" } }",
        "{ prometheus = \"http://h/metrics\", username = \"me\", password = \"hunter2\" }",
        "{ prometheus = \"localhost:9090\" }",
        "{ prometheus = \"http://me:hunter2@h/metrics\" }",
        "{ prometheus = \"http://h/metrics\", every = \"1ms\", pick = [\"\", \"a{b='c'}\", \"a-b\", \"a_*:b\"] }",
        "{ prometheus = \"http://h/metrics\", headers = { Host = \"x\", \"a b\" = \"c\" } }",
    ]
    .iter()
    .map(|watch| format!("{watch}\n{}", remote(watch)))
    .collect();
    insta::assert_snapshot!("watch_that_is_wrong", told.join("\n").replace("hunter2@h", "***@h"));
    assert!(!remote("{ prometheus = \"http://me:hunter2@h/metrics\" }").contains("hunter2"));
}

#[test]
fn an_embedded_broker_publishes_nothing_of_itself_but_its_machine_may_have_metrics() {
    let both = "{ sys = \"$SYS/#\", prometheus = \"http://h/metrics\" }";
    let Compiled { plan, warnings } = compiled(&watching("embedded:", both)).unwrap();
    assert!(listed(&warnings).contains("W0257"), "{}", listed(&warnings));
    let watch = plan.brokers[0].watch.as_ref().unwrap();
    assert!(watch.sys.is_none() && watch.metrics.is_some());
    // The same scenario against a real broker has its figures.
    let overrides = Overrides {
        host: Some(Target::Remote {
            transport: Transport::Tcp,
            servers: vec![Server { host: "h".to_owned(), port: 1883, path: String::new() }],
        }),
        ..Overrides::default()
    };
    let Compiled { plan, warnings } = compiled_with(&watching("embedded:", both), &overrides).unwrap();
    assert_eq!(listed(&warnings), "");
    assert_eq!(plan.brokers[0].watch.as_ref().unwrap().sys.as_ref().unwrap().filter, "$SYS/#");
}
