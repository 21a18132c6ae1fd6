//! Where the blocks of the tree lie that was published last, so that its file is not read through
//! for a few of them. Nothing of it is believed: every block is hashed where it is used, and a file
//! with another stamp is read through again.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use cid::Cid;

use super::format::{Input, put_number, sealed, unsealed};
use super::place::Place;
use super::stamp::Stamp;
use crate::ipfs::{CarBlocks, CarLayout, CarPlaces, ROW_BYTES};

/// Another form has another number, and is made anew.
const HEAD: &[u8] = b"namesys blocks 1\n";
/// A tree has one root; of more the file is read through.
const MAX_ROOTS: usize = 8;

/// The CAR file as it was last seen.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    place: Option<Place>,
    seen: Mutex<Option<Seen>>,
}

#[derive(Debug)]
struct Seen {
    stamp: Stamp,
    blocks: Arc<CarBlocks>,
    /// Whether it is another than the file's.
    is_new: bool,
}

impl Blocks {
    pub(super) fn new(place: Option<Place>) -> Self {
        Self { place, seen: Mutex::default() }
    }

    /// The CAR file in `file`; none where it is none.
    pub(super) fn of(&self, file: File) -> Option<Arc<CarBlocks>> {
        // One with the stamp of nothing is read each time: it may be another each time.
        let stamp = Stamp::of_file(&file).ok().filter(|stamp| *stamp != Stamp::NONE);
        let Some(stamp) = stamp else { return Some(Arc::new(CarBlocks::unchecked(file).ok()?)) };
        let mut seen = self.seen();
        if let Some(seen) = seen.as_ref().filter(|seen| seen.stamp == stamp) {
            return Some(seen.blocks.clone());
        }
        let since = std::time::Instant::now();
        let known = self.place.as_ref().and_then(|place| {
            let layout = parse(&place.read()?, place.workspace())?;
            (layout.of == stamp).then_some(layout)?.fit(stamp.size())
        });
        let is_new = known.is_none();
        let blocks = match known {
            Some(car) => CarBlocks::of_layout(file, car),
            // A tree that was cut short has the rest elsewhere.
            None => CarBlocks::unchecked(file).ok()?,
        };
        let (how, ms) = (if is_new { "found" } else { "knew" }, since.elapsed().as_millis());
        tracing::info!("{how} where the blocks of the kept tree are in {ms} ms");
        let blocks = Arc::new(blocks);
        *seen = Some(Seen { stamp, blocks: blocks.clone(), is_new });
        Some(blocks)
    }

    /// The file was changed, and is `now` so.
    pub(super) fn are(&self, file: &File, now: CarBlocks) -> io::Result<()> {
        let (stamp, blocks) = (Stamp::of_file(file)?, Arc::new(now));
        let is_one = stamp != Stamp::NONE;
        *self.seen() = is_one.then_some(Seen { stamp, blocks, is_new: true });
        Ok(())
    }

    /// Writes down what is new, as far as that can be done.
    pub(super) fn keep(&self) {
        // Somebody who was left behind at Ctrl-C still has it: then nothing is kept.
        let mut seen = match self.seen.try_lock() {
            Ok(seen) => seen,
            Err(TryLockError::Poisoned(seen)) => seen.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let (Some(place), Some(seen)) = (&self.place, seen.as_mut().filter(|seen| seen.is_new))
        else {
            return;
        };
        let layout = seen.blocks.layout();
        if let Some(bytes) = encode(&seen.stamp, layout, place.workspace()) {
            place.save(&bytes);
        }
        seen.is_new = false;
    }

    fn seen(&self) -> MutexGuard<'_, Option<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What such a file says: the stamp of the CAR file, its roots and length, and where its blocks are.
#[derive(Debug, PartialEq, Eq)]
pub struct Layout {
    of: Stamp,
    car: CarLayout,
}

impl Layout {
    /// What it says of a CAR file of `size` bytes; none where that cannot be.
    fn fit(self, size: u64) -> Option<CarLayout> {
        (self.car.end <= size).then_some(self.car)
    }

    /// The CAR file in `file` as it says; none where that cannot be.
    pub fn blocks(self, file: File) -> Option<CarBlocks> {
        let size = file.metadata().ok()?.len();
        Some(CarBlocks::of_layout(file, self.fit(size)?))
    }
}

/// The bytes of the file; none where some blocks have no row.
fn encode(stamp: &Stamp, layout: &CarLayout, path: &Path) -> Option<Vec<u8>> {
    let rows = layout.places.rows().filter(|_| layout.roots.len() <= MAX_ROOTS)?;
    Some(sealed(HEAD, path, |out| {
        stamp.0.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
        out.extend_from_slice(&layout.end.to_le_bytes());
        put_number(out, layout.roots.len() as u64);
        for root in &layout.roots {
            let root = root.to_bytes();
            put_number(out, root.len() as u64);
            out.extend_from_slice(&root);
        }
        out.extend_from_slice(rows.as_flattened());
    }))
}

/// As [`parse`] read it, written again.
pub fn write(Layout { of, car }: &Layout, path: &Path) -> Option<Vec<u8>> {
    encode(of, car, path)
}

/// Reads a file of this form, of the workspace at `path`; none of any other, or of one that was
/// cut or changed.
pub fn parse(bytes: &[u8], path: &Path) -> Option<Layout> {
    let mut input = unsealed(HEAD, bytes, path)?;
    let mut numbers = [0; 5];
    for number in &mut numbers {
        *number = u64::from_le_bytes(*input.array()?);
    }
    let end = u64::from_le_bytes(*input.array()?);
    let count = input.count(1).filter(|count| *count <= MAX_ROOTS)?;
    let roots = (0..count).map(|_| root(&mut input)).collect::<Option<_>>()?;
    let (rows, []) = input.0.as_chunks::<ROW_BYTES>() else { return None };
    let places = CarPlaces::of_rows(rows)?;
    Some(Layout { of: Stamp(numbers), car: CarLayout { places, roots, end } })
}

fn root(input: &mut Input<'_>) -> Option<Cid> {
    let length = input.count(1)?;
    let bytes = input.take(length)?;
    let cid = Cid::try_from(bytes).ok()?;
    (cid.to_bytes() == bytes).then_some(cid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipfs::{BlockSink, BlockSource, CarWriter, RAW, Sound, sha256_cid};
    use std::fs;

    struct Scene(tempfile::TempDir);

    impl Scene {
        fn new() -> Self {
            let scene = Self(tempfile::tempdir().unwrap());
            fs::create_dir(scene.path("w")).unwrap();
            scene.car("w/kept.car", &["one", "two"]);
            scene
        }

        fn path(&self, name: &str) -> std::path::PathBuf {
            self.0.path().join(name)
        }

        fn car(&self, name: &str, texts: &[&str]) -> Vec<Cid> {
            let mut writer = CarWriter::create(&self.path(name)).unwrap();
            let one = |text: &&str| {
                let cid = sha256_cid(RAW, text.as_bytes());
                writer.put(&cid, text.as_bytes()).unwrap();
                cid
            };
            let cids: Vec<Cid> = texts.iter().map(one).collect();
            writer.finish(&cids[0]).unwrap();
            cids
        }

        fn kept(&self) -> File {
            File::options().read(true).write(true).open(self.path("w/kept.car")).unwrap()
        }

        fn blocks(&self) -> Blocks {
            Blocks::new(Place::new(self.path("cache"), "blocks", &self.path("w")))
        }

        /// What is known without the CAR file being read.
        fn known(&self) -> Option<Layout> {
            let place = Place::new(self.path("cache"), "blocks", &self.path("w")).unwrap();
            parse(&place.read()?, place.workspace())
        }
    }

    #[test]
    fn what_was_found_is_known_until_the_file_is_another() {
        let scene = Scene::new();
        let blocks = scene.blocks();
        let found = blocks.of(scene.kept()).unwrap();
        assert!(Arc::ptr_eq(&found, &blocks.of(scene.kept()).unwrap()), "once in a process");
        assert!(scene.known().is_none());
        blocks.keep();
        let Layout { of, car } = scene.known().unwrap();
        assert_eq!((of, &car), (Stamp::of_file(&scene.kept()).unwrap(), found.layout()));
        let again = scene.blocks();
        assert_eq!(again.of(scene.kept()).unwrap().layout(), found.layout());
        assert!(!again.seen().as_ref().unwrap().is_new);
        // A file that was replaced is read.
        let cids = scene.car("w/kept.car", &["three", "two", "four"]);
        for blocks in [&again, &scene.blocks()] {
            let other = blocks.of(scene.kept()).unwrap();
            assert!(cids.iter().all(|cid| other.get(cid).unwrap().is_some()));
            assert!(blocks.seen().as_ref().unwrap().is_new);
        }
    }

    #[test]
    fn what_was_added_is_known() {
        let scene = Scene::new();
        let blocks = scene.blocks();
        let before = blocks.of(scene.kept()).unwrap();
        let cids = scene.car("more.car", &["three", "four"]);
        let file = scene.kept();
        let after = before.append(scene.kept(), &scene.path("more.car"), &cids[0]).unwrap();
        blocks.are(&file, after).unwrap();
        blocks.keep();
        let again = scene.blocks();
        let known = again.of(scene.kept()).unwrap();
        assert!(!again.seen().as_ref().unwrap().is_new);
        assert_eq!(known.roots(), [cids[0]]);
        assert_eq!(known.get(&cids[1]).unwrap().unwrap(), "four");
    }

    /// Whoever sealed it: what cannot be is read through, and nothing is lost by the rest.
    #[test]
    fn one_that_lies_costs_reading_and_no_block() {
        let scene = Scene::new();
        let (found, all) =
            (scene.blocks().of(scene.kept()).unwrap(), scene.car("b.car", &["one", "two"]));
        let (stamp, real) = (Stamp::of_file(&scene.kept()).unwrap(), found.layout().clone());
        let lie = |layout: &CarLayout| {
            let blocks = scene.blocks();
            let place = blocks.place.as_ref().unwrap();
            place.save(&encode(&stamp, layout, place.workspace()).unwrap());
        };
        for end in [real.end + 1, u64::MAX] {
            lie(&CarLayout { end, ..real.clone() });
            let blocks = scene.blocks();
            assert_eq!(blocks.of(scene.kept()).unwrap().layout(), &real);
            assert!(blocks.seen().as_ref().unwrap().is_new);
        }
        // Rows beyond the file: no block, where it is read.
        let mut rows = real.places.rows().unwrap().to_vec();
        rows.iter_mut().for_each(|row| row[33..41].copy_from_slice(&real.end.to_be_bytes()));
        let places = CarPlaces::of_rows(&rows).unwrap();
        lie(&CarLayout { places, ..real.clone() });
        let blocks = scene.blocks().of(scene.kept()).unwrap();
        assert!(blocks.has(&all[0]) && blocks.get(&all[0]).is_err());
        assert_eq!(Sound(blocks).get(&all[0]).unwrap(), None);
        // Too early an end: what is there stays there.
        let more = scene.car("more.car", &["three"]);
        for end in [0, 1, real.end - 3, real.end - 40] {
            std::fs::copy(scene.path("b.car"), scene.path("w/kept.car")).unwrap();
            let layout = CarLayout { places: CarPlaces::default(), roots: vec![all[0]], end };
            let lying = CarBlocks::of_layout(scene.kept(), layout);
            lying.append(scene.kept(), &scene.path("more.car"), &more[0]).unwrap();
            let after = CarBlocks::of(scene.kept()).unwrap();
            assert_eq!(after.roots(), more);
            assert!(all.iter().chain(&more).all(|cid| after.has(cid)), "{end}");
        }
        // Nor is anything added to the tree of another root.
        let layout = CarLayout { roots: vec![all[1]], ..real };
        let lying = CarBlocks::of_layout(scene.kept(), layout);
        assert!(lying.append(scene.kept(), &scene.path("more.car"), &more[0]).is_err());
    }

    #[test]
    fn more_roots_than_are_read_are_not_written() {
        let scene = Scene::new();
        let found = scene.blocks().of(scene.kept()).unwrap();
        let (stamp, path) = (Stamp::of_file(&scene.kept()).unwrap(), Path::new("/w"));
        for count in [1, MAX_ROOTS, MAX_ROOTS + 1] {
            let roots = vec![found.roots()[0]; count];
            let bytes = encode(&stamp, &CarLayout { roots, ..found.layout().clone() }, path);
            assert_eq!(bytes.is_some(), count <= MAX_ROOTS);
            assert!(bytes.is_none_or(|bytes| parse(&bytes, path).is_some()));
        }
    }

    #[test]
    fn one_that_was_cut_or_changed_or_is_anothers_is_none() {
        let scene = Scene::new();
        let blocks = scene.blocks();
        let layout = blocks.of(scene.kept()).unwrap();
        let (stamp, path) = (Stamp::of_file(&scene.kept()).unwrap(), Path::new("/w"));
        let bytes = encode(&stamp, layout.layout(), path).unwrap();
        assert!(parse(&bytes, path).is_some());
        assert!(parse(&bytes, Path::new("/v")).is_none());
        for at in 0..bytes.len() {
            assert!(parse(&bytes[..at], path).is_none(), "{at}");
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(parse(&changed, path).is_none(), "{at}");
        }
        // Sealed by whoever changed it: a row too short, rows that are not sorted.
        let rows = layout.layout().places.rows().unwrap().as_flattened().len();
        let seal = |rest: &[u8]| sealed(HEAD, path, |out| out.extend_from_slice(rest));
        let rest = &bytes[HEAD.len() + 32 + 3..];
        assert_eq!(seal(rest), bytes);
        assert!(parse(&seal(&rest[..rest.len() - 1]), path).is_none());
        let (head, rows) = rest.split_at(rest.len() - rows);
        let swapped = [head, &rows[ROW_BYTES..], &rows[..ROW_BYTES]].concat();
        assert!(parse(&seal(&swapped), path).is_none());
    }
}
