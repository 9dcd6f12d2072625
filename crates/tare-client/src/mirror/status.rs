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

impl TakedownStatus {
    /// Whether it was not obeyed in time, as far as that can be said at `now`.
    #[must_use]
    pub fn is_missed(&self, now: Timestamp) -> bool {
        self.obeyed.unwrap_or(now) > self.deadline
    }
}

/// A sync that did not end well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct FailedRun {
    /// When it ended.
    pub at: Timestamp,
    /// The code of its error.
    pub code: String,
    /// What was wrong.
    pub reason: String,
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
    /// The newest size that a source ever showed.
    pub source_size: u64,
    /// The time of the log's last event that is held; absent before the first sync.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_time: Option<Timestamp>,
    /// The time of the last event of that newest size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_time: Option<Timestamp>,
    /// When the head is known to have been the newest, by its quorum; absent when none is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_time: Option<Timestamp>,
    /// When the last sync ended well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sync: Option<Timestamp>,
    /// How many syncs have failed since.
    #[serde(default)]
    pub failed_runs: u64,
    /// The last one that failed; it stays when later ones end well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<FailedRun>,
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
    /// The takedowns in force, each with its deadline and when it was obeyed.
    pub takedowns: Vec<TakedownStatus>,
    /// How many of them were obeyed.
    pub obeyed_takedowns: u64,
    /// How many were not obeyed by their deadline, when this was written.
    pub missed_takedowns: u64,
}

/// What the field `format` says.
pub const STATUS_FORMAT: &str = "tare-mirror-status/1";

impl Status {
    /// How many events the mirror is behind.
    #[must_use]
    pub const fn lag(&self) -> u64 {
        self.source_size.saturating_sub(self.size)
    }

    /// How many seconds of the log the mirror is behind: from the last event that it holds to the last that was shown.
    #[must_use]
    pub fn lag_seconds(&self) -> u64 {
        let behind = self.source_time.zip(self.log_time).filter(|_| self.lag() > 0);
        let seconds = behind.map_or(0, |(shown, held)| shown.as_second() - held.as_second());
        u64::try_from(seconds).unwrap_or(0)
    }

    /// The takedowns whose contents are still there.
    pub fn open_takedowns(&self) -> impl Iterator<Item = &TakedownStatus> {
        self.takedowns.iter().filter(|takedown| takedown.obeyed.is_none())
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
            "lag_seconds",
            "From the last event held to the last shown.",
            number(self.lag_seconds()),
        );
        gauge(
            "head_time_seconds",
            "When a quorum saw the head as the newest.",
            time(self.head_time),
        );
        gauge("last_sync_seconds", "When the last sync ended well.", time(self.last_sync));
        gauge("failed_runs", "Syncs that failed since.", number(self.failed_runs));
        let failed = self.last_failure.as_ref().map(|failure| failure.at);
        gauge("last_failure_seconds", "When the last sync that failed ended.", time(failed));
        gauge("last_scrub_seconds", "When all contents were last hashed.", time(self.last_scrub));
        gauge("objects", "Objects of contents.", number(self.objects));
        gauge("bytes", "Bytes of contents.", number(self.bytes));
        gauge("missing_objects", "Objects that no source has.", number(self.missing));
        gauge("releases_held", "Releases whose contents are held.", number(self.held.releases));
        gauge(
            "open_takedowns",
            "Takedowns not obeyed yet.",
            self.open_takedowns().count().try_into().unwrap_or(i64::MAX),
        );
        let next = self.open_takedowns().map(|takedown| takedown.deadline).min();
        gauge("next_takedown_deadline_seconds", "The first deadline of these.", time(next));
        gauge("missed_takedowns", "Takedowns not obeyed in time.", number(self.missed_takedowns));
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

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn status() -> Status {
        Status {
            format: STATUS_FORMAT.to_owned(),
            registry: "tr1-0123456789abcdef0123456789abcdef".parse().unwrap(),
            mirror: "mirror.example.org/m".to_owned(),
            size: 10,
            root: "root".to_owned(),
            head_size: 9,
            source_size: 12,
            log_time: Some(at("2026-11-25T00:00:00Z")),
            source_time: Some(at("2026-11-25T00:02:00Z")),
            head_time: Some(at("2026-11-25T00:00:00Z")),
            last_sync: None,
            failed_runs: 3,
            last_failure: Some(FailedRun {
                at: at("2026-11-25T00:03:00Z"),
                code: "E-LOG".to_owned(),
                reason: "no source has it".to_owned(),
            }),
            last_scrub: None,
            objects: 3,
            bytes: 400,
            missing: 0,
            held: Count { releases: 2, bytes: 500 },
            left_out: [(Reason::Kind, Count { releases: 1, bytes: 7 })].into(),
            coverage: "all".to_owned(),
            takedowns: vec![TakedownStatus {
                index: 7,
                payload: Sha256::of(b"line"),
                class: "court".to_owned(),
                deadline: at("2026-11-25T12:00:00Z"),
                obeyed: None,
            }],
            obeyed_takedowns: 0,
            missed_takedowns: 0,
        }
    }

    #[test]
    fn what_is_late_is_said() {
        let status = status();
        assert_eq!((status.lag(), status.lag_seconds()), (2, 120));
        let level = Status { size: 12, ..status.clone() };
        assert_eq!((level.lag(), level.lag_seconds()), (0, 0));
        let read: Status = serde_json::from_slice(&status.to_bytes().unwrap()).unwrap();
        assert_eq!(read, status);
    }

    #[test]
    fn a_takedown_is_missed_when_it_was_not_obeyed_by_its_deadline() {
        let open = status().takedowns.remove(0);
        let (before, after) = (at("2026-11-25T11:00:00Z"), at("2026-11-25T13:00:00Z"));
        assert!(!open.is_missed(before) && open.is_missed(after));
        let obeyed = |time| TakedownStatus { obeyed: Some(time), ..open.clone() };
        assert!(!obeyed(before).is_missed(after) && obeyed(after).is_missed(after));
    }

    #[test]
    fn metrics_are_in_the_form_that_prometheus_reads() {
        let text = status().metrics();
        assert!(text.contains("\ntare_mirror_lag_events 2\n"), "{text}");
        assert!(text.contains("\ntare_mirror_lag_seconds 120\n"), "{text}");
        assert!(text.contains("\ntare_mirror_failed_runs 3\n"), "{text}");
        assert!(text.contains("tare_mirror_releases_left_out{reason=\"kind\"} 1\n"), "{text}");
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with("tare_mirror_") && value.parse::<i64>().is_ok(), "{line}");
        }
        assert!(text.ends_with('\n'));
    }
}
