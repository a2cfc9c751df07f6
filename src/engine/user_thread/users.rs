//! The users of a thread: their tasks, and the signals that stop them.

use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use tokio::task::{AbortHandle, Id, JoinSet};

use crate::client::Connect;
use crate::engine::context::Context;
use crate::engine::user::state::User;
use crate::engine::user::stop_signal::StopSignal;
use crate::plan::roster::NewUser;

pub(super) struct Users<C> {
    context: Rc<Context<C>>,
    tasks: JoinSet<()>,
    living: HashMap<u64, (Rc<StopSignal>, AbortHandle)>,
    numbers: HashMap<Id, u64>,
}

impl<C: Connect> Users<C> {
    pub(super) fn new(context: Rc<Context<C>>) -> Self {
        Self { context, tasks: JoinSet::new(), living: HashMap::new(), numbers: HashMap::new() }
    }

    /// Starts a user. Returns whether it lives: one that panics while it is made is gone at once.
    pub(super) fn start(&mut self, new: NewUser) -> bool {
        let stop = Rc::new(StopSignal::new());
        self.context.users_changed(1);
        let make = || User::new(Rc::clone(&self.context), Rc::clone(&stop), new);
        // A user that is half made goes with the panic. It shares nothing that could be left half changed.
        match catch_unwind(AssertUnwindSafe(make)) {
            Ok(user) => {
                let handle = self.tasks.spawn_local(user.live());
                self.numbers.insert(handle.id(), new.number);
                self.living.insert(new.number, (stop, handle));
                true
            }
            Err(panic) => {
                self.panicked(&*panic);
                self.gone(&stop);
                false
            }
        }
    }

    /// Waits until a user has left for any reason, and returns its number. `None` if there are no users.
    pub(super) async fn next_gone(&mut self) -> Option<u64> {
        loop {
            let id = match self.tasks.join_next_with_id().await? {
                Ok((id, ())) => id,
                Err(error) => {
                    let id = error.id();
                    if let Ok(panic) = error.try_into_panic() {
                        self.panicked(&*panic);
                    }
                    id
                }
            };
            let number = self.numbers.remove(&id).unwrap_or_default();
            if let Some((stop, _)) = self.living.remove(&number) {
                self.gone(&stop);
                return Some(number);
            }
        }
    }

    /// The signals of all users, in no particular order: all of them hear of a stop in one turn of the thread.
    pub(super) fn stop_signals(&self) -> impl Iterator<Item = &StopSignal> {
        self.living.values().map(|(stop, _)| &**stop)
    }

    /// The signals of the users with these numbers. Users that are gone are skipped.
    pub(super) fn with_numbers(&self, numbers: &[u64]) -> impl Iterator<Item = &StopSignal> {
        numbers.iter().filter_map(|number| self.living.get(number)).map(|(stop, _)| &**stop)
    }

    pub(super) fn drop_users(&self, numbers: &[u64]) {
        let tasks = numbers.iter().filter_map(|number| self.living.get(number));
        tasks.for_each(|(_, task)| task.abort());
    }

    pub(super) fn drop_all(&mut self) {
        self.tasks.abort_all();
    }

    fn gone(&self, stop: &StopSignal) {
        let shared = &self.context.shared;
        if stop.arrive() {
            shared.arrivals.arrive();
        }
        if stop.finish_sending() {
            shared.done_sending.arrive();
        }
        self.context.users_changed(-1);
    }

    /// A user's panic is a fault of this program: one row among the exceptions, while the other users go on.
    fn panicked(&self, panic: &(dyn Any + Send)) {
        let literal = panic.downcast_ref::<&str>().copied();
        let text = literal.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        self.context.record_panic(text.unwrap_or("a user panicked"));
    }
}
