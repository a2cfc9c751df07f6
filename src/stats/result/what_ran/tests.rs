use super::*;

/// How far the clocks of three shards are apart, in words.
fn apart(indices: &[u32], ahead_ms: &[f64]) -> String {
    let clock = |&shard_0_is_ahead_ms| Clock { shard_0_is_ahead_ms, within_ms: 0.1 };
    let clocks = ahead_ms.iter().map(clock).collect();
    Shards { of: 3, indices: indices.to_vec(), clocks, ..Shards::default() }.clocks_apart_ms().to_string()
}

#[test]
fn shard_0_is_at_its_own_time_unless_it_says_otherwise() {
    assert_eq!(apart(&[0, 1, 2], &[]), "0");
    assert_eq!(apart(&[0, 1, 2], &[-2.0, 5.0]), "7");
    assert_eq!(apart(&[0, 1, 2], &[3.0, 5.0]), "5");
    assert_eq!(apart(&[1, 2], &[3.0, 5.0]), "5", "it is not here, and the others measured with it");
    // All clocks are right, and that of shard 0 was not when the others measured.
    assert_eq!(apart(&[0, 1, 2], &[30_000.0, 30_000.0, 30_000.0]), "0");
}
