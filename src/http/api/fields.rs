//! Fields of requests: checked, and refused by name.

use std::fmt::Display;

use kinora_model::host::Host;
use kinora_model::name::Name;
use kinora_model::text::Text;
use serde::{Deserialize, Deserializer};

use crate::config::Config;
use crate::problem::Problem;

/// Text of bounded length.
///
/// # Errors
/// 400 naming the field.
pub(crate) fn text<const MIN: usize, const MAX: usize>(
    field: &'static str,
    raw: &str,
) -> Result<Text<MIN, MAX>, Problem> {
    Text::parse(raw).map_err(|error| Problem::invalid(field, error))
}

/// Text that may be absent. An empty one is absent too where text cannot be empty.
///
/// # Errors
/// As [`text`].
pub(crate) fn text_if<const MIN: usize, const MAX: usize>(
    field: &'static str,
    raw: Option<&str>,
) -> Result<Option<Text<MIN, MAX>>, Problem> {
    raw.filter(|raw| MIN == 0 || !raw.trim().is_empty()).map(|raw| text(field, raw)).transpose()
}

/// The name of an account or channel that is to be taken.
///
/// # Errors
/// As [`text`].
pub(crate) fn name(field: &'static str, raw: &str) -> Result<Name, Problem> {
    Name::parse(raw).map_err(|error| Problem::invalid(field, error))
}

/// What must not be absent.
///
/// # Errors
/// As [`text`].
pub(crate) fn needed<T>(field: &'static str, value: Option<T>) -> Result<T, Problem> {
    value.ok_or_else(|| Problem::invalid(field, "Invalid value"))
}

/// A word that has a meaning, or none.
///
/// # Errors
/// As [`text`].
pub(crate) fn known<T>(
    field: &'static str,
    meaning: Option<T>,
    said: impl Display,
) -> Result<T, Problem> {
    meaning.ok_or_else(|| Problem::invalid(field, format!("Invalid value: {said}")))
}

/// The name in a handle of a path, and the server if that is another: `name`, `name@host`.
///
/// # Errors
/// 404 with `missing` if what stands behind the `@` is no host.
pub(crate) fn handle(
    config: &Config,
    raw: &str,
    missing: &'static str,
) -> Result<(String, Option<Host>), Problem> {
    let (name, host) = raw.split_once('@').unwrap_or((raw, ""));
    let name = name.to_lowercase();
    if host.is_empty() || host.eq_ignore_ascii_case(&config.host()) {
        return Ok((name, None));
    }
    let host = Host::parse(host).ok_or_else(|| Problem::not_found(missing))?;
    Ok((name, Some(host)))
}

/// The name in a handle of a path that must be of this node.
///
/// # Errors
/// 404 with `missing` for handles of other servers.
pub(crate) fn own_handle(
    config: &Config,
    raw: &str,
    missing: &'static str,
) -> Result<String, Problem> {
    match handle(config, raw, missing)? {
        (name, None) => Ok(name),
        (_, Some(_)) => Err(Problem::not_found(missing)),
    }
}

/// Reads a field that may be absent, null, or have a value; null is `Some(None)`.
///
/// # Errors
/// If the value is of another kind.
pub(crate) fn nullable<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}

/// A limit in bytes as PeerTube writes it: -1 is without limit.
///
/// # Errors
/// As [`text`].
pub(crate) fn limit(field: &'static str, bytes: i64) -> Result<Option<u64>, Problem> {
    match bytes {
        -1 => Ok(None),
        bytes => match u64::try_from(bytes) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(_) => Err(Problem::invalid(field, "Should be -1 or a number of bytes")),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn handles_of_this_node_may_say_so() {
        let config = Config::default();
        let read = |raw| handle(&config, raw, "-").map_err(|problem| problem.status());
        assert_eq!(read("Ana@localhost:8080"), Ok(("ana".to_owned(), None)));
        assert_eq!(read("ana"), Ok(("ana".to_owned(), None)));
        let elsewhere = Host::parse("elsewhere.example");
        assert_eq!(read("Ana@Elsewhere.example"), Ok(("ana".to_owned(), elsewhere)));
        assert_eq!(read("ana@a/b").unwrap_err(), 404);
    }

    #[test]
    fn limits_are_bytes_or_minus_one() {
        assert_eq!(limit("videoQuota", -1).unwrap(), None);
        assert_eq!(limit("videoQuota", 5).unwrap(), Some(5));
        assert!(limit("videoQuota", -2).is_err());
    }
}
