//! A model small enough to train while one waits: it guesses the next character from the last one.
//!
//! ```text
//! logits = (W + B·A) · E[c] + b      E, W: 27 × 8    b: 27    A: 2 × 8    B: 27 × 2
//! ```
//!
//! The base model is `E`, `W` and `b`, 459 parameters. The adapter is `A` and `B`, 70 parameters, trained with the base
//! frozen (LoRA, Hu et al. 2021). Without an adapter `B` is zero.

/// Characters that the model knows: a blank and 26 letters.
pub(crate) const VOCABULARY: usize = 27;
/// Numbers for each character.
pub(crate) const WIDTH: usize = 8;
/// The adapter's rank.
pub(crate) const RANK: usize = 2;

/// Row-major matrices.
#[derive(Clone)]
pub(crate) struct Model {
    pub(crate) embedding: Vec<f32>,
    pub(crate) output: Vec<f32>,
    pub(crate) bias: Vec<f32>,
    pub(crate) lora_a: Vec<f32>,
    pub(crate) lora_b: Vec<f32>,
}

/// Which parameters a training run may change.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Trained {
    Base,
    Adapter,
}

impl Model {
    /// Small numbers that differ, from a linear congruential generator: every run trains the same model.
    pub(crate) fn new() -> Self {
        let mut state = 0x2545_f491_u32;
        let mut draw = |count: usize| -> Vec<f32> {
            let mut next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                f32::from((state >> 16) as u16) / f32::from(u16::MAX) - 0.5
            };
            (0..count).map(|_| next()).collect()
        };
        Self {
            embedding: draw(VOCABULARY * WIDTH),
            output: draw(VOCABULARY * WIDTH),
            bias: vec![0.0; VOCABULARY],
            lora_a: draw(RANK * WIDTH),
            lora_b: vec![0.0; VOCABULARY * RANK],
        }
    }

    /// Mean cross-entropy over the pairs of neighbouring characters, in bits a character.
    pub(crate) fn loss(&self, text: &str) -> f32 {
        let pairs = pairs(text);
        let total: f32 = pairs.iter().map(|&(from, to)| -self.probabilities(from)[to].log2()).sum();
        total / pairs.len() as f32
    }

    /// Stochastic gradient descent, one pair at a time.
    pub(crate) fn train(&mut self, text: &str, trained: Trained, epochs: usize, rate: f32) {
        let pairs = pairs(text);
        for _ in 0..epochs {
            for &(from, to) in &pairs {
                let mut gradient = self.probabilities(from);
                gradient[to] -= 1.0;
                match trained {
                    Trained::Base => self.step_base(from, &gradient, rate),
                    Trained::Adapter => self.step_adapter(from, &gradient, rate),
                }
            }
        }
    }

    fn probabilities(&self, from: usize) -> Vec<f32> {
        let hidden = &self.embedding[from * WIDTH..][..WIDTH];
        let low: Vec<f32> =
            (0..RANK).map(|r| dot(&self.lora_a[r * WIDTH..][..WIDTH], hidden)).collect();
        let logit = |to: usize| {
            let base = dot(&self.output[to * WIDTH..][..WIDTH], hidden);
            base + dot(&self.lora_b[to * RANK..][..RANK], &low) + self.bias[to]
        };
        let logits: Vec<f32> = (0..VOCABULARY).map(logit).collect();
        let largest = logits.iter().copied().fold(f32::MIN, f32::max);
        let weights: Vec<f32> = logits.iter().map(|logit| (logit - largest).exp()).collect();
        let sum: f32 = weights.iter().sum();
        weights.into_iter().map(|weight| weight / sum).collect()
    }

    fn step_base(&mut self, from: usize, gradient: &[f32], rate: f32) {
        let hidden = self.embedding[from * WIDTH..][..WIDTH].to_vec();
        for (to, slope) in gradient.iter().enumerate() {
            let row = &mut self.output[to * WIDTH..][..WIDTH];
            for (column, weight) in row.iter_mut().enumerate() {
                self.embedding[from * WIDTH + column] -= rate * slope * *weight;
                *weight -= rate * slope * hidden[column];
            }
            self.bias[to] -= rate * slope;
        }
    }

    fn step_adapter(&mut self, from: usize, gradient: &[f32], rate: f32) {
        let hidden = self.embedding[from * WIDTH..][..WIDTH].to_vec();
        for r in 0..RANK {
            let low = dot(&self.lora_a[r * WIDTH..][..WIDTH], &hidden);
            let back: f32 =
                gradient.iter().enumerate().map(|(to, g)| g * self.lora_b[to * RANK + r]).sum();
            for (to, slope) in gradient.iter().enumerate() {
                self.lora_b[to * RANK + r] -= rate * slope * low;
            }
            for (column, value) in hidden.iter().enumerate() {
                self.lora_a[r * WIDTH + column] -= rate * back * value;
            }
        }
    }
}

fn dot(left: &[f32], right: &[f32]) -> f32 {
    left.iter().zip(right).map(|(a, b)| a * b).sum()
}

fn pairs(text: &str) -> Vec<(usize, usize)> {
    let index = |c: char| match c.to_ascii_lowercase() {
        c @ 'a'..='z' => c as usize - 'a' as usize + 1,
        _ => 0,
    };
    let characters: Vec<usize> = text.chars().map(index).collect();
    characters.windows(2).map(|pair| (pair[0], pair[1])).collect()
}
