//! The scenario file: from text to the model, and from a path of keys back to a place in the text.

pub mod model;
