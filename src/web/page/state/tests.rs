use super::*;

#[test]
fn a_run_that_measures_deliveries_says_when_they_are_known() {
    let says = |measures, phase| {
        let now = Now { run: 1, measures, phase, ..Now::default() };
        RunState::of(&now, None).render().unwrap().contains("when the run is over")
    };
    assert!(says(true, Phase::Running));
    assert!(!says(true, Phase::Stopped), "they are known");
    assert!(!says(false, Phase::Running), "there are none");
}
