//! Texts with `${…}` in them, parsed once to segments and rendered into a reused buffer.
//!
//! This is no general template engine. The language has no logic, so everything in it can be checked before the run.
//! Every message is rendered, so rendering neither allocates nor looks up a name. Values that do not change during a
//! run (constants, environment, host name) are literal text after [`Template::parse`].
//!
//! ```
//! # use std::{cell::RefCell, collections::{BTreeMap, BTreeSet}};
//! use mqtt_scenario::template::random::Random;
//! use mqtt_scenario::template::names::{Columns, Names, Place};
//! use mqtt_scenario::template::{NOTHING, Scope, Template, UserScope};
//!
//! # let (vars, used_vars, columns) = (BTreeMap::new(), RefCell::new(BTreeSet::new()), Columns::default());
//! # let env = |_: &str| None;
//! let names = Names {
//!     class: Some("device"),
//!     vars: &vars,
//!     used_vars: &used_vars,
//!     columns: &columns,
//!     env: &env,
//!     hostname: "h",
//!     run_id: None,
//! };
//! let template = Template::parse("${user.class}/${user.number}/${seq}", Place::Topic, &names).unwrap();
//!
//! let user = UserScope { number: 7, index: 2, client_id: b"c7"[..].into() };
//! let mut random = Random::for_user(0, "device", 2);
//! let mut topic = Vec::new();
//! let mut scope = Scope {
//!     user: &user,
//!     rows: &[],
//!     iteration: 0,
//!     seq: 1,
//!     now_ns: 0,
//!     random: &mut random,
//!     walks: &mut [],
//!     received: &NOTHING,
//! };
//! template.render(&mut scope, &mut topic);
//! assert_eq!(topic, b"device/7/1");
//! ```

pub(crate) use crate::template::received::Part;
pub use crate::template::received::{NOTHING, Received};
pub use crate::template::scope::{Scope, UserScope};
pub use crate::template::template::{Secret, Template};
pub use crate::template::varies::Varies;
pub use crate::template::walk::NOT_BEGUN;

pub mod codes;
pub mod column;
mod cursor;
mod escape;
pub(crate) mod foreign;
mod iso;
pub(crate) mod json;
pub mod names;
pub mod parse;
pub mod random;
mod received;
mod render;
mod row;
mod scope;
mod segment;
#[expect(clippy::module_inception, reason = "the template itself is looked for under its own name")]
mod template;
mod varies;
mod walk;

#[cfg(test)]
mod tests;
