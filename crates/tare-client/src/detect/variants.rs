//! Variants: one model in several quantizations or formats, of which a consumer wants one.

use std::collections::BTreeMap;

use tare_store::sniff::FileFormat;

use super::files::Listed;

/// The quantizations that llama.cpp writes, as they stand in file names.
const QUANTIZATIONS: [&str; 30] = [
    "q4_k_m", "q4_k_s", "q5_k_m", "q5_k_s", "q6_k", "q8_0", "q3_k_m", "q3_k_s", "q3_k_l", "q2_k",
    "q2_k_s", "q4_0", "q4_1", "q5_0", "q5_1", "iq1_s", "iq1_m", "iq2_xxs", "iq2_xs", "iq2_s",
    "iq2_m", "iq3_xxs", "iq3_s", "iq3_m", "iq4_xs", "iq4_nl", "bf16", "f16", "fp16", "f32",
];

/// The variants that the files suggest, the default first; none unless there are at least two.
///
/// GGUF files are split by their quantization; whole formats beside each other are split by format.
pub(super) fn of(files: &[Listed]) -> Vec<(String, Vec<String>)> {
    let mut found: BTreeMap<(usize, String), Vec<String>> = BTreeMap::new();
    for file in files {
        if let Some((rank, name)) = variant_of(file) {
            found.entry((rank, name)).or_default().push(file.path.clone());
        }
    }
    if found.len() < 2 {
        return Vec::new();
    }
    found.into_iter().map(|((_, name), paths)| (name, paths)).collect()
}

fn variant_of(file: &Listed) -> Option<(usize, String)> {
    match file.format {
        FileFormat::Safetensors => Some((0, "safetensors".to_owned())),
        FileFormat::Gguf => {
            let name = file.path.to_ascii_lowercase();
            let parts: Vec<&str> = name.split(['.', '-', '/']).collect();
            let position = QUANTIZATIONS.iter().position(|known| parts.contains(known));
            Some(
                match position.and_then(|position| Some((position, QUANTIZATIONS.get(position)?))) {
                    Some((position, known)) => (1 + position, (*known).to_owned()),
                    None => (100, "gguf".to_owned()),
                },
            )
        }
        FileFormat::Onnx => Some((101, "onnx".to_owned())),
        FileFormat::Tflite => Some((102, "tflite".to_owned())),
        FileFormat::TorchZip | FileFormat::Pickle => Some((103, "pytorch".to_owned())),
        _ => None,
    }
}
