//! The files of a package's folder, in one order everywhere.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Deeper folders are refused: a loop that is not made of links would not end.
const DEPTH_CAP: usize = 100;

/// Why a folder could not be walked.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// A symbolic link: what it points to may lie outside, and may change.
    #[error("`{path}` is a symbolic link, and a package holds only files")]
    Symlink {
        /// Its path within the folder.
        path: String,
    },
    /// A device, a pipe or a socket.
    #[error("`{path}` is neither a file nor a folder")]
    Special {
        /// Its path within the folder.
        path: String,
    },
    /// A name that is not Unicode.
    #[error("`{}` has a name that is not UTF-8", path.display())]
    Name {
        /// Where it lies.
        path: PathBuf,
    },
    /// Folders in folders without end.
    #[error("`{path}` lies deeper than {DEPTH_CAP} folders")]
    Depth {
        /// Its path within the folder.
        path: String,
    },
    /// The system failed.
    #[error("failed to read `{}`", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A file that was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WalkedFile {
    /// Its path within the folder, with `/` between the parts.
    pub path: String,
    /// Its size in bytes.
    pub size_bytes: u64,
}

/// What a symbolic link counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// An error.
    Refuse,
    /// The file that it points to, wherever that lies. A link to a folder is an error.
    Files,
}

/// Every file below `folder`, sorted by the bytes of the paths. What `skip` says yes to (a path within the folder,
/// and whether it is a folder) is left out, with all below it, and may be a link.
///
/// # Errors
/// When something is neither a file nor a folder, or cannot be read.
pub fn walk(
    folder: &Path,
    links: Links,
    skip: impl Fn(&str, bool) -> bool,
) -> Result<Vec<WalkedFile>, WalkError> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_owned(), String::new(), 0)];
    while let Some((folder, prefix, depth)) = folders.pop() {
        let fail = |source| WalkError::Io { path: folder.clone(), source };
        for entry in fs::read_dir(&folder).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let name = entry.file_name();
            let name = name.to_str().ok_or_else(|| WalkError::Name { path: entry.path() })?;
            let path = format!("{prefix}{name}");
            // Of the entry itself, not of what a link points to.
            let mut metadata = entry.metadata().map_err(fail)?;
            if skip(&path, metadata.is_dir()) {
                continue;
            }
            if links == Links::Files && metadata.is_symlink() {
                let target = fs::metadata(entry.path())
                    .map_err(|source| WalkError::Io { path: entry.path(), source })?;
                metadata = if target.is_dir() { metadata } else { target };
            }
            if metadata.is_dir() && depth == DEPTH_CAP {
                return Err(WalkError::Depth { path });
            } else if metadata.is_dir() {
                folders.push((entry.path(), format!("{path}/"), depth + 1));
            } else if metadata.is_file() {
                found.push(WalkedFile { path, size_bytes: metadata.len() });
            } else if metadata.is_symlink() {
                return Err(WalkError::Symlink { path });
            } else {
                return Err(WalkError::Special { path });
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_of(paths: &[&str]) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        for path in paths {
            let path = home.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"bytes").unwrap();
        }
        home
    }

    fn paths(folder: &Path) -> Vec<String> {
        let files =
            walk(folder, Links::Refuse, |path, is_folder| is_folder && path == "skipped").unwrap();
        files.into_iter().map(|file| file.path).collect()
    }

    #[test]
    fn files_come_in_the_order_of_their_bytes() {
        let home = folder_of(&["b", "a/z", "a-b", "A", "ä", "a/deep/er", "skipped/x"]);
        assert_eq!(paths(home.path()), ["A", "a-b", "a/deep/er", "a/z", "b", "ä"]);
    }

    #[test]
    fn a_link_is_an_error_unless_it_is_skipped() {
        let home = folder_of(&["a"]);
        std::os::unix::fs::symlink("/etc/passwd", home.path().join("link")).unwrap();
        let error = walk(home.path(), Links::Refuse, |_, _| false).unwrap_err();
        assert_eq!(error.to_string(), "`link` is a symbolic link, and a package holds only files");
        assert_eq!(walk(home.path(), Links::Refuse, |path, _| path == "link").unwrap().len(), 1);
    }

    #[test]
    fn a_link_to_a_folder_is_not_followed() {
        let home = folder_of(&["a"]);
        std::os::unix::fs::symlink(home.path(), home.path().join("loop")).unwrap();
        for links in [Links::Refuse, Links::Files] {
            let found = walk(home.path(), links, |_, _| false);
            assert!(matches!(found, Err(WalkError::Symlink { .. })));
        }
    }

    #[test]
    fn a_link_to_a_file_counts_as_the_file_where_links_may() {
        let home = folder_of(&["a"]);
        std::os::unix::fs::symlink("a", home.path().join("b")).unwrap();
        let found = walk(home.path(), Links::Files, |_, _| false).unwrap();
        let link = WalkedFile { path: "b".to_owned(), size_bytes: 5 };
        assert_eq!(found.last(), Some(&link));
        std::os::unix::fs::symlink("gone", home.path().join("c")).unwrap();
        let broken = walk(home.path(), Links::Files, |_, _| false);
        assert!(matches!(broken, Err(WalkError::Io { path, .. }) if path.ends_with("c")));
    }

    #[test]
    fn a_socket_and_a_name_that_is_no_text_are_errors() {
        use std::os::unix::ffi::OsStrExt as _;
        let home = folder_of(&["a"]);
        let socket = std::os::unix::net::UnixListener::bind(home.path().join("socket")).unwrap();
        assert!(matches!(
            walk(home.path(), Links::Refuse, |_, _| false),
            Err(WalkError::Special { .. })
        ));
        drop(socket);
        let home = folder_of(&["a"]);
        let name = std::ffi::OsStr::from_bytes(b"\xff");
        fs::write(home.path().join(name), b"").unwrap();
        assert!(matches!(
            walk(home.path(), Links::Refuse, |_, _| false),
            Err(WalkError::Name { .. })
        ));
    }
}
