//! Which files there are, and what they tell about the kind of package.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use tare_format::manifest::Kind;
use tare_store::sniff::{FileFormat, HEAD_SIZE};

use super::DetectError;

/// How many files are looked at; a folder with more is recognised by these.
const MAX_FILES: usize = 10_000;
/// How deep.
const MAX_DEPTH: usize = 4;

/// A file that was found.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    /// Its path within the folder, with `/` between the parts.
    pub(super) path: String,
    pub(super) format: FileFormat,
}

impl Listed {
    /// The format in words, when it is one of models or data.
    pub(super) fn format_name(&self) -> Option<&'static str> {
        Some(match self.format {
            FileFormat::Safetensors => "safetensors",
            FileFormat::Gguf => "GGUF",
            FileFormat::Onnx => "ONNX",
            FileFormat::Tflite => "TFLite",
            FileFormat::Npy | FileFormat::Npz => "NumPy",
            FileFormat::TorchZip | FileFormat::Pickle => "PyTorch pickle",
            FileFormat::Hdf5 => "HDF5",
            FileFormat::Parquet => "Parquet",
            FileFormat::Arrow => "Arrow",
            FileFormat::Jsonl => "JSON lines",
            FileFormat::Csv => "CSV",
            FileFormat::Tsv => "TSV",
            _ => return None,
        })
    }

    /// Whether it holds a licence's text, by its name.
    pub(super) fn is_license(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path).to_ascii_lowercase();
        let stem = name.split('.').next().unwrap_or(&name);
        let text = self.format.is_text();
        text && (matches!(stem, "license" | "licence" | "copying" | "notice")
            || self.path.starts_with("LICENSES/"))
    }

    fn is_weights(&self) -> bool {
        matches!(
            self.format,
            FileFormat::Safetensors
                | FileFormat::Gguf
                | FileFormat::Onnx
                | FileFormat::Tflite
                | FileFormat::TorchZip
                | FileFormat::Pickle
                | FileFormat::Hdf5
        )
    }

    fn is_data(&self) -> bool {
        matches!(
            self.format,
            FileFormat::Parquet
                | FileFormat::Arrow
                | FileFormat::Jsonl
                | FileFormat::Csv
                | FileFormat::Tsv
                | FileFormat::Npy
                | FileFormat::Npz
        )
    }
}

/// The files of `folder`, without hidden ones and links, sorted by path.
pub(super) fn list(folder: &Path) -> Result<Vec<Listed>, DetectError> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_owned(), String::new(), 0)];
    while let Some((folder, prefix, depth)) = folders.pop() {
        let fail = |source| DetectError { path: folder.clone(), source };
        for entry in fs::read_dir(&folder).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let kind = entry.file_type().map_err(fail)?;
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            if name.starts_with('.') || found.len() >= MAX_FILES {
                continue;
            }
            if kind.is_dir() && depth < MAX_DEPTH {
                folders.push((entry.path(), format!("{prefix}{name}/"), depth + 1));
            } else if kind.is_file() {
                let path = format!("{prefix}{name}");
                let mut head = Vec::new();
                let file = File::open(entry.path()).map_err(fail)?;
                file.take(HEAD_SIZE as u64).read_to_end(&mut head).map_err(fail)?;
                let format = FileFormat::sniff(&head, &path);
                found.push(Listed { path, format });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// Weights make a model; data without weights makes a data set.
pub(super) fn kind_of(files: &[Listed]) -> Option<Kind> {
    if files.iter().any(|file| file.path == "adapter_config.json") {
        Some(Kind::Adapter)
    } else if files.iter().any(Listed::is_weights) {
        Some(Kind::Model)
    } else {
        files.iter().any(Listed::is_data).then_some(Kind::Dataset)
    }
}
