//! The resolver alone and with reading, on graphs of up to 2,000 packages with 20 versions each.
//!
//! `cargo bench -p tare-client --bench resolve` times it in this process. `benches/resolve/run` compares whole processes
//! with `uv`; for that this program has two more uses:
//!
//! ```text
//! resolve generate SHAPE SIZE FOLDER     writes a graph as files
//! resolve lock FOLDER pages|summaries    resolves it, reading those files, and prints the versions
//! ```

#![expect(clippy::print_stdout, reason = "its output is what the comparison reads")]
#![expect(clippy::expect_used, reason = "a benchmark may stop at the first surprise")]

mod folder;
mod graph;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use divan::Bencher;
use tare_client::resolve::{
    Index, IndexError, Lookup, Options, Package, ResolveError, Summary, encode_summary, page,
    resolve,
};
use tare_format::{PackageName, Sha256};

use folder::{Folder, Form};
use graph::Graph;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["generate", shape, size, folder] => {
            let graph =
                Graph::named(shape, size.parse()?).ok_or("a shape is easy, hubs or unsat")?;
            folder::write(&graph, Path::new(folder))
        }
        ["lock", folder, form] => lock(Path::new(folder), form),
        _ => {
            divan::main();
            Ok(())
        }
    }
}

fn lock(folder: &Path, form: &str) -> Result<(), Box<dyn Error>> {
    let form = if form == "pages" { Form::Pages } else { Form::Summaries };
    let index = Folder { path: folder.to_owned(), form };
    match resolve(&folder::read_project(folder)?, &index, &Options::default()) {
        Ok(resolution) => {
            let line = |package: &tare_client::resolve::Resolved| {
                format!("{}=={}\n", package.name.name(), package.version)
            };
            print!("{}", resolution.packages.iter().map(line).collect::<String>());
            Ok(())
        }
        Err(ResolveError::Unsolvable(unsolvable)) => {
            println!("{unsolvable}");
            unsolvable.help.iter().for_each(|help| println!("help: {help}"));
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Packages that were read before.
struct Memory(BTreeMap<PackageName, Arc<Package>>);

impl Memory {
    fn of(graph: &Graph) -> Self {
        let package = |(name, releases): (&PackageName, &Vec<_>)| {
            (name.clone(), Arc::new(Package::new(name, releases).expect("distinct versions")))
        };
        Self(graph.packages.iter().map(package).collect())
    }
}

impl Index for Memory {
    fn package(&self, name: &PackageName) -> Result<Lookup, IndexError> {
        Ok(self.0.get(name).map_or(Lookup::Absent, |package| Lookup::Found(Arc::clone(package))))
    }

    fn names(&self) -> Vec<PackageName> {
        self.0.keys().cloned().collect()
    }
}

#[divan::bench(args = [100, 400, 2_000])]
fn easy(bencher: Bencher<'_, '_>, size: usize) {
    let graph = Graph::easy(size);
    let index = Memory::of(&graph);
    bencher.bench(|| resolve(&graph.project, &index, &Options::default()).expect("solvable"));
}

/// An unchanged project, resolved again with its lock.
#[divan::bench(args = [2_000])]
fn easy_locked(bencher: Bencher<'_, '_>, size: usize) {
    let graph = Graph::easy(size);
    let index = Memory::of(&graph);
    let first = resolve(&graph.project, &index, &Options::default()).expect("solvable");
    let id = |package: tare_client::resolve::Resolved| tare_format::ReleaseId {
        name: package.name,
        version: package.version,
    };
    let options =
        Options { locked: first.packages.into_iter().map(id).collect(), ..Options::default() };
    bencher.bench(|| resolve(&graph.project, &index, &options).expect("solvable"));
}

#[divan::bench(args = [50, 100, 200, 400], sample_count = 20)]
fn hubs(bencher: Bencher<'_, '_>, size: usize) {
    let graph = Graph::hubs(size);
    let index = Memory::of(&graph);
    bencher.bench(|| resolve(&graph.project, &index, &Options::default()).expect("solvable"));
}

/// With the explanation.
#[divan::bench(args = [50, 100, 400], sample_count = 20)]
fn unsat(bencher: Bencher<'_, '_>, size: usize) {
    let graph = Graph::unsat(size);
    let index = Memory::of(&graph);
    bencher.bench(|| {
        resolve(&graph.project, &index, &Options::default()).expect_err("unsolvable").to_string()
    });
}

/// Two thousand pages of twenty releases.
#[divan::bench(sample_count = 20)]
fn read_pages(bencher: Bencher<'_, '_>) {
    let graph = Graph::easy(2_000);
    let page = |(name, releases): (&PackageName, &Vec<_>)| {
        (name.clone(), folder::page_of(name, releases).expect("events are JSON"))
    };
    let pages: Vec<_> = graph.packages.iter().map(page).collect();
    bencher.bench(|| {
        pages.iter().map(|(name, text)| page::package(name, text)).filter(Result::is_ok).count()
    });
}

/// The same from summaries.
#[divan::bench]
fn read_summaries(bencher: Bencher<'_, '_>) {
    let graph = Graph::easy(2_000);
    let summary =
        |(name, releases): (&PackageName, &Vec<_>)| encode_summary(name, Sha256::of(b""), releases);
    let summaries: Vec<Vec<u8>> = graph.packages.iter().map(summary).collect();
    bencher.bench(|| {
        summaries.iter().map(|bytes| Summary::decode(bytes.clone())).filter(Result::is_ok).count()
    });
}
