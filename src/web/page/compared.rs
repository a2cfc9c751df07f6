//! Two results laid beside each other: the page that `compare --html` writes.

use crate::report::compare::{Options, verdict};
use crate::report::html;
use crate::report::html::frame::Back;
use crate::stats::result::RunResult;

/// Below this share, a difference between two runs is none to speak of; as in `compare`.
const LEAST_EFFECT: f64 = 0.05;

/// The page of a comparison of A with B, which have these names.
pub(super) fn page(a: RunResult, b: RunResult, names: [String; 2], back: Back) -> askama::Result<String> {
    let (a, b) = ([a], [b]);
    let options = Options { least_effect: LEAST_EFFECT, names: names.map(|name| vec![name]) };
    html::comparison_on_site(&verdict(&a, &b, &options), &a, &b, Some(back))
}
