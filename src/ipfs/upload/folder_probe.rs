//! Whether a folder can be published to, without leaving anything in it.

use std::fs;
use std::io;
use std::path::Path;

/// Writes to the folder, by a file that is gone again; where the first upload makes the folder,
/// to the one above it. In words; the path and what is wrong with it otherwise.
pub(super) fn look(folder: &Path) -> Result<&'static str, (&Path, String)> {
    let (dir, said) = match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            (folder.parent().unwrap_or(folder), "it is made when something is published")
        }
        _ => (folder, "it can be written to"),
    };
    let found = fs::metadata(dir).map_err(|error| (dir, format!("is not there: {error}")))?;
    if !found.is_dir() {
        return Err((dir, "is not a folder".to_owned()));
    }
    match tempfile::tempfile_in(dir) {
        Ok(_) => Ok(said),
        Err(error) => Err((dir, format!("cannot be written to: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        assert_eq!(look(dir), Ok("it can be written to"));
        assert_eq!(look(&dir.join("new")), Ok("it is made when something is published"));
        assert_eq!(fs::read_dir(dir).unwrap().count(), 0);
        let new = dir.join("no/new");
        let (path, reason) = look(&new).unwrap_err();
        assert!(path.ends_with("no") && reason.contains("is not there"), "{path:?} {reason}");
        fs::write(dir.join("file"), "").unwrap();
        assert_eq!(look(&dir.join("file")).unwrap_err().1, "is not a folder");
        assert!(look(&dir.join("file/new")).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_cannot_be_written_to_is_said() {
        // Not even for root.
        let (path, reason) = look(Path::new("/proc/self")).unwrap_err();
        assert!(path == Path::new("/proc/self") && reason.contains("cannot be written to"));
    }
}
