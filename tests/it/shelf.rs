//! A registry with a few packages on its shelf, and people who use them.

use std::fs;
use std::path::{Path, PathBuf};

use registry_server::TakedownRequest;
use tare_format::event::{Class, Scope};

use crate::support::{Project, Registry};

/// A registry, and somebody who publishes in it.
pub(crate) struct Shelf {
    pub(crate) registry: Registry,
    pub(crate) publisher: Project,
}

/// What a package is, in as few words as a story needs.
pub(crate) struct Package<'a> {
    pub(crate) name: &'a str,
    pub(crate) version: &'a str,
    pub(crate) kind: &'a str,
    /// The licence of its weights, or of its data.
    pub(crate) license: &'a str,
    /// More of the manifest.
    pub(crate) more: &'a str,
}

impl<'a> Package<'a> {
    pub(crate) const fn model(name: &'a str, version: &'a str) -> Self {
        Self { name, version, kind: "model", license: "MIT", more: "" }
    }

    fn manifest(&self) -> String {
        let Self { name, version, kind, license, more } = self;
        let part = if *kind == "dataset" { "data" } else { "weights" };
        format!(
            "[package]\nname = \"{name}\"\nversion = \"{version}\"\nkind = \"{kind}\"\n\
             description = \"The {kind} {name}.\"\nreadme = \"README.md\"\n\n[license]\n{part} = \"{license}\"\n\n{more}\n"
        )
    }
}

impl Shelf {
    /// An empty shelf.
    pub(crate) fn empty() -> Self {
        let registry = Registry::start();
        let publisher = registry.publisher("ann");
        Self { registry, publisher }
    }

    /// A shelf with a family: `lab/lora` adapts `lab/base`, which was trained on `lab/web`; the adapter was trained on
    /// `lab/chats`, which is not for commercial use.
    pub(crate) fn with_family() -> Self {
        let shelf = Self::empty();
        let dataset =
            |name, license| Package { name, version: "1.0.0", kind: "dataset", license, more: "" };
        let folder = |package: &Package<'_>, files: &[(&str, &[u8])]| {
            shelf.folder(&shelf.publisher, package, files)
        };
        let web =
            folder(&dataset("lab/web", "CC-BY-4.0"), &[("web.jsonl", b"{\"text\":\"hello\"}\n")]);
        let chats =
            folder(&dataset("lab/chats", "CC-BY-NC-4.0"), &[("chats.csv", b"who,what\nann,hi\n")]);
        let more = "[variants]\ndefault = \"f32\"\n[variants.f32]\nfiles = [\"f32.bin\"]\n[variants.q4]\nfiles = [\"q4.bin\"]\n\
                    [lineage]\n\"lab/web\" = { version = \"=1.0.0\", relation = \"trained-on\" }\n";
        let base = Package { license: "Apache-2.0", more, ..Package::model("lab/base", "1.0.0") };
        let base = folder(&base, &[("f32.bin", &noise(1, 300_000)), ("q4.bin", &noise(2, 40_000))]);
        let lora = shelf.lora(&shelf.publisher, "0.4.1");
        let paths = [&web, &chats, &base, &lora].map(|package| package.path().to_str().unwrap());
        shelf.publisher.tare_with(&[&["publish"], &paths[..]].concat(), "").succeeds();
        shelf
    }

    /// A version of the adapter of the family that is not published yet, as somebody has it.
    pub(crate) fn lora(&self, publisher: &Project, version: &str) -> Project {
        let more = "[dependencies]\n\"lab/base\" = { version = \"=1.0.0\", relation = \"base\" }\n\
                    [lineage]\n\"lab/chats\" = { version = \"=1.0.0\", relation = \"trained-on\" }\n";
        let lora = Package { kind: "adapter", more, ..Package::model("lab/lora", version) };
        self.folder(publisher, &lora, &[("lora.bin", &noise(3, 50_000))])
    }

    /// Publishes a package with a readme and these files. Gives its folder.
    pub(crate) fn publish(&self, package: &Package<'_>, files: &[(&str, &[u8])]) -> Project {
        let folder = self.folder(&self.publisher, package, files);
        folder.tare("publish").succeeds();
        folder
    }

    /// A folder of `publisher` with a package that is not published yet.
    pub(crate) fn folder(
        &self,
        publisher: &Project,
        package: &Package<'_>,
        files: &[(&str, &[u8])],
    ) -> Project {
        let folder =
            publisher.folder(&format!("{}-{}", package.name.replace('/', "-"), package.version));
        folder
            .write("Tare.toml", package.manifest())
            .write("README.md", format!("# {}\n\nIt is small.\n", package.name));
        for (path, content) in files {
            folder.write(path, content);
        }
        folder
    }

    /// Somebody with an empty home who knows the registry, in a project with these dependencies.
    pub(crate) fn consumer(&self, dependencies: &str) -> Project {
        let project = Project::new();
        project.tare(&format!("registry add main {}", self.registry.url())).succeeds();
        project.write("Tare.toml", format!("[dependencies]\n{dependencies}\n"));
        project
    }

    /// Logs that a release is taken down, and shows it. Its bytes stay until somebody removes them.
    pub(crate) fn take_down(&self, release: &str) {
        let request = TakedownRequest {
            releases: vec![release.parse().unwrap()],
            files: Vec::new(),
            class: Class::Malware,
            scope: Scope::Global,
            deadline_hours: None,
            notice: "N-1".to_owned(),
            appeal: None,
            here: false,
        };
        self.registry.wait(async {
            self.registry.app().take_down(&request).await.unwrap();
            self.registry.app().advance().await.unwrap();
        });
    }

    /// The one public object of a kind that is larger than `at_least` bytes.
    pub(crate) fn object(&self, kind: &str, at_least: u64) -> PathBuf {
        let found = files_below(&self.registry.public(kind));
        let mut large =
            found.into_iter().filter(|path| fs::metadata(path).unwrap().len() > at_least);
        large.next().unwrap_or_else(|| panic!("no object in {kind} above {at_least} bytes"))
    }

    /// The path of a package's page.
    pub(crate) fn page(&self, name: &str) -> PathBuf {
        self.registry.public(&format!("packages/{name}"))
    }
}

/// Bytes that do not compress and follow from a seed.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Every file below a folder.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(files_below(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

/// Changes one byte in the middle of a file, as a bad disk does.
pub(crate) fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    replace(path, &bytes);
}

/// Replaces the bytes of a file in place, even of a read-only one, and leaves its time as it was.
pub(crate) fn replace(path: &Path, bytes: &[u8]) {
    let metadata = fs::metadata(path).unwrap();
    let (permissions, time) = (metadata.permissions(), metadata.modified().unwrap());
    let mut writable = permissions.clone();
    #[expect(clippy::permissions_set_readonly_false, reason = "only for the moment of the attack")]
    writable.set_readonly(false);
    fs::set_permissions(path, writable).unwrap();
    fs::write(path, bytes).unwrap();
    fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    fs::set_permissions(path, permissions).unwrap();
}
