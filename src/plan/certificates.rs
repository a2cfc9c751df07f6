//! Which client certificates a run needs, so that all of them can be read before it.

use std::collections::BTreeSet;

use crate::plan::mix::Dispatcher;
use crate::plan::random::Random;
use crate::plan::target::Certificate;
use crate::plan::template::{Scope, Template, UserScope, Varies};
use crate::plan::{BrokerId, ClassId, Plan};

/// Files of a certificate and its key that users show to a broker; `None` if they show none.
pub type Files = (BrokerId, Option<(String, String)>);

/// What the users of the plan show to the brokers that are spoken to through TLS, each once.
pub fn certificates(plan: &Plan) -> BTreeSet<Files> {
    let mut found = BTreeSet::new();
    let secure = |class: &ClassId| plan.brokers[plan.classes[class.0].broker.0].tls.is_some();
    let varies = |certificate: &Certificate| {
        certificate.certificate.varies() != Varies::Never || certificate.key.varies() != Varies::Never
    };
    let mut per_user = false;
    for class in (0..plan.classes.len()).map(ClassId).filter(secure) {
        let class = &plan.classes[class.0];
        match &class.certificate {
            Some(certificate) if varies(certificate) => per_user = true,
            certificate => {
                let files = certificate.as_ref().map(|c| files(c, &UserScope::default()));
                found.insert((class.broker, files));
            }
        }
    }
    if per_user {
        let mut dispatcher = Dispatcher::for_classes(&plan.classes);
        // The pace does not change who is picked.
        dispatcher.ramp(plan.load.users, 1_000.0);
        let (mut number, mut indices) = (0, vec![0; plan.classes.len()]);
        while let Some(batch) = dispatcher.next_batch() {
            for id in batch.start {
                number += 1;
                let scope = UserScope { number, index: indices[id.0], client_id: Vec::new() };
                indices[id.0] += 1;
                let class = &plan.classes[id.0];
                if let Some(certificate) = class.certificate.as_ref().filter(|c| secure(&id) && varies(c)) {
                    found.insert((class.broker, Some(files(certificate, &scope))));
                }
            }
        }
    }
    found
}

fn files(certificate: &Certificate, user: &UserScope) -> (String, String) {
    let render = |template: &Template| {
        let mut out = Vec::new();
        // Neither time nor draws can stand in a path.
        let mut random = Random::for_user(0, "", 0);
        let mut scope = Scope { user, iteration: 0, seq: 0, now_ns: 0, random: &mut random };
        template.render(&mut scope, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    };
    (render(&certificate.certificate), render(&certificate.key))
}
