use super::*;

#[test]
fn the_checksum_is_that_of_the_standard() {
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    assert_eq!(crc32(b"IEND"), 0xae42_6082);
}

#[test]
fn the_first_cell_stands_where_the_script_looks_for_it() {
    let file = picture(&[7, 9, 15, 1, 2, 3], 3, [1, 2, 3]);
    assert_eq!(file[FIRST_CELL..FIRST_CELL + 5], [0x79, 0xf0, 0, 0x12, 0x30]);
    assert_eq!(file[16..24], [0, 0, 0, 3, 0, 0, 0, 2], "width and height");
    // zlib.adler32(bytes([0, 0x79, 0xf0, 0, 0x12, 0x30])), by Python.
    assert_eq!(file[FIRST_CELL + 5..FIRST_CELL + 9], 0x0677_01ac_u32.to_be_bytes());
}
