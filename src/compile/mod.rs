//! From a scenario to a plan, with all its mistakes at once.
//!
//! Every check notes its mistakes and goes on with a stand-in, so one pass finds all of them. Only checks that need the
//! wrong part are left out. The end decides whether there is a plan.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::compile::broker::compile_brokers;
use crate::compile::class::{compile_class, select};
use crate::compile::context::ClassContext;
use crate::compile::feeds::{Feeds, deal};
use crate::compile::load::compile_load;
use crate::compile::payloads::Payloads;
use crate::compile::problems::Problems;
use crate::compile::rate_search::without_rate;
use crate::compile::shard::divide;
use crate::compile::steps::Rows;
use crate::compile::sync::compile_sync;
use crate::compile::threshold::compile_thresholds;
use crate::diagnostic::{Diagnostic, FieldPath, Severity};
use crate::plan::Plan;
use crate::plan::numbering::Numbering;
use crate::plan::timeline::LoadTimeline;
use crate::scenario::model::{self, Scenario};
use crate::template;
use crate::template::names::{Columns, Names};

mod address;
mod broker;
mod class;
mod client;
pub mod codes;
mod context;
mod feeds;
pub mod files;
mod headers;
mod load;
mod payloads;
mod problems;
mod properties;
mod protocol;
mod rate_search;
mod reconnect;
mod shard;
mod steps;
mod sync;
mod tasks;
mod threshold;
mod timing;
mod tls;
mod tls_files;
pub mod url;
mod warnings;
mod watch;
mod will;

pub use crate::compile::context::{Context, Overrides};

/// A scenario that can run.
#[derive(Debug, Clone, PartialEq)]
pub struct Compiled {
    /// The plan of the run.
    pub plan: Plan,
    /// What is surely not meant so.
    pub warnings: Vec<Diagnostic>,
}

/// Compiles a scenario, or says everything that is wrong with it (errors only).
///
/// The list can be empty if `context.reported` already holds all there is to say.
pub fn compile(scenario: &Scenario, context: &Context<'_>) -> Result<Compiled, Vec<Diagnostic>> {
    let root = FieldPath::root();
    let mut problems = Problems::new(context.reported);
    check_version(scenario.version, &root.key("version"), &mut problems);
    check_vars(&scenario.vars, &root.key("vars"), &mut problems);
    let vars = scenario.vars.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect();
    let used_vars = RefCell::new(BTreeSet::new());
    let no_columns = Columns::default();
    let names = Names {
        class: None,
        vars: &vars,
        used_vars: &used_vars,
        columns: &no_columns,
        env: context.env,
        hostname: context.hostname,
        run_id: context.run_id,
    };
    let brokers = compile_brokers(&scenario.brokers, &names, context, &mut problems);
    let shard = context.overrides.shard;
    let sync = compile_sync(scenario.load.sync.as_ref(), &brokers, shard, &mut problems);
    let feeds = Feeds::read(scenario, context.files, &mut problems);
    let payloads = Payloads::new(&scenario.payloads, context.files);
    let selected = select(&scenario.user_classes, context.overrides, &mut problems);
    let load = compile_load(scenario, &selected, context.overrides, &mut problems);
    let thresholds_at = root.key("thresholds");
    let thresholds =
        compile_thresholds(&scenario.thresholds, &thresholds_at, &load, context.line, &mut problems);
    let mut rows = Rows::default();
    let mut compiled = Vec::new();
    for (name, class) in &scenario.user_classes {
        if problems.is_full() {
            break;
        }
        let at = root.key("user_classes").key(name.as_str());
        let (class_feeds, columns) = feeds.of_class(&class.feeds, &at, &mut problems);
        let names = Names { class: Some(name), columns: &columns, ..names };
        let class_context = ClassContext {
            brokers: &scenario.brokers,
            compiled_brokers: &brokers,
            payloads: &payloads,
            feeds: class_feeds,
            files: context.files,
            folder: context.folder,
        };
        if selected.contains(name.as_str()) {
            let overrides = context.overrides;
            compiled.push(compile_class(
                class,
                &at,
                &names,
                class_context,
                overrides,
                &mut rows,
                &mut problems,
            ));
        } else {
            let (overrides, mut rows) = (Overrides::default(), Rows::default());
            compile_class(class, &at, &names, class_context, &overrides, &mut rows, &mut problems);
        }
    }
    let any_columns = Columns { is_incomplete: true, ..Columns::default() };
    payloads.check_unused(&Names { columns: &any_columns, ..names }, &mut problems);
    let classes: Option<Vec<_>> = compiled.into_iter().collect();
    let complete = classes.filter(|classes| !classes.is_empty() && brokers.len() == scenario.brokers.len());
    let is_error = |diagnostic: &Diagnostic| diagnostic.severity == Severity::Error;
    let (Some(classes), false) = (complete, problems.found.iter().any(is_error)) else {
        problems.found.retain(is_error);
        return Err(problems.found);
    };
    let name = scenario.name.clone().unwrap_or_else(|| context.file_stem.to_owned());
    let (classes, notes) = warnings::split(classes);
    let mut plan = Plan {
        name,
        seed: scenario.seed.unwrap_or(0),
        brokers,
        classes,
        rows: rows.into_keys(),
        load,
        shard,
        sync,
        numbering: Numbering::ALONE,
        thresholds,
    };
    // What all users share is shared out over those of all shards.
    let timeline = LoadTimeline::of_all(&plan);
    let rates = notes.iter().map(|notes| notes.rate);
    timing::share_rates(&mut plan.classes, rates, &timeline.most, &mut problems);
    deal(&mut plan.classes, &timeline.started, &mut problems);
    if plan.load.search.as_ref().is_some_and(|search| search.planned(&timeline.most) <= 0.0) {
        // Only now is it known which classes get users.
        without_rate(&root.key("load").key("search"), &mut problems);
    }
    divide(&mut plan, &mut problems);
    if problems.found.iter().any(is_error) {
        problems.found.retain(is_error);
        return Err(problems.found);
    }
    warnings::warn(scenario, &plan, &notes, &used_vars.into_inner(), context.overrides, &mut problems);
    threshold::warnings::warn(&plan, &scenario.thresholds, &thresholds_at, &mut problems);
    feeds.warn(&mut problems);
    payloads.warn(&mut problems);
    Ok(Compiled { plan, warnings: problems.found })
}

fn check_version(version: Option<u32>, at: &FieldPath, problems: &mut Problems<'_>) {
    match version {
        Some(1) => {}
        Some(other) => {
            let message = format!("version {other} of the scenario language is unknown");
            let help = "version 1 is the only one so far";
            problems.add(Diagnostic::error(codes::VERSION, at.clone(), message).help(help));
        }
        None => {
            let message = "the scenario does not say its version";
            let help = "add `version` with the number 1 at the top of the file";
            problems.add_absence(Diagnostic::error(codes::VERSION, at.clone(), message).help(help));
        }
    }
}

fn check_vars(vars: &BTreeMap<String, model::Scalar>, at: &FieldPath, problems: &mut Problems<'_>) {
    for (name, value) in vars {
        if value.0.contains("${") {
            let message = format!("`vars.{name}` holds `${{`, but templates are not expanded in constants");
            problems.add(
                Diagnostic::error(template::codes::TEMPLATE_IN_VARS, at.key(name.as_str()), message)
                    .help("write the template where the constant is used"),
            );
        }
    }
}
