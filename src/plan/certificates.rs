//! Which client certificates a run needs, so that all of them can be read before it.

use std::collections::BTreeSet;

use crate::plan::feed::Rows;
use crate::plan::load::Course;
use crate::plan::mix::Dispatcher;
use crate::plan::random::Random;
use crate::plan::target::Certificate;
use crate::plan::template::{NOTHING, Scope, Template, UserScope, Varies};
use crate::plan::{BrokerId, Plan, UserClass};

/// Files of a certificate and its key that users show to a broker; `None` if they show none.
pub type Files = (BrokerId, Option<(String, String)>);

/// What the users of the plan show to the brokers that are spoken to through TLS, each once.
pub fn certificates(plan: &Plan) -> BTreeSet<Files> {
    let mut found = BTreeSet::new();
    let varies = |certificate: &Certificate| {
        certificate.certificate.varies() != Varies::Never || certificate.key.varies() != Varies::Never
    };
    let mut per_user: Vec<Option<&Certificate>> = vec![None; plan.classes.len()];
    for (class, per_user) in plan.classes.iter().zip(&mut per_user) {
        if plan.brokers[class.broker.0].tls.is_none() {
            continue;
        }
        match &class.certificate {
            Some(certificate) if varies(certificate) => *per_user = Some(certificate),
            certificate => {
                let files = certificate.as_ref().map(|c| files(c, plan, class, 1, 0));
                found.insert((class.broker, files));
            }
        }
    }
    if per_user.iter().any(Option::is_some) {
        let (mut number, mut indices) = (0, vec![0; plan.classes.len()]);
        Course::watched(Dispatcher::for_classes(&plan.classes), &plan.load, &mut |id| {
            number += 1;
            if let Some(certificate) = per_user[id.0] {
                let class = &plan.classes[id.0];
                found.insert((class.broker, Some(files(certificate, plan, class, number, indices[id.0]))));
            }
            indices[id.0] += 1;
        });
    }
    found
}

fn files(
    certificate: &Certificate,
    plan: &Plan,
    class: &UserClass,
    number: u64,
    index: u64,
) -> (String, String) {
    // As the engine makes a user: first its rows are drawn. Neither draws nor time can stand in a path.
    let mut random = Random::for_user(plan.seed, &class.name, index);
    let rows = Rows::new(&class.feeds, index, &mut random);
    let user = UserScope { number, index, client_id: Vec::new() };
    let mut render = |template: &Template| {
        let mut out = Vec::new();
        let mut scope = Scope {
            user: &user,
            rows: rows.current(),
            iteration: 0,
            seq: 0,
            now_ns: 0,
            random: &mut random,
            walks: &mut [],
            received: &NOTHING,
        };
        template.render(&mut scope, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    };
    (render(&certificate.certificate), render(&certificate.key))
}
