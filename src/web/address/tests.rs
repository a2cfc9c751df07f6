use super::*;

#[test]
fn addresses_are_read_with_and_without_host_and_port() {
    for (text, host, port) in [
        ("127.0.0.1:9000", "127.0.0.1", 9000),
        ("0.0.0.0", "0.0.0.0", 8089),
        (":9000", "127.0.0.1", 9000),
        ("localhost:0", "localhost", 0),
        ("[::1]:9000", "::1", 9000),
        ("[::]", "::", 8089),
        ("::1", "::1", 8089),
        ("load-1.example.org", "load-1.example.org", 8089),
    ] {
        let address: Address = text.parse().unwrap();
        assert_eq!((&*address.host, address.port), (host, port), "{text}");
        assert_eq!(address.to_string().parse(), Ok(address), "{text}");
    }
    for wrong in ["", "http://localhost:8089", "localhost:http", "localhost:99999", "[::1", "[::1]9", "a b"] {
        assert!(wrong.parse::<Address>().unwrap_err().contains("write HOST:PORT"), "{wrong}");
    }
}

#[test]
fn a_port_in_use_is_one_error_with_the_address_and_the_cure() {
    let taken = bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
    let address: Address = taken.local_addr().unwrap().to_string().parse().unwrap();
    assert_eq!(
        bind(&address).unwrap_err().to_string(),
        format!(
            "cannot listen on {address}: another program listens there. Stop it, or choose another port (0 \
                 is any free one)"
        )
    );
}

#[test]
fn an_address_of_another_machine_is_an_error_with_the_cure() {
    let error = bind(&"192.0.2.1:0".parse().unwrap()).unwrap_err().to_string();
    assert!(error.starts_with("cannot listen on 192.0.2.1:0: this machine does not have"), "{error}");
}
