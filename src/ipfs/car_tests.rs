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
    let cut = header_error(b"\x0a\xa1\x67version\x02\x00");
    assert_eq!(cut, "it ends within the header of version 2");
    assert_eq!(header_error(b"\x0a\xa1\x67version\x03"), "its version is 3");
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

#[test]
fn version_2_is_version_1_with_something_around_it() {
    let data = b"x".to_vec();
    let cid = sha256_cid(RAW, &data);
    let mut writer = CarWriter::new(Cursor::new(Vec::new())).unwrap();
    writer.put(&cid, &data).unwrap();
    let inner = writer.finish(&cid).unwrap().into_inner();
    let version_2 = |offset: u64, size: u64| {
        let fields = [offset, size, offset + size].map(u64::to_le_bytes).concat();
        let padding = vec![0; (offset as usize).saturating_sub(51)];
        [b"\x0a\xa1\x67version\x02", &[0; 16][..], &fields, &padding, &inner, b"an index"].concat()
    };
    let size = inner.len() as u64;
    for offset in [51, 60] {
        let car = version_2(offset, size);
        let reader = CarReader::new(&car[..]).unwrap();
        assert_eq!(reader.roots(), [cid]);
        let blocks: Vec<_> = reader.map(Result::unwrap).collect();
        assert_eq!(blocks, [(cid, data.clone().into())]);
        let index = super::super::CarIndex::new(car.into(), 10).unwrap();
        assert_eq!(index.get(&cid).unwrap(), &data[..]);
    }
    for (offset, size) in [(50, size), (0, size), (51, 0), (51, 3), (u64::MAX, size)] {
        assert!(
            CarReader::new(&version_2(offset.min(1000), size)[..]).is_err() || offset == u64::MAX
        );
    }
    let car = version_2(51, size - 1);
    assert!(matches!(CarReader::new(&car[..]).unwrap().next(), Some(Err(CarError::Truncated(0)))));
}

/// Blocks that nobody asks for may be anything; those of another hash function are checked too.
#[test]
fn an_index_checks_nothing_and_a_reader_all() {
    let blake = "PKJlcm9vdHOB2CpYJwABVaDkAiCTvsxumIIhHD7DcIyVvNabqre7Wcf0vITOY3uIpTS3g2d2ZXJzaW9uASwBVaDkAiCTvsxumIIhHD7DcIyVvNabqre7Wcf0vITOY3uIpTS3g2hlbGxvCg==";
    let car = data_encoding::BASE64.decode(blake.as_bytes()).unwrap();
    let reader = CarReader::new(&car[..]).unwrap();
    let root = reader.roots()[0];
    assert_eq!(reader.map(|block| block.unwrap().1).collect::<Vec<_>>(), ["hello\n"]);
    let mut changed = car.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(matches!(CarReader::new(&changed[..]).unwrap().next(), Some(Err(CarError::Block(_)))));
    let unknown = b"\x05\x01\x55\xd5\x01\x02\x00".to_vec();
    let index = super::super::CarIndex::new([changed, unknown].concat().into(), 10).unwrap();
    assert_eq!(index.get(&root).unwrap(), "hello\u{b}");
    assert_eq!(index.get(&sha256_cid(RAW, b"other")), None);
    let error = super::super::CarIndex::new(car.into(), 0).unwrap_err();
    assert!(matches!(error, CarError::Blocks(0)), "{error}");
}

#[test]
fn a_root_that_holds_its_data_itself_is_no_fault() {
    let long = |length: u8| {
        [
            &[0, 1, 0x55, 0][..],
            if length > 127 { &[0x80, 1] } else { std::slice::from_ref(&length) },
            &vec![b'A'; length.into()],
        ]
        .concat()
    };
    for (length, is_read) in [(64, true), (65, true), (127, true), (128, true)] {
        let link = long(length);
        let mut cbor = Encoder::new(Vec::new());
        cbor.map(2).unwrap().str("roots").unwrap().array(1).unwrap();
        cbor.tag(Tag::new(42))
            .unwrap()
            .bytes(&link)
            .unwrap()
            .str("version")
            .unwrap()
            .u8(1)
            .unwrap();
        let header = cbor.into_writer();
        let mut prefix = unsigned_varint::encode::usize_buffer();
        let prefix = unsigned_varint::encode::usize(header.len(), &mut prefix);
        let car = [prefix, &header[..]].concat();
        let reader = CarReader::new(&car[..]);
        assert_eq!(reader.is_ok(), is_read, "{length}");
    }
}
