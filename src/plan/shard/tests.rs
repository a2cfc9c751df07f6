use proptest::prelude::*;

use super::*;

#[test]
fn a_shard_is_written_as_its_index_and_how_many_there_are() {
    for (text, index, of) in [("0/1", 0, 1), ("0/4", 0, 4), ("3/4", 3, 4), ("9999/10000", 9_999, 10_000)] {
        let shard: Shard = text.parse().unwrap();
        assert_eq!((shard.index(), shard.of(), shard.to_string().as_str()), (index, of, text));
    }
    for text in ["", "1", "4/4", "0/0", "-1/4", "+1/4", "1/4/2", "a/4", "1/ 4", "1.0/4", "0/10001", "/", "1/"]
    {
        assert_eq!(text.parse::<Shard>(), Err(NotAShard), "{text}");
    }
}

proptest! {
    #[test]
    fn every_user_is_in_one_shard(of in 1_u32..50, number in 1_u64..1_000_000) {
        let shards: Vec<_> = (0..of).filter_map(|index| Shard::new(index, of)).collect();
        let holding: Vec<_> = shards.iter().filter(|shard| shard.holds(number)).collect();
        prop_assert_eq!(holding.len(), 1);
        let own = (1..=number).filter(|number| holding[0].holds(*number)).count() as u64;
        prop_assert_eq!(holding[0].place(number), own - 1);
    }
}
