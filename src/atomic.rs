//! Files that are either the old or the new, never half of one.

use std::fs::Permissions;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Writes `bytes` to a file in `temporary` and renames it to `path`, whose folder is made when
/// it is missing. `temporary` must be on the file system of `path`.
///
/// With `durable` the bytes reach the disk before the rename: for what cannot be made again.
/// An existing file keeps its permissions.
///
/// # Errors
/// The system's, the old file being as it was.
pub fn write_atomic(temporary: &Path, path: &Path, bytes: &[u8], durable: bool) -> io::Result<()> {
    let since = std::time::Instant::now();
    let written = write(temporary, path, bytes, durable);
    let (path, length, ms) = (path.display(), bytes.len(), since.elapsed().as_millis());
    match &written {
        Ok(()) => tracing::info!("wrote {path}: {length} bytes in {ms} ms"),
        Err(error) => tracing::info!("could not write {path}: {error}"),
    }
    written
}

fn write(temporary: &Path, path: &Path, bytes: &[u8], durable: bool) -> io::Result<()> {
    let permissions =
        std::fs::metadata(path).map_or(Permissions::from_mode(0o666), |old| old.permissions());
    let mut file = tempfile::Builder::new()
        .prefix("write-")
        .permissions(permissions)
        .tempfile_in(temporary)?;
    file.write_all(bytes)?;
    if durable {
        file.as_file().sync_all()?;
    }
    let Err(failed) = file.into_temp_path().persist(path) else { return Ok(()) };
    // The folder is made only when it is missing: the usual case costs no call.
    let parent = path.parent().filter(|_| failed.error.kind() == io::ErrorKind::NotFound);
    let Some(parent) = parent else { return Err(failed.error) };
    std::fs::create_dir_all(parent)?;
    Ok(failed.path.persist(path)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_keeps_permissions_and_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let temporary = dir.path().join("tmp");
        std::fs::create_dir(&temporary).unwrap();
        let path = dir.path().join("a/b/c.json");
        write_atomic(&temporary, &path, b"one", false).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        write_atomic(&temporary, &path, b"two", true).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
        assert!(write_atomic(&temporary, dir.path(), b"x", false).is_err());
        assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
    }
}
