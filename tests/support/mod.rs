//! What several topics need: runtimes, sessions, plans built by hand, scenarios compiled, runs and what they say, the
//! program in a directory, brokers played by hand, and Mosquitto.

pub(crate) mod acceptor;
pub(crate) mod balance;
pub(crate) mod cluster;
mod compile;
pub(crate) mod fake_users;
pub(crate) mod locust_master;
pub(crate) mod meeting;
mod mosquitto;
pub(crate) mod peer;
mod plan;
pub(crate) mod program;
pub(crate) mod relay;
pub(crate) mod run;
mod runtime;
pub(crate) mod scripted;
pub(crate) mod served;
mod session;
pub(crate) mod takeover;

pub(crate) use self::compile::TestScenario;
pub(crate) use self::mosquitto::{Mosquitto, free_port, locust_python, received_by};
pub(crate) use self::plan::{PlanBuilder, task, template};
pub(crate) use self::program::{ProgramOutput, ScenarioDir, listing, row, run_program, run_program_within};
pub(crate) use self::run::{NullObserver, actions};
pub(crate) use self::runtime::{CoreTime, side_by_side, with_paused_clock, with_sockets};
pub(crate) use self::session::{Seen, connect_request, ticket};
