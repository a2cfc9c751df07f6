//! The scenario file: from text to the model, and from a path of keys back to a place in the text.
//!
//! TOML and YAML both become one tree of nodes with spans (`node`), and one serde deserializer of ours (`de`) reads
//! the model from it: so both formats give the same messages, and a mistake is known by its place in the tree instead
//! of by the words of a library.
//!
//! # From files to one tree
//! ```text
//! text ──format──▶ tree ──repair──▶ tree without mistakes     each file by itself, so each mistake is found once
//!    ──include, merge──▶ one tree ──settings──▶ with `--set` ──extends──▶ classes complete ──▶ model
//! ```
//! Every node knows its file, so whatever is said of the scenario later shows the line that it comes from.

mod align;
pub mod codes;
mod constants;
mod de;
mod editor_schema;
mod explain;
mod extends;
pub mod files;
mod foreign;
mod format_toml;
mod format_yaml;
mod include;
pub mod layout;
mod merge;
mod mistake;
pub mod model;
mod node;
pub mod parse;
mod pause;
pub mod place;
mod quotes;
mod repair;
pub mod reported;
pub mod schema;
pub mod secrets;
mod settings;
pub mod source;
mod text_fault;
mod toml_syntax;
mod yaml_syntax;
