//! The guard against a mirror that empties itself: a slip in a filter, or a source that lost its mind.

use serde::Serialize;

use super::amount::ByteSize;

/// How much may go in one run without a word from the operator, in hundredths of what is there.
const PERCENT: u64 = 5;
/// Below so many objects a share says nothing: a mirror with ten releases may lose one.
const FEW_OBJECTS: u64 = 20;

/// Objects and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// Objects.
    pub objects: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Amount {
    /// Counts one more object.
    pub fn add(&mut self, bytes: u64) {
        self.objects = self.objects.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// Too much would be deleted at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} of {} objects would be deleted, and {} of {}, more than {PERCENT} % at once",
    going.objects, held.objects, ByteSize(going.bytes), ByteSize(held.bytes)
)]
pub struct MassDelete {
    /// What would go.
    pub going: Amount,
    /// What is there.
    pub held: Amount,
}

/// Refuses to delete more than a twentieth of the objects or bytes. What was taken down is not counted: it goes at once,
/// however much it is (Z-9).
///
/// # Errors
/// With both amounts.
pub fn check(going: Amount, held: Amount) -> Result<(), MassDelete> {
    let is_much =
        |going: u64, held: u64| u128::from(going) * 100 > u128::from(held) * u128::from(PERCENT);
    let too_many = is_much(going.objects, held.objects) && going.objects > FEW_OBJECTS;
    let too_much = is_much(going.bytes, held.bytes) && held.objects > FEW_OBJECTS;
    if too_many || too_much { Err(MassDelete { going, held }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(going: (u64, u64), held: (u64, u64)) -> bool {
        let amount = |(objects, bytes)| Amount { objects, bytes };
        check(amount(going), amount(held)).is_ok()
    }

    #[test]
    fn a_twentieth_may_go_and_no_more() {
        assert!(judge((50, 5_000), (1_000, 100_000)));
        assert!(!judge((51, 5_000), (1_000, 100_000)));
        assert!(!judge((1, 5_001), (1_000, 100_000)));
        assert!(judge((0, 0), (0, 0)));
    }

    #[test]
    fn of_few_objects_any_may_go() {
        assert!(judge((20, 9_000), (20, 9_000)));
        assert!(!judge((21, 9_000), (21, 9_000)));
        assert!(!judge((u64::MAX, u64::MAX), (u64::MAX, u64::MAX)));
    }

    #[test]
    fn the_refusal_says_how_much() {
        let going = Amount { objects: 90, bytes: 2_000_000 };
        let error =
            check(going, Amount { objects: 100, bytes: 3_000_000 }).unwrap_err().to_string();
        assert!(error.contains("90 of 100 objects") && error.contains("2MB of 3MB"), "{error}");
    }
}
