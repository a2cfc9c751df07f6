//! The scenario file: from text to the model, and from a path of keys back to a place in the text.
//!
//! TOML and YAML both become one tree of nodes with spans (`node`), and one serde deserializer of ours (`de`)
//! reads the model from it: so both formats give the same messages, and a mistake is known by its place in
//! the tree instead of by the words of a library. `parse` repairs each mistake in the tree and reads again,
//! which is how all of them are reported at once.

mod align;
pub mod codes;
mod de;
mod explain;
mod format_toml;
mod format_yaml;
pub mod layout;
pub mod model;
mod node;
pub mod parse;
pub mod schema;
pub mod source;
