//! A plan for people and scripts: a tester looks at it before starting ten thousand users.
//!
//! A `PlanSummary` is computed once from the plan. `text` and `json` only write it down, so both show the same.

use serde_json::Value;

use crate::describe::summary::PlanSummary;
use crate::plan::Plan;

pub mod difference;
mod json;
pub mod ratio;
mod sample;
mod secrets;
mod summary;
mod text;

/// The plan as text of many lines, the last one ended.
pub fn describe(plan: &Plan) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = text::write(&PlanSummary::new(plan), &mut out);
    out
}

/// The plan as one JSON object, of the shape that `docs/plan-json.md` tells.
pub fn describe_json(plan: &Plan) -> Value {
    json::plan(&PlanSummary::new(plan))
}
