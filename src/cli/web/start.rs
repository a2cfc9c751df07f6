//! What a visitor asks for, as options of the command line.

use crate::cli::run::RunOptions;
use crate::web::command::Start;

/// The options of the program with what a visitor has changed; the error is a sentence for the visitor.
pub(super) fn started_with(options: &RunOptions, start: &Start) -> Result<RunOptions, String> {
    let Start { users, spawn_rate, run_time, host, user_classes, tags, exclude_tags, settings, unknown: _ } =
        start;
    let mut scenario = options.scenario().clone();
    scenario.override_load(*users, *spawn_rate, *run_time);
    if let Some(host) = host {
        scenario.override_host(host)?;
    }
    let settings: Vec<_> = settings.iter().map(|(key, value)| format!("{key}={value}")).collect();
    scenario.override_rest(user_classes.as_deref(), tags.as_deref(), exclude_tags.as_deref(), &settings);
    Ok(options.with_scenario(scenario))
}
