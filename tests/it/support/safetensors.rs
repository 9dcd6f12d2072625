//! Small models: safetensors files whose numbers follow from a seed.

/// A file with `count` tensors of `numbers` 4-byte floats each. Those of two seeds have nothing in common.
pub(crate) fn model(seed: u64, count: usize, numbers: usize) -> Vec<u8> {
    let tensors: Vec<Vec<u8>> =
        (0..count).map(|index| tensor(seed + index as u64, numbers)).collect();
    file(&tensors, numbers)
}

/// The same with one tensor from another seed.
pub(crate) fn model_with_change(
    seed: u64,
    count: usize,
    numbers: usize,
    changed: usize,
) -> Vec<u8> {
    let tensor_of = |index: usize| {
        let seed = if index == changed { seed + 1_000_000 } else { seed + index as u64 };
        tensor(seed, numbers)
    };
    file(&(0..count).map(tensor_of).collect::<Vec<_>>(), numbers)
}

fn file(tensors: &[Vec<u8>], numbers: usize) -> Vec<u8> {
    let size = numbers * 4;
    let header: serde_json::Map<String, serde_json::Value> = (0..tensors.len())
        .map(|index| {
            let offsets = [index * size, (index + 1) * size];
            let tensor =
                serde_json::json!({ "dtype": "F32", "shape": [numbers], "data_offsets": offsets });
            (format!("layer.{index:03}"), tensor)
        })
        .collect();
    let mut header = serde_json::to_string(&header).unwrap();
    while !header.len().is_multiple_of(8) {
        header.push(' ');
    }
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(tensors.concat());
    bytes
}

/// Numbers that do not compress, from a xorshift generator.
fn tensor(seed: u64, numbers: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(numbers * 4);
    for _ in 0..numbers {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend((state as u32).to_le_bytes());
    }
    bytes
}
