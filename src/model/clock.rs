//! Time, handed in: nothing else in Kinora asks the system what time it is.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment: milliseconds since the Unix epoch.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// A moment from milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_ms(self) -> i64 {
        self.0
    }

    /// This moment and a span later, at the latest the end of time.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This moment and a span earlier.
    #[must_use]
    pub fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The time from `earlier` to this moment, zero if it lies after it.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Reads RFC 3339 (`2026-01-02T03:04:05.678Z`), or a bare date.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(at) = text.parse::<jiff::Timestamp>() {
            return Some(Self(at.as_millisecond()));
        }
        let date = text.parse::<jiff::civil::Date>().ok()?;
        let at = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Self(at.timestamp().as_millisecond()))
    }
}

impl Timestamp {
    /// As HTTP and RSS write it (RFC 9110, section 5.6.7): `Fri, 02 Jan 2026 03:04:05 GMT`.
    #[must_use]
    pub fn to_http_date(self) -> String {
        let at = jiff::Timestamp::from_millisecond(self.0).unwrap_or_default();
        let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
        // Only years of more than four digits cannot be written so.
        printer.timestamp_to_rfc9110_string(&at).unwrap_or_default()
    }

    /// Reads what [`Timestamp::to_http_date`] writes.
    #[must_use]
    pub fn parse_http_date(text: &str) -> Option<Self> {
        let parsed = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text);
        parsed.ok().map(|at| Self(at.as_millisecond()))
    }
}

/// RFC 3339 in UTC with milliseconds: `2026-01-02T03:04:05.678Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(at) => write!(f, "{at:.3}"),
            Err(_) => f.write_str("1970-01-01T00:00:00.000Z"),
        }
    }
}

/// Tells the time.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let ms = since.map(|span| i64::try_from(span.as_millis()).unwrap_or(i64::MAX));
        Timestamp(ms.unwrap_or(0))
    }
}

/// A clock that stands where it was set, for tests and for replaying recorded messages.
#[derive(Debug, Default)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// A clock that shows `at`.
    #[must_use]
    pub const fn at(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.0))
    }

    /// Sets the clock.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.0, Ordering::Relaxed);
    }

    /// Moves the clock on.
    pub fn advance(&self, span: Duration) {
        self.set(self.now().after(span));
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_dates_are_read_as_written() {
        let at = Timestamp::parse("2026-01-02T03:04:05Z").unwrap();
        assert_eq!(at.to_http_date(), "Fri, 02 Jan 2026 03:04:05 GMT");
        assert_eq!(Timestamp::parse_http_date(&at.to_http_date()), Some(at));
        assert_eq!(Timestamp::parse_http_date("yesterday"), None);
    }

    #[test]
    fn moments_are_written_and_read_as_rfc_3339() {
        let at = Timestamp::parse("2026-01-02T03:04:05.678Z").unwrap();
        assert_eq!(at.to_string(), "2026-01-02T03:04:05.678Z");
        assert_eq!(Timestamp::parse("2024-01-02").unwrap().to_string(), "2024-01-02T00:00:00.000Z");
        assert_eq!(Timestamp::parse("yesterday"), None);
    }
}
