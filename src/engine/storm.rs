//! Connections that a stage drops as it begins, until all shards have said how many they were.

/// The storms that are not over, mostly none.
#[derive(Debug, Default)]
pub(crate) struct Storms(Vec<Storm>);

#[derive(Debug)]
struct Storm {
    stage: usize,
    /// How many users were drawn.
    drawn: usize,
    /// Shards that have not answered.
    unanswered: usize,
    dropped: u64,
}

impl Storms {
    /// A stage drops the connections of so many users on so many shards.
    pub(crate) fn begin(&mut self, stage: usize, drawn: usize, shards: usize) {
        self.0.push(Storm { stage, drawn, unanswered: shards, dropped: 0 });
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
    use super::*;

    #[test]
    fn a_storm_is_over_when_all_shards_have_answered() {
        let mut storms = Storms::default();
        storms.begin(1, 10, 2);
        storms.begin(2, 7, 2);
        assert_eq!(storms.answer(1, 4), None);
        assert_eq!(storms.answer(2, 0), None);
        assert_eq!(storms.answer(2, 3), Some((3, 7)));
        assert_eq!(storms.answer(1, 5), Some((9, 10)));
        assert_eq!(storms.answer(1, 5), None);
    }
}
