//! The rules that the parts of a root document have to keep together (spec/log.md W-27).

use crate::checkpoint::MAX_TREE_SIZE;
use crate::excerpt::excerpt;
use crate::key::VerifierKey;
use crate::policy::is_token;

use super::{MAX_ENTRY, MAX_OLD_LOGS, MAX_ROOT_KEYS, RootDocument, RootRuleError};

impl RootDocument {
    /// Checks everything but what a policy checks of itself.
    pub(super) fn check(&self) -> Result<(), RootRuleError> {
        self.check_numbers()?;
        self.check_labels()?;
        self.check_roles()?;
        self.check_origins()?;
        check_distinct(&self.keys())
    }

    fn check_numbers(&self) -> Result<(), RootRuleError> {
        let keys = self.root_keys.len();
        in_range("version", self.version, 1, u64::MAX - 1)?;
        in_range("number of `rootkey` lines", keys as u64, 1, MAX_ROOT_KEYS as u64)?;
        in_range("threshold", self.threshold as u64, 1, keys as u64)?;
        in_range("number of `log` lines", self.policy.logs().len() as u64, 1, 1)?;
        in_range("number of `oldlog` lines", self.old_logs.len() as u64, 0, MAX_OLD_LOGS as u64)?;
        in_range("max-entry", self.max_entry.into(), 1, MAX_ENTRY.into())?;
        for old in &self.old_logs {
            in_range("size of an `oldlog`", old.size, 0, MAX_TREE_SIZE - 1)?;
        }
        if self.fresh_warn > self.fresh_fail {
            let (warn, fail) = (self.fresh_warn, self.fresh_fail);
            return Err(RootRuleError::Freshness { warn, fail });
        }
        Ok(())
    }

    fn check_labels(&self) -> Result<(), RootRuleError> {
        let labels: Vec<_> = self.root_keys.iter().map(|key| key.label.as_str()).collect();
        for (at, label) in labels.iter().enumerate() {
            if !is_token(label) || labels.iter().take(at).any(|other| other == label) {
                return Err(RootRuleError::Label { label: excerpt(label) });
            }
        }
        Ok(())
    }

    fn check_roles(&self) -> Result<(), RootRuleError> {
        let root_keys = self.root_keys.iter().map(|root| (&root.key, "root"));
        let old_logs = self.old_logs.iter().map(|old| (&old.key, "log"));
        for (key, role) in root_keys.chain(old_logs) {
            if key.algorithm().is_cosigner() {
                return Err(RootRuleError::Role { key: Box::new(key.clone()), role });
            }
        }
        Ok(())
    }

    /// W-27: who has a head of a log finds out by its origin whether that log was replaced.
    fn check_origins(&self) -> Result<(), RootRuleError> {
        let logs = self.policy.logs().iter().map(|log| &log.key);
        let keys: Vec<_> = logs.chain(self.old_logs.iter().map(|old| &old.key)).collect();
        for (at, key) in keys.iter().enumerate() {
            if keys.iter().take(at).any(|first| first.name() == key.name()) {
                return Err(RootRuleError::SameOrigin { origin: key.name().clone() });
            }
        }
        Ok(())
    }

    /// Every key that the document names.
    fn keys(&self) -> Vec<&VerifierKey> {
        let root_keys = self.root_keys.iter().map(|root| &root.key);
        let logs = self.policy.logs().iter().map(|log| &log.key);
        let old_logs = self.old_logs.iter().map(|old| &old.key);
        let witnesses = self.policy.witnesses().iter().map(|witness| &witness.key);
        root_keys.chain(logs).chain(old_logs).chain(witnesses).collect()
    }
}

/// W-27: one secret under two labels would count twice, and in two roles it would sign what the other role means.
fn check_distinct(keys: &[&VerifierKey]) -> Result<(), RootRuleError> {
    for (at, key) in keys.iter().enumerate() {
        if let Some(first) = keys.iter().take(at).find(|first| first.same_public_key(key)) {
            let (first, key) = (Box::new((*first).clone()), Box::new((*key).clone()));
            return Err(RootRuleError::SameKey { first, key });
        }
    }
    Ok(())
}

fn in_range(field: &'static str, found: u64, least: u64, most: u64) -> Result<(), RootRuleError> {
    if (least..=most).contains(&found) {
        Ok(())
    } else {
        let expected = format!("{least} to {most}");
        Err(RootRuleError::Range { field, found, expected })
    }
}
