//! A picture of 16 shades as PNG.
//!
//! It is not compressed, so that the script of the page can read the shades under the pointer from the picture itself
//! with a dozen lines. With four bits a cell a heat map still takes less room than as shapes of an SVG.

/// Where the first cell stands in the bytes of a picture: behind the signature, IHDR, PLTE, tRNS and the heads of IDAT.
pub(super) const FIRST_CELL: usize = 8 + 25 + 60 + 28 + 8 + 2 + 5 + 1;
/// More bytes do not fit into one block of deflate that is not compressed.
const MAX_BYTES: usize = 65_535;

/// A picture of `width` cells a line, from 0 (nothing) to 15, as the bytes of a PNG file. Lines that would not fit are
/// left out at the end; 65,000 cells always fit.
pub(super) fn picture(cells: &[u8], width: usize, colour: [u8; 3]) -> Vec<u8> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut height = 0_u32;
    for line in cells.chunks_exact(width) {
        if lines.len() + 1 + width.div_ceil(2) > MAX_BYTES {
            break;
        }
        lines.push(0); // no filter
        lines.extend(line.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0) & 15));
        height += 1;
    }
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let side = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    // Four bits a cell, each an index into the palette.
    let head = [&side(width)[..], &height.to_be_bytes(), &[4, 3, 0, 0, 0]].concat();
    chunk(&mut file, *b"IHDR", &head);
    chunk(&mut file, *b"PLTE", &colour.repeat(16));
    // The shades differ in how much they let through, so that they suit a light and a dark page.
    let opacity: Vec<u8> = (0..16_u8).map(|shade| if shade == 0 { 0 } else { shade * 15 + 30 }).collect();
    chunk(&mut file, *b"tRNS", &opacity);
    chunk(&mut file, *b"IDAT", &stored(&lines));
    chunk(&mut file, *b"IEND", &[]);
    file
}

/// Bytes in the zlib format, as one block that is not compressed.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    let (low, high) = bytes.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    [
        &[0x78, 0x01, 1][..],
        &length.to_le_bytes(),
        &(!length).to_le_bytes(),
        bytes,
        &(high << 16 | low).to_be_bytes(),
    ]
    .concat()
}

fn chunk(file: &mut Vec<u8>, name: [u8; 4], content: &[u8]) {
    file.extend(u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes());
    let from = file.len();
    file.extend(name);
    file.extend(content);
    let sum = crc32(&file[from..]);
    file.extend(sum.to_be_bytes());
}

/// The checksum of PNG's chunks.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| sum >> 1 ^ if sum & 1 == 1 { 0xedb8_8320 } else { 0 })
    })
}

#[cfg(test)]
mod tests;
