//! A quorum in words, for people who have to decide whether it is enough for them.

use super::{Policy, Rule};

impl Policy {
    /// The quorum in words: `2 of (W1, W2, all of (MA, MB))`; none when no witness is asked for.
    #[must_use]
    pub fn quorum_in_words(&self) -> Option<String> {
        self.quorum().map(|label| self.words(label))
    }

    /// A group only has members that stand before it, and each label is a member once, so this ends.
    fn words(&self, label: &str) -> String {
        let Some(group) = self.groups().iter().find(|group| group.label == label) else {
            return label.to_owned();
        };
        let members: Vec<String> = group.members.iter().map(|member| self.words(member)).collect();
        let needed = match group.rule {
            Rule::All => "all".to_owned(),
            Rule::Any => "any".to_owned(),
            Rule::AtLeast(count) => count.to_string(),
        };
        format!("{needed} of ({})", members.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Group, PolicyBuilder, Rule, Witness};
    use crate::key::{Algorithm, SigningKey};

    fn policy(groups: &[(&str, Rule, &[&str])], quorum: &str) -> Option<String> {
        let mut policy = PolicyBuilder::new();
        for (seed, label) in (1..).zip(["W1", "W2", "W3"]) {
            let name = format!("{}.example/w", label.to_lowercase()).parse().unwrap();
            let key = SigningKey::from_seed(name, Algorithm::CosignatureEd25519, &[seed; 32]);
            let (label, key) = (label.to_owned(), key.unwrap().verifier().clone());
            policy.witness(Witness { label, key, url: None }).unwrap();
        }
        for (label, rule, members) in groups {
            let members = members.iter().map(|member| (*member).to_owned()).collect();
            policy.group(Group { label: (*label).to_owned(), rule: *rule, members }).unwrap();
        }
        policy.quorum(quorum).unwrap();
        policy.build().unwrap().quorum_in_words()
    }

    #[test]
    fn a_quorum_is_told_down_to_its_witnesses() {
        assert_eq!(policy(&[], "none"), None);
        assert_eq!(policy(&[], "W1").unwrap(), "W1");
        let inner = ("pair", Rule::Any, &["W1", "W2"][..]);
        let outer = ("both", Rule::All, &["pair", "W3"][..]);
        assert_eq!(policy(&[inner, outer], "both").unwrap(), "all of (any of (W1, W2), W3)");
        let some = ("some", Rule::AtLeast(2), &["W1", "W2", "W3"][..]);
        assert_eq!(policy(&[some], "some").unwrap(), "2 of (W1, W2, W3)");
    }
}
