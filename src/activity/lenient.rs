//! Reading JSON that others wrote: one or many, an object or its id, a bad field left out rather than fatal.

use serde_json::{Map, Value};
use url::Url;

/// The longest address that is read, in bytes.
pub const URL_BYTES_MAX: usize = 2_048;

/// The most items of a list that are looked at, unless its noun says less.
pub const ITEMS_MAX: usize = 1_000;

/// The address that stands for everybody (ActivityPub, section 5.6).
pub const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

/// Why a document cannot be read as what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is not a JSON object.
    #[error("it is not an object")]
    NotAnObject,
    /// It is of another type.
    #[error("its type is {0:?}")]
    Type(String),
    /// A field without which it means nothing is missing or not as it must be.
    #[error("its {0} is missing or not as it must be")]
    Field(&'static str),
}

/// An address that may be fetched or named: http or https, with a host, without a name and password before it.
#[must_use]
pub fn url(text: &str) -> Option<Url> {
    if text.len() > URL_BYTES_MAX {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none();
    plain.then_some(url)
}

/// The values of a field: none if it is absent or null, one if it is no list, at most [`ITEMS_MAX`] of a list.
pub fn many(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let (one, list) = match value {
        Some(Value::Array(items)) => (None, items.as_slice()),
        Some(Value::Null) | None => (None, &[][..]),
        one => (one, &[][..]),
    };
    one.into_iter().chain(list.iter().take(ITEMS_MAX))
}

/// The first of the values of a field.
#[must_use]
pub fn first(value: Option<&Value>) -> Option<&Value> {
    many(value).next()
}

/// The id of an object, or the address that stands in its place; for a `Link` where it leads.
#[must_use]
pub fn id_of(value: &Value) -> Option<Url> {
    match value {
        Value::String(text) => url(text),
        Value::Object(map) => {
            let named = map.get("id").or_else(|| map.get("href")).or_else(|| map.get("@id"));
            url(named?.as_str()?)
        }
        Value::Array(items) => items.first().filter(|it| !it.is_array()).and_then(id_of),
        _ => None,
    }
}

/// The ids of all values of a field; those that have none are left out.
#[must_use]
pub fn ids_of(value: Option<&Value>) -> Vec<Url> {
    many(value).filter(|it| !it.is_array()).filter_map(id_of).collect()
}

/// The text of a field: a string, the first of a list, or the first of a map of languages. Cut to `chars_max` characters.
#[must_use]
pub fn text(value: Option<&Value>, chars_max: usize) -> Option<String> {
    let text = match first(value)? {
        Value::String(text) => text.as_str(),
        Value::Object(map) => map.values().find_map(Value::as_str)?,
        _ => return None,
    };
    Some(text.chars().take(chars_max).collect())
}

/// The text of a field or, if that is absent, of its map of languages (`nameMap`).
#[must_use]
pub fn field(map: &Map<String, Value>, name: &str, chars_max: usize) -> Option<String> {
    text(map.get(name), chars_max)
        .or_else(|| text(map.get(&format!("{name}Map")), chars_max))
        .filter(|text| !text.is_empty())
}

/// A whole number that is not negative; numbers written as text and fractions are read too.
#[must_use]
pub fn number(value: Option<&Value>) -> Option<u64> {
    match value? {
        Value::Number(number) => number.as_u64().or_else(|| {
            let number = number.as_f64()?;
            // Beyond 2^53 a float is no count any more.
            #[expect(
                clippy::as_conversions,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "the range was checked"
            )]
            (0.0..9e15).contains(&number).then_some(number as u64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A whole number that fits into 32 bits.
#[must_use]
pub fn small(value: Option<&Value>) -> Option<u32> {
    u32::try_from(number(value)?).ok()
}

/// True or false, also written as text or as 0 and 1.
#[must_use]
pub fn flag(value: Option<&Value>) -> Option<bool> {
    match value? {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => Some(number.as_u64()? != 0),
        Value::String(text) => match text.as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// The types of an object, without namespace.
#[must_use]
pub fn types_of(value: &Value) -> Vec<&str> {
    let types = many(value.get("type").or_else(|| value.get("@type")));
    let bare = |name: &'_ str| -> usize { name.rfind(['#', ':', '/']).map_or(0, |at| at + 1) };
    types.filter_map(Value::as_str).map(|name| &name[bare(name)..]).take(8).collect()
}

/// True if an object is of a type.
#[must_use]
pub fn is_a(value: &Value, wanted: &str) -> bool {
    types_of(value).contains(&wanted)
}

/// True if an address stands for everybody, in any of the ways in which servers write it.
#[must_use]
pub fn is_everybody(text: &str) -> bool {
    matches!(text, PUBLIC | "as:Public" | "Public")
}

/// True if `to` or `cc` of an object names everybody.
#[must_use]
pub fn is_public(object: &Value) -> bool {
    ["to", "cc"].into_iter().any(|name| {
        let named =
            |it: &Value| it.as_str().or_else(|| it.get("id")?.as_str()).is_some_and(is_everybody);
        many(object.get(name)).any(named)
    })
}

/// Whom an object names in a field, everybody left out.
#[must_use]
pub fn recipients(value: Option<&Value>) -> Vec<Url> {
    let mut ids = ids_of(value);
    ids.retain(|id| id.as_str() != PUBLIC);
    ids
}

/// A moment in milliseconds since 1970, from RFC 3339; only the years 1970 to 9999.
#[must_use]
pub fn moment(value: Option<&Value>) -> Option<i64> {
    let text = value?.as_str()?;
    if text.len() > 64 {
        return None;
    }
    let at = text.parse::<jiff::Timestamp>().ok()?.as_millisecond();
    (0..253_402_300_800_000).contains(&at).then_some(at)
}

/// A moment as RFC 3339 in UTC with milliseconds.
#[must_use]
pub fn write_moment(ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    format!("{at:.3}")
}

/// A length in seconds, from ISO 8601 (`PT1H2M3.5S`), rounded up; days at most.
#[must_use]
pub fn seconds(value: Option<&Value>) -> Option<u64> {
    let text = match value? {
        Value::String(text) if text.len() <= 64 => text,
        other => return number(Some(other)),
    };
    let rest = text.strip_prefix('P')?;
    let (days, time) = rest.split_once('T').unwrap_or((rest, ""));
    let mut total = 0.0;
    for (part, units) in [
        (days, [('W', 604_800.0), ('D', 86_400.0), ('-', 0.0)]),
        (time, [('H', 3_600.0), ('M', 60.0), ('S', 1.0)]),
    ] {
        let mut digits = String::new();
        for c in part.chars() {
            if c.is_ascii_digit() || matches!(c, '.' | ',') {
                digits.push(if c == ',' { '.' } else { c });
                continue;
            }
            let (_, unit) = units.iter().find(|(letter, _)| *letter == c)?;
            total += digits.parse::<f64>().ok()? * unit;
            digits.clear();
        }
        if !digits.is_empty() {
            return None;
        }
    }
    // A video of more than a year is a mistake.
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range was checked"
    )]
    (0.0..31_536_000.0).contains(&total).then(|| total.ceil() as u64)
}

/// The object itself, if it is one.
///
/// # Errors
/// [`Unreadable::NotAnObject`].
pub fn object(value: &Value) -> Result<&Map<String, Value>, Unreadable> {
    value.as_object().ok_or(Unreadable::NotAnObject)
}

/// The id of an object, which it must have.
///
/// # Errors
/// [`Unreadable::Field`].
pub fn own_id(map: &Map<String, Value>) -> Result<Url, Unreadable> {
    let id = map.get("id").or_else(|| map.get("@id")).and_then(Value::as_str);
    id.and_then(url).ok_or(Unreadable::Field("id"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn one_and_many_read_alike() {
        let one = json!({ "to": "https://a.example/b" });
        let list = json!({ "to": ["https://a.example/b"] });
        let objects = json!({ "to": [{ "id": "https://a.example/b" }, 7, null] });
        for value in [one, list, objects] {
            assert_eq!(ids_of(value.get("to"))[0].as_str(), "https://a.example/b");
        }
        assert_eq!(ids_of(json!({}).get("to")), []);
    }

    #[test]
    fn only_plain_web_addresses_are_addresses() {
        for bad in
            ["ftp://a.example/", "https://me:x@a.example/", "javascript:alert(1)", "/x", "https://"]
        {
            assert_eq!(url(bad), None, "{bad}");
        }
        assert_eq!(url(&format!("https://a.example/{}", "x".repeat(URL_BYTES_MAX))), None);
    }

    #[test]
    fn everybody_has_many_names() {
        for name in ["as:Public", "Public", PUBLIC] {
            assert!(is_public(&json!({ "cc": [name] })), "{name}");
        }
        assert!(!is_public(&json!({ "to": "https://a.example/followers" })));
    }

    #[test]
    fn lengths_and_moments_are_read_as_servers_write_them() {
        assert_eq!(seconds(Some(&json!("PT30S"))), Some(30));
        assert_eq!(seconds(Some(&json!("PT1H2M3.4S"))), Some(3_724));
        assert_eq!(seconds(Some(&json!("P1DT1S"))), Some(86_401));
        for bad in ["30", "PT", "PTS", "P5Y", "PT99999999999S", "PT1X"] {
            assert!(seconds(Some(&json!(bad))).is_none_or(|s| s == 0), "{bad}");
        }
        let at = moment(Some(&json!("2026-11-23T02:05:54.020Z"))).unwrap();
        assert_eq!(write_moment(at), "2026-11-23T02:05:54.020Z");
        assert_eq!(moment(Some(&json!("2026-11-23T03:05:54.020+01:00"))), Some(at));
        assert_eq!(moment(Some(&json!("99999-01-01T00:00:00Z"))), None);
        assert_eq!(moment(Some(&json!(5))), None);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,20}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::hash_map("id|type|href|[a-z]{1,5}", inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn nothing_panics_whatever_comes(value in any_json()) {
            let _ = (id_of(&value), types_of(&value).len(), is_public(&value), seconds(Some(&value)));
            let _ = (text(Some(&value), 5), number(Some(&value)), flag(Some(&value)), moment(Some(&value)));
            prop_assert!(ids_of(Some(&value)).len() <= ITEMS_MAX);
        }
    }
}
