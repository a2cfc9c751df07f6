use std::collections::HashSet;

use super::*;

#[test]
fn topics_that_differ_little_have_hashes_that_differ() {
    let topics = (0..50_000).flat_map(|n| [format!("a/{n}"), format!("a/{n}/"), format!("devices/{n}/up")]);
    let hashes: HashSet<u64> = topics.map(|topic| hash(topic.as_bytes())).collect();
    assert_eq!(hashes.len(), 150_000);
    let low: HashSet<u64> = (0..256_u32).map(|n| hash(&n.to_le_bytes()) & 0xFFFF).collect();
    assert!(low.len() > 240, "{}", low.len());
    assert_ne!(hash(b"a"), hash(b"a\0"));
}
