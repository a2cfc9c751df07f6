//! Any text as a template in any place: mistakes mark a part of it, and what it renders to is as long as it says.
#![no_main]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use libfuzzer_sys::fuzz_target;
use mqtt_scenario::template::random::Random;
use mqtt_scenario::template::names::{Columns, Names, Place};
use mqtt_scenario::template::{NOT_BEGUN, NOTHING, Scope, Template, UserScope};

/// Longer texts are rendered only in life.
const LONGEST: usize = 1 << 20;

fuzz_target!(|input: (u8, u64, &str)| {
    let (place, seed, text) = input;
    let places = [
        Place::Url,
        Place::RowName,
        Place::ClientId,
        Place::Credential,
        Place::Filter,
        Place::Topic,
        Place::Payload,
        Place::JsonText,
    ];
    let place = places[usize::from(place) % places.len()];
    let vars = BTreeMap::from([("site".to_owned(), "oslo".to_owned())]);
    let used_vars = RefCell::new(BTreeSet::new());
    let columns = Columns::default();
    let env = |name: &str| (name.len() % 2 == 0).then(|| name.to_owned());
    let names = Names {
        class: Some("device"),
        vars: &vars,
        used_vars: &used_vars,
        columns: &columns,
        env: &env,
        hostname: "rig",
        run_id: None,
    };
    match Template::parse(text, place, &names) {
        Err(faults) => {
            assert!(!faults.is_empty());
            for fault in faults {
                assert!(text.get(fault.range.clone()).is_some(), "{fault:?}");
            }
        }
        Ok(mut template) => {
            let user = UserScope { number: 42, index: 3, client_id: b"dev-42"[..].into() };
            let (least, most) = template.length((6, 6));
            if most > LONGEST {
                return;
            }
            let mut random = Random::for_user(seed, "device", 3);
            let mut count = 0;
            template.number_walks(&mut count);
            let mut walks = vec![NOT_BEGUN; count];
            let mut out = b"before".to_vec();
            for _ in 0..2 {
                out.truncate(6);
                let mut scope = Scope {
                    user: &user,
                    rows: &[],
                    iteration: 5,
                    seq: 9,
                    now_ns: seed,
                    random: &mut random,
                    walks: &mut walks,
                    received: &NOTHING,
                };
                template.render(&mut scope, &mut out);
                assert!(out.starts_with(b"before"));
                // How long is what was received, nobody knows.
                let fits = template.uses_received() || (least..=most).contains(&(out.len() - 6));
                assert!(fits, "{least} {most} {}", out.len());
            }
        }
    }
});
