use super::*;

#[test]
fn figures_are_read_as_linux_writes_them() {
    assert_eq!(read_times("577664 130103 2\n"), Some(Times { ran_ns: 577_664, waited_ns: 130_103 }));
    assert_eq!(read_times("577664"), None);
    assert_eq!(read_port_range("32768\t60999\n"), Some(28_232));
    assert_eq!(read_port_range("60999 32768"), None);
    assert_eq!(read_port_range(""), None);
}

#[test]
fn a_meter_sees_the_work_of_its_own_thread() {
    let mut meter = CpuMeter::new();
    let start = Instant::now();
    let mut sum = 0_u64;
    // Long enough for the scheduler to have counted it.
    while start.elapsed() < Duration::from_millis(60) {
        sum = std::hint::black_box(sum.wrapping_add(1));
    }
    let spent = meter.take().unwrap();
    assert!(spent.wall >= Duration::from_millis(60), "{spent:?}");
    assert!(spent.ran + spent.waited > Duration::from_millis(40), "{spent:?}");
    assert!(spent.ran <= spent.wall, "{spent:?}");
    assert!(meter.take().unwrap().wall < spent.wall, "it starts anew");
}

#[test]
fn open_files_count_sockets() {
    let before = open_files().unwrap();
    let sockets: Vec<_> = (0..50).map(|_| std::net::UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
    let with = open_files().unwrap();
    // Other tests open and close files meanwhile.
    assert!(with.used >= 50 && with.used + 40 >= before.used + 50, "{before:?} {with:?}");
    assert_eq!(with.of, before.of);
    drop(sockets);
}

#[test]
fn lag_is_handed_over_once() {
    let mut meter = ResourceMeter::new();
    assert!(meter.take().lag.is_none());
    meter.woke(Duration::from_millis(2));
    assert_eq!(meter.take().lag.unwrap().summary().unwrap().count, 1);
    assert!(meter.take().lag.is_none());
}
