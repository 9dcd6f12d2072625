//! The four packages of the tour: two data sets, a base model trained on the first, an adapter trained on the second.

use std::path::Path;
use std::{fs, io};

use serde_json::json;

use crate::model::{Model, RANK, Trained, VOCABULARY, WIDTH};
use crate::safetensors::{Dtype, to_bytes};

const PROVERBS: [&str; 8] = [
    "a small boat crosses the lake as well as a large one",
    "what is weighed once can be paid for twice",
    "the one who seals the jar knows what is in it",
    "a label is not the thing but a wrong label is a lie",
    "who borrows the mill returns the stone",
    "count the sacks before the road and after it",
    "the empty scale must show nothing",
    "good grain keeps its name wherever it is milled",
];

const VERSES: [&str; 6] = [
    "the moon was thin the tide was low and nobody had told the snow",
    "o quiet harbour hold the night and count the windows out of sight",
    "we sang too softly to be heard and kept the echo not the word",
    "under the bridge the river goes with every secret that it knows",
    "a lantern swings a shadow bends and that is how the summer ends",
    "hush said the wood to the running hare there is no hurry anywhere",
];

/// What training did, for people to read.
pub(crate) struct Training {
    pub(crate) what: &'static str,
    pub(crate) before: f32,
    pub(crate) after: f32,
}

/// Writes the four folders below `root`, training both models.
pub(crate) fn write(root: &Path) -> io::Result<Vec<Training>> {
    dataset(&root.join("proverbs"), "Proverbs about weights.", "CC0-1.0", &PROVERBS)?;
    dataset(&root.join("verses"), "Rhymed couplets.", "CC-BY-NC-4.0", &VERSES)?;

    let mut model = Model::new();
    let proverbs = PROVERBS.join(" ");
    let before = model.loss(&proverbs);
    model.train(&proverbs, Trained::Base, 60, 0.1);
    let base = Training { what: "the base on proverbs", before, after: model.loss(&proverbs) };
    write_base(&root.join("tiny-speller"), &model)?;

    let verses = VERSES.join(" ");
    let before = model.loss(&verses);
    model.train(&verses, Trained::Adapter, 60, 0.1);
    let adapter = Training { what: "the adapter on verses", before, after: model.loss(&verses) };
    write_adapter(&root.join("rhyme"), &model)?;
    Ok(vec![base, adapter])
}

fn dataset(folder: &Path, description: &str, license: &str, lines: &[&str]) -> io::Result<()> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let records: String =
        lines.iter().map(|line| format!("{}\n", json!({ "text": line }))).collect();
    let manifest = format!(
        "[package]\nname = \"demo/{name}\"\nversion = \"1.0.0\"\nkind = \"dataset\"\ndescription = \"{description}\"\n\
         card = \"card.toml\"\n\n[license]\ndata = \"{license}\"\n"
    );
    let card = format!(
        "summary = \"{description}\"\n\n[data]\naccess = \"packaged\"\nrecords = {}\n",
        lines.len()
    );
    write_folder(
        folder,
        &[
            ("Tare.toml", manifest.as_bytes()),
            ("card.toml", card.as_bytes()),
            ("data.jsonl", records.as_bytes()),
        ],
    )
}

fn write_base(folder: &Path, model: &Model) -> io::Result<()> {
    let manifest = "[package]\nname = \"demo/tiny-speller\"\nversion = \"1.0.0\"\nkind = \"model\"\n\
        description = \"Guesses the next letter.\"\ntasks = [\"text-generation\"]\nlanguages = [\"en\"]\n\n\
        [license]\nweights = \"Apache-2.0\"\n\n\
        [lineage]\n\"demo/proverbs\" = { version = \"=1.0.0\", relation = \"trained-on\" }\n";
    let config = json!({ "vocabulary": VOCABULARY, "width": WIDTH }).to_string();
    let weights = to_bytes(&[
        ("embedding.weight", Dtype::Bf16, [VOCABULARY, WIDTH], &model.embedding),
        ("output.bias", Dtype::F32, [1, VOCABULARY], &model.bias),
        ("output.weight", Dtype::Bf16, [VOCABULARY, WIDTH], &model.output),
    ]);
    write_folder(
        folder,
        &[
            ("Tare.toml", manifest.as_bytes()),
            ("config.json", config.as_bytes()),
            ("model.safetensors", &weights),
        ],
    )
}

fn write_adapter(folder: &Path, model: &Model) -> io::Result<()> {
    let manifest = "[package]\nname = \"demo/rhyme\"\nversion = \"0.1.0\"\nkind = \"adapter\"\n\
        description = \"Makes the speller rhyme.\"\n\n\
        [license]\nweights = \"Apache-2.0\"\n\n\
        [dependencies]\n\"demo/tiny-speller\" = { version = \"=1.0.0\", relation = \"base\" }\n\n\
        [lineage]\n\"demo/verses\" = { version = \"=1.0.0\", relation = \"trained-on\" }\n";
    let weights = to_bytes(&[
        ("output.lora_A", Dtype::F32, [RANK, WIDTH], &model.lora_a),
        ("output.lora_B", Dtype::F32, [VOCABULARY, RANK], &model.lora_b),
    ]);
    write_folder(folder, &[("Tare.toml", manifest.as_bytes()), ("adapter.safetensors", &weights)])
}

fn write_folder(folder: &Path, files: &[(&str, &[u8])]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    files.iter().try_for_each(|(name, bytes)| fs::write(folder.join(name), bytes))
}
