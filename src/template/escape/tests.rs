use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn an_escaped_text_reads_back(text in "\\PC{0,20}|[\\x00-\\x7f]{0,20}") {
        let json = [b"\"", &*escaped(text.as_bytes()), b"\""].concat();
        prop_assert!(json.len() <= 2 + LONGEST * text.len());
        prop_assert_eq!(serde_json::from_slice::<String>(&json).unwrap(), text);
    }
}
