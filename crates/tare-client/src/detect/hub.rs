//! What a folder that came from a model hub says about itself: the README's front matter, `config.json`,
//! `adapter_config.json`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde::Deserialize;
use tare_format::manifest::{Kind, LineageRelation};
use tare_license::Catalogue;

use super::files::Listed;
use super::{Ancestor, DetectError, Detected, DetectedLicense};

/// The most bytes of a README or a configuration.
const MAX_SIZE: u64 = 4 << 20;

/// Adds what the hub's files say.
pub(super) fn look(
    folder: &Path,
    files: &[Listed],
    detected: &mut Detected,
) -> Result<(), DetectError> {
    let front_matter = match &detected.readme {
        Some(readme) => super::front_matter::read(&read(&folder.join(readme))?),
        None => BTreeMap::new(),
    };
    if detected.kind == Some(Kind::Dataset)
        || front_matter.contains_key("task_categories") && detected.kind.is_none()
    {
        detected.kind = Some(Kind::Dataset);
    }
    read_card(&front_matter, detected);
    let has = |name: &str| files.iter().any(|file| file.path == name);
    if has("adapter_config.json") {
        read_adapter(&read(&folder.join("adapter_config.json"))?, detected);
    }
    if has("config.json") {
        read_config(&read(&folder.join("config.json"))?, detected);
    }
    Ok(())
}

fn read_card(card: &BTreeMap<String, Vec<String>>, detected: &mut Detected) {
    let list = |key: &str| card.get(key).cloned().unwrap_or_default();
    let first = |key: &str| card.get(key).and_then(|values| values.first()).cloned();
    detected.license =
        first("license").map(|found| license(&found, first("license_name").as_deref()));
    detected.tasks = first("pipeline_tag").into_iter().chain(list("task_categories")).collect();
    detected.languages = list("language").into_iter().filter(|tag| is_language(tag)).collect();
    let is_keyword = |tag: &String| !tag.contains(':') && tag.len() <= 64;
    detected.keywords = list("tags").into_iter().filter(is_keyword).take(16).collect();
    let bases = list("base_model");
    let relation = base_relation(first("base_model_relation").as_deref(), &bases, detected);
    for base in bases {
        push(detected, format!("hf:{base}"), None, relation, "README.md");
    }
    for dataset in list("datasets") {
        push(
            detected,
            format!("hf:datasets/{dataset}"),
            None,
            LineageRelation::TrainedOn,
            "README.md",
        );
    }
    for dataset in list("source_datasets").into_iter().filter(|name| name.contains('/')) {
        push(
            detected,
            format!("hf:datasets/{dataset}"),
            None,
            LineageRelation::DerivedFrom,
            "README.md",
        );
    }
}

/// How a model comes from its base: as the README says, else as the files suggest.
fn base_relation(said: Option<&str>, bases: &[String], detected: &Detected) -> LineageRelation {
    let only_gguf = !detected.formats.is_empty()
        && detected.formats.iter().all(|format| format.starts_with("GGUF"));
    match said {
        Some("adapter") => LineageRelation::AdaptedFrom,
        Some("merge") => LineageRelation::MergedFrom,
        Some("quantized") => LineageRelation::QuantizedFrom,
        Some("finetune") => LineageRelation::FinetunedFrom,
        _ if detected.kind == Some(Kind::Adapter) => LineageRelation::AdaptedFrom,
        _ if bases.len() > 1 => LineageRelation::MergedFrom,
        _ if only_gguf => LineageRelation::QuantizedFrom,
        _ => LineageRelation::FinetunedFrom,
    }
}

/// The hub writes licences in its own words; `other` comes with a name.
fn license(found: &str, name: Option<&str>) -> DetectedLicense {
    let text = if found == "other" { name.unwrap_or(found) } else { found };
    let known = Catalogue::builtin().resolve(text).map(|entry| entry.id.to_string());
    let expression =
        known.or_else(|| spdx::imprecise_license_id(text).map(|(id, _)| id.name.to_owned()));
    DetectedLicense {
        expression: expression.unwrap_or_else(|| "NOASSERTION".to_owned()),
        found: text.to_owned(),
    }
}

#[derive(Deserialize)]
struct AdapterConfig {
    base_model_name_or_path: Option<String>,
    revision: Option<String>,
    peft_type: Option<String>,
    task_type: Option<String>,
}

fn read_adapter(text: &str, detected: &mut Detected) {
    let Ok(config) = serde_json::from_str::<AdapterConfig>(text) else {
        detected.warnings.push("`adapter_config.json` cannot be read".to_owned());
        return;
    };
    if let Some(base) = config.base_model_name_or_path {
        let source = format!("hf:{base}");
        push(
            detected,
            source,
            config.revision,
            LineageRelation::AdaptedFrom,
            "adapter_config.json",
        );
    }
    if let Some(kind) = config.peft_type {
        detected.formats.push(format!("{kind} adapter"));
    }
    let task = config.task_type.as_deref().and_then(|task| match task {
        "CAUSAL_LM" => Some("text-generation"),
        "SEQ_CLS" => Some("text-classification"),
        "TOKEN_CLS" => Some("token-classification"),
        "SEQ_2_SEQ_LM" => Some("text2text-generation"),
        "FEATURE_EXTRACTION" => Some("feature-extraction"),
        "QUESTION_ANS" => Some("question-answering"),
        _ => None,
    });
    if let (true, Some(task)) = (detected.tasks.is_empty(), task) {
        detected.tasks.push(task.to_owned());
    }
}

#[derive(Deserialize)]
struct ModelConfig {
    #[serde(default)]
    architectures: Vec<String>,
    model_type: Option<String>,
}

fn read_config(text: &str, detected: &mut Detected) {
    let Ok(config) = serde_json::from_str::<ModelConfig>(text) else {
        detected.warnings.push("`config.json` cannot be read".to_owned());
        return;
    };
    let architecture = config.architectures.first();
    if let (true, Some(architecture)) = (detected.tasks.is_empty(), architecture) {
        let tasks = [
            ("ForCausalLM", "text-generation"),
            ("ForSequenceClassification", "text-classification"),
            ("ForTokenClassification", "token-classification"),
            ("ForMaskedLM", "fill-mask"),
            ("ForQuestionAnswering", "question-answering"),
            ("ForConditionalGeneration", "text2text-generation"),
            ("ForImageClassification", "image-classification"),
        ];
        let task = tasks.iter().find(|(ending, _)| architecture.ends_with(ending));
        detected.tasks.extend(task.map(|(_, task)| (*task).to_owned()));
    }
    let fits = |name: &String| name.len() <= 64 && !detected.keywords.contains(name);
    if let Some(model_type) = config.model_type.filter(fits)
        && detected.keywords.len() < 16
    {
        detected.keywords.push(model_type);
    }
}

/// Adds an ancestor once; a path on somebody's disk, or what cannot be a source, is none.
fn push(
    detected: &mut Detected,
    source: String,
    revision: Option<String>,
    relation: LineageRelation,
    found_in: &'static str,
) {
    let name = source.trim_start_matches("hf:").trim_start_matches("datasets/");
    let named = name.split('/').count() <= 2 && !name.starts_with(['/', '.']) && !name.is_empty();
    let plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.'));
    let known = detected.lineage.iter().any(|ancestor| ancestor.source == source);
    if named && plain && !known {
        let revision = revision.filter(|text| {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        detected.lineage.push(Ancestor { source, revision, relation, found_in });
    }
}

fn is_language(tag: &str) -> bool {
    (2..=35).contains(&tag.len())
        && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn read(path: &Path) -> Result<String, DetectError> {
    let fail = |source| DetectError { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    File::open(path).map_err(fail)?.take(MAX_SIZE).read_to_end(&mut bytes).map_err(fail)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
