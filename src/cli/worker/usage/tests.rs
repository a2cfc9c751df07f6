use super::*;

#[test]
fn a_busy_thread_shows_as_its_part_of_all_cores() {
    let mut meter = UsageMeter::new(20);
    let (start, mut sum) = (Instant::now(), 0_u64);
    while start.elapsed() < Duration::from_millis(50) {
        sum = std::hint::black_box(sum.wrapping_add(1));
    }
    let usage = meter.take();
    // Other tests may use the other cores meanwhile.
    assert!(usage.cpu_percent > 0.0 && usage.cpu_percent < 100.0, "{usage:?}");
    assert!(usage.cpu_percent.to_string().len() <= "99.9".len(), "{usage:?}");
    assert!(usage.memory_bytes > 1 << 20, "{usage:?}");
}
