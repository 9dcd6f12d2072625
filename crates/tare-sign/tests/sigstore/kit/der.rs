//! As much of DER as a certificate needs.

use jiff::Timestamp;

/// A value with its tag and its length.
pub(super) fn tagged(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = value.len();
    let header = match length {
        0..=0x7f => vec![tag, u8::try_from(length).unwrap()],
        0x80..=0xff => vec![tag, 0x81, u8::try_from(length).unwrap()],
        _ => {
            let [high, low] = u16::try_from(length).unwrap().to_be_bytes();
            vec![tag, 0x82, high, low]
        }
    };
    [header, value.to_vec()].concat()
}

pub(super) fn sequence(items: &[Vec<u8>]) -> Vec<u8> {
    tagged(0x30, &items.concat())
}

pub(super) fn set(items: &[Vec<u8>]) -> Vec<u8> {
    tagged(0x31, &items.concat())
}

pub(super) fn context(number: u8, value: &[u8]) -> Vec<u8> {
    tagged(0xa0 | number, value)
}

/// A number below 128.
pub(super) fn integer(number: u8) -> Vec<u8> {
    tagged(0x02, &[number])
}

pub(super) fn boolean(value: bool) -> Vec<u8> {
    tagged(0x01, &[if value { 0xff } else { 0 }])
}

pub(super) fn octets(bytes: &[u8]) -> Vec<u8> {
    tagged(0x04, bytes)
}

/// Bits, of which the last `unused` of the last byte do not count.
pub(super) fn bits(unused: u8, bytes: &[u8]) -> Vec<u8> {
    tagged(0x03, &[&[unused], bytes].concat())
}

pub(super) fn text(text: &str) -> Vec<u8> {
    tagged(0x0c, text.as_bytes())
}

/// A time in seconds since 1970, of this century's first half.
pub(super) fn time(seconds: i64) -> Vec<u8> {
    let time = Timestamp::from_second(seconds).unwrap();
    tagged(0x17, time.strftime("%y%m%d%H%M%SZ").to_string().as_bytes())
}

/// An object identifier from its numbers between dots.
pub(super) fn object(id: &str) -> Vec<u8> {
    let numbers: Vec<u32> = id.split('.').map(|number| number.parse().unwrap()).collect();
    let mut bytes = vec![u8::try_from(numbers[0] * 40 + numbers[1]).unwrap()];
    for number in &numbers[2..] {
        let mut rest = *number;
        let mut digits = Vec::new();
        loop {
            let more = if digits.is_empty() { 0 } else { 0x80 };
            digits.push(u8::try_from(rest & 0x7f).unwrap() | more);
            rest >>= 7;
            if rest == 0 {
                break;
            }
        }
        bytes.extend(digits.iter().rev());
    }
    tagged(0x06, &bytes)
}
