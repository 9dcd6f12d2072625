//! How a mirror is doing: `status.json` for machines and people, `metrics` for Prometheus (Z-13).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tare_format::Sha256;
use tare_format::registry::RegistryId;

use super::filter::Reason;
use super::select::Count;

/// A takedown that a mirror knows of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TakedownStatus {
    /// The number of its event in the log.
    pub index: u64,
    /// SHA-256 of its line.
    pub payload: Sha256,
    /// Why, in one word.
    pub class: String,
    /// By when the contents had to be gone.
    pub deadline: Timestamp,
    /// When they were; absent while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obeyed: Option<Timestamp>,
}

/// What `status.json` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Status {
    /// `tare-mirror-status/1`.
    pub format: String,
    /// Of which registry.
    pub registry: RegistryId,
    /// Which mirror.
    pub mirror: String,
    /// The size of the log that is held.
    pub size: u64,
    /// The root hash of the log at that size.
    pub root: String,
    /// The size of the log that `head` proves; smaller while a quorum is missing.
    pub head_size: u64,
    /// The newest size that a source showed.
    pub source_size: u64,
    /// When the head is known to have been the newest, by its quorum; absent when none is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_time: Option<Timestamp>,
    /// When the last sync ended well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sync: Option<Timestamp>,
    /// When everything that is held had last been hashed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_scrub: Option<Timestamp>,
    /// Objects of contents that are there.
    pub objects: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// Objects that should be there and no source has.
    pub missing: u64,
    /// Releases whose contents are held.
    pub held: Count,
    /// Releases whose contents are left out, by the reason.
    pub left_out: BTreeMap<Reason, Count>,
    /// What is held, as a sentence.
    pub coverage: String,
    /// Takedowns whose contents are still there.
    pub open_takedowns: Vec<TakedownStatus>,
    /// How many takedowns were obeyed.
    pub obeyed_takedowns: u64,
}

/// What the field `format` says.
pub const STATUS_FORMAT: &str = "tare-mirror-status/1";

impl Status {
    /// How many events the mirror is behind.
    #[must_use]
    pub const fn lag(&self) -> u64 {
        self.source_size.saturating_sub(self.size)
    }

    /// The open takedowns whose deadline has passed at `now`.
    #[must_use]
    pub fn overdue(&self, now: Timestamp) -> usize {
        self.open_takedowns.iter().filter(|takedown| takedown.deadline < now).count()
    }

    /// The document's bytes.
    ///
    /// # Errors
    /// Never for a value of this type.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// The same as Prometheus reads it.
    #[must_use]
    pub fn metrics(&self) -> String {
        let mut text = String::new();
        let mut gauge = |name: &str, help: &str, value: i64| {
            let _ = write!(
                text,
                "# HELP tare_mirror_{name} {help}\n# TYPE tare_mirror_{name} gauge\ntare_mirror_{name} {value}\n"
            );
        };
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let time = |time: Option<Timestamp>| time.map_or(0, Timestamp::as_second);
        gauge("log_size", "Events of the log that are held.", number(self.size));
        gauge("head_size", "Events of the log that the head proves.", number(self.head_size));
        gauge(
            "lag_events",
            "Events that the source has and the mirror has not.",
            number(self.lag()),
        );
        gauge(
            "head_time_seconds",
            "When a quorum saw the head as the newest.",
            time(self.head_time),
        );
        gauge("last_sync_seconds", "When the last sync ended well.", time(self.last_sync));
        gauge("last_scrub_seconds", "When all contents were last hashed.", time(self.last_scrub));
        gauge("objects", "Objects of contents.", number(self.objects));
        gauge("bytes", "Bytes of contents.", number(self.bytes));
        gauge("missing_objects", "Objects that no source has.", number(self.missing));
        gauge("releases_held", "Releases whose contents are held.", number(self.held.releases));
        gauge(
            "open_takedowns",
            "Takedowns not obeyed yet.",
            self.open_takedowns.len().try_into().unwrap_or(i64::MAX),
        );
        let next = self.open_takedowns.iter().map(|takedown| takedown.deadline).min();
        gauge("next_takedown_deadline_seconds", "The first deadline of these.", time(next));
        let _ = write!(
            text,
            "# HELP tare_mirror_releases_left_out Releases whose contents are left out.\n\
             # TYPE tare_mirror_releases_left_out gauge\n"
        );
        for (reason, count) in &self.left_out {
            let _ = writeln!(
                text,
                "tare_mirror_releases_left_out{{reason=\"{reason}\"}} {}",
                count.releases
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status() -> Status {
        let at = |text: &str| text.parse().unwrap();
        Status {
            format: STATUS_FORMAT.to_owned(),
            registry: "tr1-0123456789abcdef0123456789abcdef".parse().unwrap(),
            mirror: "mirror.example.org/m".to_owned(),
            size: 10,
            root: "root".to_owned(),
            head_size: 9,
            source_size: 12,
            head_time: Some(at("2026-11-25T00:00:00Z")),
            last_sync: None,
            last_scrub: None,
            objects: 3,
            bytes: 400,
            missing: 0,
            held: Count { releases: 2, bytes: 500 },
            left_out: [(Reason::Kind, Count { releases: 1, bytes: 7 })].into(),
            coverage: "all".to_owned(),
            open_takedowns: vec![TakedownStatus {
                index: 7,
                payload: Sha256::of(b"line"),
                class: "court".to_owned(),
                deadline: at("2026-11-25T12:00:00Z"),
                obeyed: None,
            }],
            obeyed_takedowns: 0,
        }
    }

    #[test]
    fn what_is_late_is_said() {
        let status = status();
        assert_eq!(status.lag(), 2);
        assert_eq!(status.overdue("2026-11-25T11:00:00Z".parse().unwrap()), 0);
        assert_eq!(status.overdue("2026-11-25T13:00:00Z".parse().unwrap()), 1);
        let read: Status = serde_json::from_slice(&status.to_bytes().unwrap()).unwrap();
        assert_eq!(read, status);
    }

    #[test]
    fn metrics_are_in_the_form_that_prometheus_reads() {
        let text = status().metrics();
        assert!(text.contains("\ntare_mirror_lag_events 2\n"), "{text}");
        assert!(text.contains("tare_mirror_releases_left_out{reason=\"kind\"} 1\n"), "{text}");
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with("tare_mirror_") && value.parse::<i64>().is_ok(), "{line}");
        }
        assert!(text.ends_with('\n'));
    }
}
