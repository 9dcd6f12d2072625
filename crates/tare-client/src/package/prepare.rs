//! Reads every file of a package once, and derives the release document from what it saw.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tare_format::archive::{self, Entry};
use tare_format::limits::Limits;
use tare_format::path::FilePath;
use tare_format::recipe::Recipe;
use tare_format::release::{DeriveError, FileClass, MetaArchive, Release, ReleaseFile};
use tare_format::{Blake3, Sha256};
use tare_store::chunk::{ChunkError, RawChunk, chunk_path};
use tare_store::header::{HeaderError, NumberWidth, inspect};
use tare_store::sniff::FileFormat;

use super::select::is_executable;
use super::{PackageError, SelectedFile, SelectedPackage, license};
use crate::event::{Progress, Task, Unit};

/// How the program names itself in release documents.
pub const TOOL: &str = concat!("tare ", env!("CARGO_PKG_VERSION"));

/// A package whose every byte was read: all that publishing needs besides the data files themselves.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The folder.
    pub folder: PathBuf,
    /// The release document.
    pub release: Release,
    /// Its bytes.
    pub document: Vec<u8>,
    /// Its name, which is the release's.
    pub digest: Sha256,
    /// The meta archive.
    pub meta: Vec<u8>,
    /// How each data file was cut.
    pub cuts: BTreeMap<FilePath, Cut>,
}

/// How a data file was cut.
#[derive(Debug, Clone)]
pub struct Cut {
    /// The file.
    pub path: PathBuf,
    /// Its chunks.
    pub recipe: Recipe,
    /// The recipe's name.
    pub digest: Blake3,
    /// How wide the numbers of each chunk are: what the codec wants to know.
    pub widths: Vec<NumberWidth>,
}

/// Reads the files of `selected` and derives the release document. Blocks, and uses every core.
///
/// # Errors
/// When a file cannot be read, changes meanwhile or is damaged, or the documents cannot be made.
pub fn prepare(selected: &SelectedPackage, progress: &Progress) -> Result<Prepared, PackageError> {
    for warning in license::unreadable(&selected.manifest) {
        progress.warn(&warning);
    }
    let total = selected.files.iter().map(|file| file.size).sum();
    let task = progress.task("Hashing", Unit::Bytes, total);
    let (meta_files, entries) = read_meta(selected, &task)?;
    let cut = cut_data(selected, &task, progress)?;
    let meta = archive::write(&entries, &Limits::default())?;
    let archive = MetaArchive { sha256: Sha256::of(&meta), size: meta.len() as u64 };
    let mut files = meta_files;
    let mut cuts = BTreeMap::new();
    for (file, cut) in cut {
        cuts.insert(file.path.clone(), cut);
        files.push(file);
    }
    let release = Release::derive(&selected.text, &selected.manifest, files, archive, TOOL)
        .map_err(|error| match error {
            DeriveError::Manifest(source) => {
                PackageError::manifest(&selected.manifest_path(), source)
            }
            error => PackageError::Derive(error),
        })?;
    let document = release.to_bytes()?;
    let digest = Sha256::of(&document);
    Ok(Prepared { folder: selected.folder.clone(), release, document, digest, meta, cuts })
}

/// The files of class `meta`: each is read once, and what was read is what is hashed and sent.
fn read_meta(
    selected: &SelectedPackage,
    task: &Task,
) -> Result<(Vec<ReleaseFile>, Vec<Entry>), PackageError> {
    let cap = Limits::default().meta_file_size;
    let (mut files, mut entries) = (Vec::new(), Vec::new());
    for file in selected.files.iter().filter(|file| file.class == FileClass::Meta) {
        let path = selected.path_of(&file.path);
        let fail = |source| PackageError::Read { path: path.clone(), source };
        let open = File::open(&path).map_err(fail)?;
        let executable = is_executable(&open.metadata().map_err(fail)?);
        let mut content = Vec::new();
        open.take(cap + 1).read_to_end(&mut content).map_err(fail)?;
        // The manifest must be the text that was parsed, and no file may have grown since it was classified.
        let is_manifest = file.path.as_str() == archive::MANIFEST;
        if content.len() as u64 != file.size || (is_manifest && content != selected.text.as_bytes())
        {
            return Err(PackageError::Changed { path: file.path.clone() });
        }
        let format = FileFormat::sniff(&content, file.path.as_str());
        files.push(ReleaseFile {
            path: file.path.clone(),
            size: file.size,
            sha256: Sha256::of(&content),
            class: FileClass::Meta,
            recipe: None,
            variant: None,
            media_type: format.media_type().to_owned(),
        });
        task.advance(file.size);
        entries.push(Entry { path: file.path.clone(), executable, content });
    }
    Ok((files, entries))
}

/// The files of class `data`, cut by as many threads as there are cores. The first failure in the order of the paths
/// is the one that is reported, so that a run does not depend on which thread is faster.
fn cut_data(
    selected: &SelectedPackage,
    task: &Task,
    progress: &Progress,
) -> Result<Vec<(ReleaseFile, Cut)>, PackageError> {
    let files: Vec<_> =
        selected.files.iter().filter(|file| file.class == FileClass::Data).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let outcome = cut_file(selected, file, task, progress);
            let failed = outcome.is_err();
            done.push((&file.path, outcome));
            if failed {
                next.store(files.len(), Ordering::Relaxed);
            }
        }
        done
    };
    let workers = thread::available_parallelism().map_or(1, usize::from).min(files.len()).max(1);
    let mut done: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    });
    done.sort_by(|a, b| a.0.cmp(b.0));
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

fn cut_file(
    selected: &SelectedPackage,
    file: &SelectedFile,
    task: &Task,
    progress: &Progress,
) -> Result<(ReleaseFile, Cut), PackageError> {
    let path = selected.path_of(&file.path);
    let fail = |source| PackageError::Chunk { path: file.path.clone(), source };
    let mut widths = Vec::new();
    let visit = |chunk: RawChunk<'_>| -> Result<(), ChunkError> {
        widths.push(chunk.width);
        task.advance(u64::from(chunk.chunk.length));
        Ok(())
    };
    let chunked = chunk_path(&path, visit).map_err(fail)?;
    if chunked.recipe.size() != file.size {
        return Err(PackageError::Changed { path: file.path.clone() });
    }
    check_header(&path, file, chunked.format, progress)?;
    let digest = chunked.recipe.digest();
    let released = ReleaseFile {
        path: file.path.clone(),
        size: file.size,
        sha256: chunked.sha256,
        class: FileClass::Data,
        recipe: Some(digest),
        variant: None,
        media_type: chunked.format.media_type().to_owned(),
    };
    Ok((released, Cut { path, recipe: chunked.recipe, digest, widths }))
}

/// Refuses a tensor file that a loader would fail on, before anybody installs it. A loader goes by the name, so what
/// the name promises is what is checked, whatever the content looks like.
fn check_header(
    path: &Path,
    file: &SelectedFile,
    format: FileFormat,
    progress: &Progress,
) -> Result<(), PackageError> {
    let fail = |source| PackageError::Read { path: path.to_owned(), source };
    let format = FileFormat::promised_by(file.path.as_str()).unwrap_or(format);
    match inspect(&mut File::open(path).map_err(fail)?, file.size, format) {
        Ok(_) => Ok(()),
        Err(HeaderError::Unsupported { reason, .. }) => {
            progress.warn(&format!("`{}` was not checked: {reason}", file.path));
            Ok(())
        }
        Err(source) => Err(PackageError::Damaged { path: file.path.clone(), source }),
    }
}

#[cfg(test)]
mod tests;
