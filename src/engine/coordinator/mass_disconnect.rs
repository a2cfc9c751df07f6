//! Connections that a stage drops as it begins, until all shards have said how many they were.

use crate::engine::coordinator::registry::UserRef;
use crate::engine::messages::{Command, ShardHandle};

/// The disconnects that are not over, mostly none.
#[derive(Debug, Default)]
pub(crate) struct MassDisconnects(Vec<MassDisconnect>);

#[derive(Debug)]
struct MassDisconnect {
    stage: usize,
    /// How many users were drawn.
    drawn: usize,
    /// Shards that have not answered.
    unanswered: usize,
    dropped: u64,
}

impl MassDisconnects {
    /// A stage drops the connections of these users: tells all shards.
    pub(crate) fn begin(&mut self, stage: usize, drawn: &[UserRef], lines: &[ShardHandle]) {
        for (shard, line) in lines.iter().enumerate() {
            line.send(Command::Disconnect(stage, UserRef::numbers_on(drawn, shard)));
        }
        self.0.push(MassDisconnect { stage, drawn: drawn.len(), unanswered: lines.len(), dropped: 0 });
    }

    /// A shard has dropped so many. If it was the last one: how many were dropped in all, and how many users were
    /// drawn.
    pub(crate) fn answer(&mut self, stage: usize, dropped: u64) -> Option<(u64, usize)> {
        let place = self.0.iter().position(|storm| storm.stage == stage)?;
        let storm = &mut self.0[place];
        storm.unanswered -= 1;
        storm.dropped += dropped;
        if storm.unanswered > 0 {
            return None;
        }
        let storm = self.0.swap_remove(place);
        Some((storm.dropped, storm.drawn))
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    #[test]
    fn a_storm_is_over_when_all_shards_have_answered() {
        let (to_conductor, _from_shards) = unbounded_channel();
        let (lines, mut ends): (Vec<_>, Vec<_>) =
            (0..2).map(|shard| ShardHandle::new(shard, to_conductor.clone())).unzip();
        let users: Vec<_> =
            (1..=10).map(|number| UserRef { shard: usize::from(number > 6), number }).collect();
        let mut disconnects = MassDisconnects::default();
        disconnects.begin(1, &users, &lines);
        disconnects.begin(2, &users[..7], &lines);
        let mut told = |shard: usize| match ends[shard].commands.try_recv() {
            Ok(Command::Disconnect(stage, numbers)) => Some((stage, numbers)),
            _ => None,
        };
        assert_eq!(told(0), Some((1, vec![1, 2, 3, 4, 5, 6])));
        assert_eq!(told(1), Some((1, vec![7, 8, 9, 10])));
        assert_eq!((told(0), told(1)), (Some((2, vec![1, 2, 3, 4, 5, 6])), Some((2, vec![7]))));
        assert_eq!(disconnects.answer(1, 4), None);
        assert_eq!(disconnects.answer(2, 0), None);
        assert_eq!(disconnects.answer(2, 3), Some((3, 7)));
        assert_eq!(disconnects.answer(1, 5), Some((9, 10)));
        assert_eq!(disconnects.answer(1, 5), None);
    }
}
