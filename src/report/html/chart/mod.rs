//! Charts as SVG, from plain numbers.
//!
//! Two decisions hold for all of them. Text stands in pixels and places in percent of the drawing, so that a chart fits
//! any width and its labels stay readable. And a path has its values in steps that are finer than anybody can see
//! ([`scale::Scale::steps`]), so that the script of the page reads the values under the pointer from the path itself:
//! no number stands in the page twice.

pub mod across;
pub mod axes;
pub mod heat;
pub mod lines;
mod path;
mod png;
pub mod quantity;
pub mod scale;
