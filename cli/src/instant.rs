//! Dates and instants that a person types, for `--as-of`.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Reads an instant, or a date, which means the end of that day in UTC.
pub(crate) fn parse_as_of(text: &str) -> Result<Timestamp, String> {
    let wrong = || {
        format!("`{text}` is neither a date as 2026-11-24 nor an instant as 2026-11-24T12:00:00Z")
    };
    if let Ok(date) = text.parse::<Date>() {
        let next = date.tomorrow().map_err(|_| wrong())?;
        let midnight = TimeZone::UTC.to_timestamp(next.at(0, 0, 0, 0)).map_err(|_| wrong())?;
        // The last second of the day: what the registry recorded in it has happened.
        return midnight.checked_sub(jiff::SignedDuration::from_secs(1)).map_err(|_| wrong());
    }
    text.parse().map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_means_the_whole_day() {
        assert_eq!(parse_as_of("2026-02-28").unwrap().to_string(), "2026-02-28T23:59:59Z");
        assert_eq!(
            parse_as_of("2026-02-28T01:00:00Z").unwrap().to_string(),
            "2026-02-28T01:00:00Z"
        );
        assert!(parse_as_of("yesterday").is_err() && parse_as_of("2026-02-30").is_err());
    }
}
