//! Which client certificates a run needs, so that all of them can be read before it.

use std::collections::BTreeSet;

use crate::plan::ids::BrokerId;
use crate::plan::persona::{CertificateFiles, Persona};
use crate::plan::plan::Plan;
use crate::plan::roster::Roster;
use crate::plan::target::Certificate;
use crate::plan::timeline::LoadTimeline;
use crate::plan::user_class::UserClass;
use crate::template::Varies;

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
        LoadTimeline::watched(Roster::of(plan), &plan.load, &mut |_, change| {
            for new in &change.start {
                let Some(certificate) = per_user[new.class.0] else { continue };
                let class = &plan.classes[new.class.0];
                found.insert((class.broker, Some(files(certificate, plan, class, new.number, new.index))));
            }
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
    let mut user = Persona::with_rows_only(class, plan.seed, number, index);
    let CertificateFiles { certificate, key } = user.render_certificate(certificate);
    (certificate, key)
}
