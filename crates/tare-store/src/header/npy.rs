//! NPY: one array after a header that is a Python literal of three keys, read by a grammar of just that.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use super::input::Input;
use super::{HeaderError, NumberWidth, Tensor, TensorFile, product};
use crate::sniff::FileFormat;

const HEADER_CAP: u64 = 64 << 10;
/// NumPy's own cap on dimensions.
const DIMENSION_CAP: usize = 64;

pub(super) fn read<R: Read + Seek>(input: &mut Input<'_, R>) -> Result<TensorFile, HeaderError> {
    let end = input.size_bytes();
    let tensor = read_at(input, 0, end)?;
    Ok(TensorFile { format: FileFormat::Npy, tensors: vec![tensor], metadata: BTreeMap::new() })
}

/// Reads the array that fills the bytes from `start` to `end`.
pub(super) fn read_at<R: Read + Seek>(
    input: &mut Input<'_, R>,
    start: u64,
    end: u64,
) -> Result<Tensor, HeaderError> {
    input.go_to(start)?;
    let magic: [u8; 8] = input.array("the magic")?;
    let length = match magic {
        [0x93, b'N', b'U', b'M', b'P', b'Y', 1, 0] => {
            u64::from(u16::from_le_bytes(input.array("the header's length")?))
        }
        [0x93, b'N', b'U', b'M', b'P', b'Y', 2 | 3, 0] => {
            u64::from(input.u32("the header's length")?)
        }
        _ => return Err(input.malformed("it does not begin with the magic of versions 1 to 3")),
    };
    let header = input.bytes(length, HEADER_CAP, "the header")?;
    let array = Literal { rest: &header }.array().map_err(|reason| input.malformed(reason))?;
    let Some((item_size, width)) = item(&array.descr) else {
        return Err(input.unsupported(format!("numbers of type `{}`", array.descr)));
    };
    let size = product(&array.shape).and_then(|count| count.checked_mul(item_size));
    let there = end.saturating_sub(input.position());
    let Some(size_bytes) = size.filter(|size| *size == there) else {
        let (shape, dtype) = (array.shape, array.descr);
        let reason =
            format!("an array of shape {shape:?} and type `{dtype}` cannot have {there} bytes");
        return Err(input.malformed(reason));
    };
    let (dtype, shape, start) = (array.descr, array.shape, input.position());
    Ok(Tensor { name: String::new(), dtype, shape, start, size_bytes, width })
}

/// The size of one value in bytes, and how wide its numbers are. `None` for pickled objects and unknown types.
fn item(descr: &str) -> Option<(u64, NumberWidth)> {
    let descr = descr.trim_start_matches(['<', '>', '=', '|']);
    let kind = descr.chars().next()?;
    let digits = descr.get(1..)?.split('[').next()?;
    let size: u64 =
        digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    match kind {
        'b' | 'i' | 'u' | 'f' | 'm' | 'M' => {
            size.checked_mul(8).map(|bits| (size, NumberWidth::of_bits(bits)))
        }
        'c' => size.checked_mul(4).map(|half| (size, NumberWidth::of_bits(half))),
        'S' | 'a' | 'V' => Some((size, NumberWidth::One)),
        'U' => size.checked_mul(4).map(|bytes| (bytes, NumberWidth::Four)),
        _ => None,
    }
}

/// What the header says.
struct Array {
    descr: String,
    shape: Vec<u64>,
}

/// The rest of a header that is being read.
struct Literal<'h> {
    rest: &'h [u8],
}

impl Literal<'_> {
    fn array(mut self) -> Result<Array, String> {
        let (mut descr, mut shape, mut order) = (None, None, None);
        self.expect(b'{')?;
        while !self.takes(b'}') {
            let key = self.text()?;
            self.expect(b':')?;
            let twice = match key.as_str() {
                "descr" => descr.replace(self.descr()?).is_some(),
                "fortran_order" => order.replace(self.bool()?).is_some(),
                "shape" => shape.replace(self.shape()?).is_some(),
                _ => return Err(format!("the header has a key `{key}`")),
            };
            if twice {
                return Err(format!("the header's key `{key}` appears twice"));
            }
            if !self.takes(b',') {
                self.expect(b'}')?;
                break;
            }
        }
        self.skip_space();
        match (descr, shape, order, self.rest) {
            (Some(descr), Some(shape), Some(_), []) => Ok(Array { descr, shape }),
            (.., []) => Err("the header lacks one of `descr`, `fortran_order`, `shape`".to_owned()),
            _ => Err("something follows the header's literal".to_owned()),
        }
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    /// Takes `byte` when it is next, after spaces.
    fn takes(&mut self, byte: u8) -> bool {
        self.skip_space();
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        if self.takes(byte) {
            return Ok(());
        }
        Err(format!("the header lacks a `{}`", char::from(byte)))
    }

    /// A quoted text without escapes.
    fn text(&mut self) -> Result<String, String> {
        let quote = if self.takes(b'\'') { b'\'' } else { b'"' };
        if quote == b'"' {
            self.expect(quote)?;
        }
        let end = self.rest.iter().position(|byte| *byte == quote || *byte == b'\\');
        let text = end.and_then(|end| self.rest.split_at_checked(end));
        let (text, rest) = text.ok_or("the header has a text without an end")?;
        self.rest = rest;
        let text = String::from_utf8_lossy(text).into_owned();
        self.expect(quote)?;
        Ok(text)
    }

    /// A type: a text, or the fields of a record, which are skipped up to their closing bracket.
    fn descr(&mut self) -> Result<String, String> {
        if !self.takes(b'[') {
            return self.text();
        }
        let mut depth = 1;
        while depth > 0 {
            let (first, rest) =
                self.rest.split_first().ok_or("the header has a list without an end")?;
            depth += match first {
                b'[' => 1,
                b']' => -1,
                _ => 0,
            };
            self.rest = rest;
        }
        Ok("record".to_owned())
    }

    fn bool(&mut self) -> Result<bool, String> {
        self.skip_space();
        for (word, value) in [(&b"True"[..], true), (b"False", false)] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err("`fortran_order` is neither True nor False".to_owned())
    }

    fn shape(&mut self) -> Result<Vec<u64>, String> {
        self.expect(b'(')?;
        let mut shape = Vec::new();
        while !self.takes(b')') {
            if shape.len() == DIMENSION_CAP {
                return Err(format!("the array has more than {DIMENSION_CAP} dimensions"));
            }
            shape.push(self.number()?);
            if !self.takes(b',') {
                self.expect(b')')?;
                break;
            }
        }
        Ok(shape)
    }

    fn number(&mut self) -> Result<u64, String> {
        self.skip_space();
        let length = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.rest.split_at_checked(length).unwrap_or_default();
        let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
        // Python 2 wrote an `L` after some numbers.
        self.rest = rest.strip_prefix(b"L").unwrap_or(rest);
        number.ok_or_else(|| "a dimension is not a number".to_owned())
    }
}
