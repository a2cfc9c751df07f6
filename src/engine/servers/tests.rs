use super::*;

#[test]
fn a_turn_leads_to_the_server_that_the_connector_chooses() {
    let names = ["a:1", "b:1", "b:2", "b:3"].map(str::to_owned).to_vec();
    let servers = Servers { names, brokers: vec![(0, 1), (1, 0), (1, 3)] };
    let of = |broker, turn| servers.name(servers.of_turn(broker, turn));
    assert_eq!([of(0, 0), of(0, 7)], [Some("a:1"); 2]);
    assert_eq!([of(2, 0), of(2, 1), of(2, 5)], [Some("b:1"), Some("b:2"), Some("b:3")]);
    assert_eq!([of(1, 0), of(3, 0), servers.name(None)], [None; 3]);
}
