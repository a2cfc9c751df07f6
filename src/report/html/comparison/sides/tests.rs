use super::*;

fn run(revision: &str, seed: u64) -> RunResult {
    let mut run = RunResult::default();
    run.run.git_revision = (!revision.is_empty()).then(|| revision.to_owned());
    run.run.seed = Some(seed);
    run
}

#[test]
fn facts_say_what_differs_between_the_sides() {
    let a: Vec<_> = (1..=6).map(|seed| run("old", seed)).collect();
    let b = [run("new", 1), run("", 2)];
    let facts = facts(&a, &b);
    let shown: Vec<_> =
        facts.iter().map(|fact| (fact.name, fact.a.as_str(), fact.b.as_str(), fact.differs)).collect();
    assert_eq!(
        shown,
        [("Git revision", "old", "new", true), ("Seed", "1, 2, 3, 4 and 2 others", "1, 2", true)]
    );
}

#[test]
fn what_only_one_side_tells_is_no_difference() {
    let facts = facts(&[RunResult::default()], &[run("new", 1)]);
    assert!(facts.iter().all(|fact| fact.a == text::UNKNOWN && !fact.differs));
}
