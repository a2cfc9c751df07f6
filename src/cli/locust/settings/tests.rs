use super::*;

#[test]
fn flags_that_are_refused_are_told_from_ours_and_from_unknown_ones() {
    for flag in ["--otel=x", "--processes", "--web-login", "--master", "-V", "--check-rps"] {
        assert!(instead_of(flag).is_some(), "{flag}");
    }
    for flag in ["--users", "-u", "-f", "--html=x", "--json", "--nosuchflag", "html", "--", "-"] {
        assert_eq!(instead_of(flag), None, "{flag}");
    }
    assert!(accepted("--skip-log-setup").is_some() && accepted("--headless").is_none());
}
