use super::*;
use proptest::prelude::*;

#[test]
fn parts_are_read_as_programs_write_them() {
    let kind = "multipart/form-data; charset=utf-8; BOUNDARY=\"--x\"";
    assert_eq!(boundary(kind), "--x");
    assert_eq!(boundary("multipart/form-data"), "");
    let body = "preamble\r\n\
                    ----x\r\nContent-Disposition: form-data; name=\"user_count\"\r\n\r\n80\r\n\
                    ----x\r\nContent-Type: text/plain\r\ncontent-disposition: form-data; name=host\r\n\r\na\r\n\r\nb\r\n\
                    ----x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f.txt\"\r\n\r\nfile\r\n\
                    ----x\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n\
                    ----x--\r\n\
                    ----x\r\nContent-Disposition: form-data; name=\"behind\"\r\n\r\nthe end\r\n";
    let fields = parts("--x", body);
    let fields: Vec<_> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(fields, [("user_count", "80"), ("host", "a\r\n\r\nb"), ("empty", "")]);
    assert!(parts("", body).is_empty());
}

proptest! {
    #[test]
    fn no_body_is_too_odd(boundary in "[-x]{0,3}", body in "[-x\\r\\n:;=\" é]{0,60}") {
        parts(&boundary, &body);
    }

    #[test]
    fn what_is_written_is_read(values in prop::collection::vec("[a-z:;=\" \\n-]{0,20}", 0..5)) {
        let part = |value: &String| {
            format!("--b0undary\r\nContent-Disposition: form-data; name=\"k\"\r\n\r\n{value}\r\n")
        };
        let body: String = values.iter().map(part).chain(["--b0undary--\r\n".to_owned()]).collect();
        let read: Vec<_> = parts("b0undary", &body).into_iter().map(|(_, value)| value).collect();
        prop_assert_eq!(read, values);
    }
}
