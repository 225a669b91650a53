//! Which page of a collection is asked for.

/// The longest cursor that is read, in hex digits.
const CURSOR_DIGITS_MAX: usize = 64;

/// Items of one page of a collection whose items are ids.
pub(crate) const IDS_A_PAGE: usize = 50;

/// Items of one page of a collection whose items are whole.
pub(crate) const OBJECTS_A_PAGE: usize = 10;

/// The page of a collection that a query asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// The collection itself.
    Whole,
    /// The page of this number, from 1.
    Number(usize),
    /// The page of what comes after this place.
    After(Vec<u8>),
}

impl Page {
    /// Reads a query; what cannot be read asks for the collection itself.
    pub(crate) fn parse(query: &str) -> Self {
        let value = |name: &str| {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        if let Some(cursor) = value("after").and_then(unhex) {
            return Self::After(cursor);
        }
        match value("page") {
            Some("true") => Self::Number(1),
            Some(number) => match number.parse() {
                Ok(number) if number > 0 => Self::Number(number),
                _ => Self::Whole,
            },
            None => Self::Whole,
        }
    }
}

/// A place in a collection as it stands in the address of a page.
pub(crate) fn cursor(place: &[u8]) -> String {
    place.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    if digits.len() > CURSOR_DIGITS_MAX || !digits.len().is_multiple_of(2) || !digits.is_ascii() {
        return None;
    }
    let pairs = (0..digits.len()).step_by(2).map(|at| digits.get(at..at.saturating_add(2)));
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_numbers_or_places() {
        assert_eq!(Page::parse(""), Page::Whole);
        assert_eq!(Page::parse("page=0"), Page::Whole);
        assert_eq!(Page::parse("page=3"), Page::Number(3));
        assert_eq!(Page::parse("page=true"), Page::Number(1));
        let place = [0, 0xfe, 7];
        assert_eq!(Page::parse(&format!("after={}", cursor(&place))), Page::After(place.to_vec()));
        assert_eq!(Page::parse("after=é&page=2"), Page::Number(2));
        assert_eq!(Page::parse(&format!("after={}", "0".repeat(1 << 20))), Page::Whole);
    }
}
