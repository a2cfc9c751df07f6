use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #[test]
    fn times_survive_packing_and_json(times in vec(0..5_000_000_000_000_u64, 0..100)) {
        let mut fine = FineTimes::default();
        for &ns in &times {
            fine.record(ns);
        }
        let packed = PackedTimes::from(&fine);
        prop_assert_eq!(packed.unpack(), fine.clone());
        let json = serde_json::to_string(&packed).unwrap();
        prop_assert_eq!(serde_json::from_str::<FineTimes>(&json).unwrap(), fine);
    }
}

#[test]
fn no_times_are_null_and_foreign_text_is_an_error() {
    assert_eq!(serde_json::to_string(&PackedTimes::default()).unwrap(), "null");
    for foreign in ["\"\"", "\"AAAA\"", "\"%\"", "7"] {
        assert!(serde_json::from_str::<PackedTimes>(foreign).is_err(), "{foreign}");
    }
}
