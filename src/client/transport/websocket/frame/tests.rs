use proptest::prelude::*;

use super::*;

/// A frame of a server's.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut masked = Vec::new();
    write_frame(0, payload, [0; 4], &mut masked);
    let head = masked.len() - payload.len() - 4;
    masked[0] = first;
    masked[1] &= 0x7F;
    masked.drain(head..head + 4);
    masked
}

/// Decodes a stream that is read in pieces of these lengths, over and over.
fn decode(stream: &[u8], pieces: &[usize]) -> Result<(Vec<u8>, Vec<Control>), WebSocketFault> {
    let (mut decoder, mut payload, mut controls) = (Decoder::default(), Vec::new(), Vec::new());
    let mut rest = stream;
    for length in pieces.iter().cycle() {
        let (piece, after) = rest.split_at(rest.len().min(*length));
        rest = after;
        let mut bytes = piece.to_vec();
        let (mut used, mut decoded) = (0, 0);
        while used < bytes.len() {
            let end = bytes.len();
            let step = decoder.decode(&mut bytes, used..end, decoded)?;
            (used, decoded) = (step.used, step.payload);
            controls.extend(step.control);
        }
        payload.extend_from_slice(&bytes[..decoded]);
        if rest.is_empty() {
            break;
        }
    }
    Ok((payload, controls))
}

#[test]
fn what_a_server_must_not_send_is_named() {
    for (bytes, what) in [
        (&[0xC2, 1, 7][..], "frame with reserved bits"),
        (&[0x82, 0x81, 0, 0, 0, 0, 7], "masked frame"),
        (&[0x81, 1, 97], "text frame"),
        (&[0x80, 1, 7], "continuation of nothing"),
        (&[0x02, 1, 7, 0x82, 1, 7], "message inside of a message"),
        (&[0x09, 0], "control frame in pieces"),
        (&[0x89, 126, 0, 126], "control frame too long"),
        (&[0x83, 0], "frame of an unknown kind"),
        (&[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0], "frame of negative length"),
    ] {
        assert_eq!(decode(bytes, &[1]), Err(WebSocketFault::Protocol(what)));
    }
}

#[test]
fn a_close_without_a_status_has_none() {
    let (_, controls) = decode(&[0x88, 0, 0x88, 2, 3, 0xF0, 0x8A, 0], &[64]).unwrap();
    assert_eq!(controls, [Control::Close(None), Control::Close(Some(1008)), Control::Pong]);
}

proptest! {
    #[test]
    fn frames_decode_wherever_reading_cuts_them(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..400), 0..6),
        long in 65_000_usize..70_000,
        pieces in prop::collection::vec(1_usize..300, 1..8),
    ) {
        let (mut stream, mut expected) = (Vec::new(), Vec::new());
        for message in &messages {
            // In two frames with a ping between them.
            let (head, tail) = message.split_at(message.len() / 2);
            stream.extend(frame(BINARY, head));
            stream.extend(frame(0x80 | PING, b"you"));
            stream.extend(frame(0x80 | CONTINUATION, tail));
            expected.extend_from_slice(message);
        }
        let payload = vec![7; long];
        stream.extend(frame(0x80 | BINARY, &payload));
        expected.extend_from_slice(&payload);
        let (decoded, controls) = decode(&stream, &pieces).unwrap();
        prop_assert_eq!(decoded, expected);
        prop_assert_eq!(controls.len(), messages.len());
        prop_assert!(controls.iter().all(|control| *control == Control::Ping(b"you".to_vec())));
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 1_usize..9) {
        let _ = decode(&bytes, &[cut]);
    }
}
