use super::*;
use crate::broker::faults::OPTIONS;
use clap::{Args, Command, FromArgMatches};

#[test]
fn every_fault_of_a_url_is_a_flag_and_means_the_same() {
    let command = || BrokerOptions::augment_args(Command::new("broker"));
    for option in OPTIONS {
        let flag = option.name.replace('_', "-");
        assert!(command().get_arguments().any(|arg| arg.get_long() == Some(&flag)), "--{flag}");
    }
    let query = "delay=5ms&jitter=1ms&loss=0.1&repeat=0.2&drop=0.4&swap=0.5&refuse=0.3&stall=1s&stall_after=2s&\
                     never_ack&seed=9";
    let flags = query.split('&').map(|pair| format!("--{}", pair.replacen('_', "-", 1)));
    let matches = command().get_matches_from(["broker".to_owned()].into_iter().chain(flags));
    let options = BrokerOptions::from_arg_matches(&matches).unwrap();
    assert_eq!(options.config().faults, Faults::from_query(query).unwrap());
    assert_eq!(options.config().bind.to_string(), "127.0.0.1:1883");
}
