use super::*;

#[test]
fn a_plan_that_cannot_fit_is_refused_with_both_figures() {
    assert_eq!(raise_open_files(1), Ok(()));
    let limit = getrlimit(Resource::Nofile).current.unwrap();
    let error = raise_open_files(limit).unwrap_err();
    assert_eq!(error, TooFewFiles { needed: limit + OTHER_FILES, limit });
}
