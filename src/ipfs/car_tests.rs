use std::io::Cursor;

use proptest::prelude::*;

use super::super::block::{RAW, sha256_cid};
use super::*;

fn car() -> (Cid, Vec<u8>) {
    let mut writer = CarWriter::new(Cursor::new(Vec::new())).unwrap();
    for data in [&b"one"[..], b"", b"three"] {
        writer.put(&sha256_cid(RAW, data), data).unwrap();
    }
    let root = sha256_cid(RAW, b"three");
    (root, writer.finish(&root).unwrap().into_inner())
}

fn read(bytes: &[u8]) -> Result<Vec<(Cid, Bytes)>, CarError> {
    CarReader::new(bytes)?.collect()
}

fn header_error(bytes: &[u8]) -> String {
    match CarReader::new(bytes) {
        Err(CarError::Header(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_header_is_the_one_of_the_specification() {
    let (root, bytes) = car();
    let expected =
        [&[58][..], b"\xa2\x65roots\x81\xd8\x2a\x58\x25\x00", &root.to_bytes(), b"\x67version\x01"];
    assert_eq!(bytes[..59], expected.concat());
    assert_eq!(bytes[59], 39, "36 bytes of CID, 3 of data");
}

#[test]
fn blocks_come_back_in_order() {
    let (root, bytes) = car();
    assert_eq!(CarReader::new(&bytes[..]).unwrap().roots(), [root]);
    let blocks = read(&bytes).unwrap();
    let data: Vec<&[u8]> = blocks.iter().map(|(_, data)| &data[..]).collect();
    assert_eq!(data, [&b"one"[..], b"", b"three"]);
    assert_eq!(blocks[2].0, root);
}

#[test]
fn a_file_is_written_and_starts_where_it_should() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.car");
    let mut writer = CarWriter::create(&path).unwrap();
    let cid = sha256_cid(RAW, b"x");
    writer.put(&cid, b"x").unwrap();
    drop(writer.finish(&cid).unwrap());
    assert_eq!(read(&std::fs::read(&path).unwrap()).unwrap()[0].0, cid);

    let mut later = Cursor::new(vec![9; 5]);
    later.set_position(5);
    let bytes = CarWriter::new(later).unwrap().finish(&cid).unwrap().into_inner();
    assert_eq!(CarReader::new(&bytes[5..]).unwrap().roots(), [cid]);
}

#[test]
fn a_root_that_does_not_fit_is_refused() {
    let writer = CarWriter::new(Cursor::new(Vec::new())).unwrap();
    assert!(writer.finish(&"bafkqaaa".parse().unwrap()).is_err());
}

#[test]
fn what_is_no_car_is_refused_with_its_reason() {
    assert_eq!(header_error(b""), "it is empty");
    assert_eq!(header_error(&[0x80]), "it ends within the header");
    assert_eq!(header_error(&[58, 1, 2]), "it ends within the header");
    assert_eq!(header_error(b"<html>..."), "it ends within the header");
    assert_eq!(header_error(&[0xff; 20]), format!("its header claims {} bytes", u64::MAX));
    assert_eq!(header_error(&[0xff, 0xff, 0x7f]), "its header claims 2097151 bytes");
    assert_eq!(header_error(b"\x0a\xa1\x67version\x02"), "its version is 2");
    assert_eq!(header_error(b"\x0a\xa1\x67version\x01"), "its header is incomplete");
    let no_link = b"\x11\xa2\x65roots\x81\x00\x67version\x01";
    assert_eq!(header_error(no_link), "its header is not the DAG-CBOR of roots and version");
    let many = [&[0x12][..], b"\xa2\x65roots\x9b\xff\xff\xff\xff\xff\xff\xff\xff"].concat();
    assert!(!header_error(&[&many[..], &[0; 9]].concat()).is_empty());
}

#[test]
fn changed_cut_and_oversized_blocks_are_refused() {
    let (_, bytes) = car();
    let mut changed = bytes.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(matches!(read(&changed), Err(CarError::Block(BlockError::Hash(_)))));
    let mut reader = CarReader::new(&changed[..]).unwrap();
    assert_eq!(reader.by_ref().filter(Result::is_ok).count(), 2);
    assert!(reader.next().is_none(), "it ends after an error");

    assert!(matches!(read(&bytes[..bytes.len() - 1]), Err(CarError::Truncated(2))));
    let long = [&bytes[..59], &[0xff, 0xff, 0xff, 0x7f]].concat();
    assert!(matches!(read(&long), Err(CarError::Length { index: 0, bytes: 268435455 })));
    let no_cid = [&bytes[..59], &[2, 7, 7]].concat();
    assert!(matches!(read(&no_cid), Err(CarError::Cid(0))));
    let half_varint = [&bytes[..59], &[0x80]].concat();
    assert!(matches!(read(&half_varint), Err(CarError::Truncated(0))));
}

proptest! {
    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes);
        let (_, good) = car();
        let _ = read(&[&good[..59], &bytes].concat());
    }

    #[test]
    fn a_changed_car_never_gives_other_blocks(at in 0usize..1000, flip in 1u8..) {
        let (_, mut bytes) = car();
        let good = read(&bytes).unwrap();
        let at = at % bytes.len();
        bytes[at] ^= flip;
        if let Ok(reader) = CarReader::new(&bytes[..]) {
            for (cid, data) in reader.map_while(Result::ok) {
                prop_assert!(verify_block(&cid, &data).is_ok());
                prop_assert!(good.iter().any(|(_, known)| *known == data));
            }
        }
    }
}
