//! A user that has its rows and nothing else yet: what is said of users before a run is rendered as the engine will.

use crate::plan::feed::Rows;
use crate::plan::user_class::UserClass;
use crate::template::random::Random;
use crate::template::{NOTHING, Scope, Template, UserScope};

/// A user whose rows have been drawn, which comes first in its life.
pub(crate) struct Newborn {
    random: Random,
    rows: Rows,
    user: UserScope,
}

impl Newborn {
    /// The user with this number in the run and this index in its class.
    pub(crate) fn new(class: &UserClass, seed: u64, number: u64, index: u64) -> Self {
        let mut random = Random::for_user(seed, &class.name, index);
        let rows = Rows::new(&class.feeds, index, &mut random);
        Self { random, rows, user: UserScope { number, index, client_id: Vec::new() } }
    }

    /// The next text that it has for its life; one that needs no client id, time or walk.
    pub(crate) fn render(&mut self, template: &Template) -> Vec<u8> {
        let mut out = Vec::new();
        let mut scope = Scope {
            user: &self.user,
            rows: self.rows.current(),
            iteration: 0,
            seq: 0,
            now_ns: 0,
            random: &mut self.random,
            walks: &mut [],
            received: &NOTHING,
        };
        template.render(&mut scope, &mut out);
        out
    }
}
