//! The part of CBOR (RFC 8949) that control messages are made of: maps with text keys, lists, texts, bytes and numbers, all of
//! definite length. Everything else is refused, so that no message means two things.

/// The most items in one message; a longer one is not read.
const ITEMS_MAX: usize = 4096;

/// How deep items may lie in each other.
const DEPTH_MAX: usize = 4;

/// What came is not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a message: {0}")]
pub(crate) struct Malformed(pub(crate) &'static str);

/// An item as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item<'a> {
    /// An unsigned number.
    Number(u64),
    /// A byte string.
    Bytes(&'a [u8]),
    /// A text.
    Text(&'a str),
    /// A list.
    List(Vec<Item<'a>>),
    /// A map.
    Map(Map<'a>),
    /// A negative number, true, false or null: nothing here means anything by it.
    Other,
}

/// A map as it was read; no key is in it twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Map<'a>(Vec<(&'a str, Item<'a>)>);

impl<'a> Map<'a> {
    /// Reads a message: one map and nothing behind it.
    ///
    /// # Errors
    /// [`Malformed`] if it is anything else.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader { rest: bytes, room: ITEMS_MAX };
        match reader.item(DEPTH_MAX)? {
            Item::Map(map) if reader.rest.is_empty() => Ok(map),
            Item::Map(_) => Err(Malformed("something behind the map")),
            _ => Err(Malformed("not a map")),
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Item<'a>> {
        self.0.iter().find(|(known, _)| *known == key).map(|(_, item)| item)
    }

    pub(crate) fn number(&self, key: &str) -> Option<u64> {
        match self.get(key)? {
            Item::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn text(&self, key: &str) -> Option<&'a str> {
        match self.get(key)? {
            Item::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A byte string of this length.
    pub(crate) fn bytes<const N: usize>(&self, key: &str) -> Option<[u8; N]> {
        match self.get(key)? {
            Item::Bytes(bytes) => (*bytes).try_into().ok(),
            _ => None,
        }
    }

    /// The items of a list; none if there is no list.
    pub(crate) fn list(&self, key: &str) -> &[Item<'a>] {
        match self.get(key) {
            Some(Item::List(items)) => items,
            _ => &[],
        }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    room: usize,
}

impl<'a> Reader<'a> {
    fn item(&mut self, depth: usize) -> Result<Item<'a>, Malformed> {
        self.room = self.room.checked_sub(1).ok_or(Malformed("too many items"))?;
        let deeper = || depth.checked_sub(1).ok_or(Malformed("too deep"));
        let (major, value) = self.head()?;
        Ok(match major {
            0 => Item::Number(value),
            1 => Item::Other,
            2 => Item::Bytes(self.take(value)?),
            3 => Item::Text(self.text(value)?),
            4 => {
                let deeper = deeper()?;
                let mut items = Vec::new();
                for _ in 0..value {
                    items.push(self.item(deeper)?);
                }
                Item::List(items)
            }
            5 => {
                let deeper = deeper()?;
                let mut map = Map::default();
                for _ in 0..value {
                    let (3, length) = self.head()? else {
                        return Err(Malformed("a key that is no text"));
                    };
                    let key = self.text(length)?;
                    if map.get(key).is_some() {
                        return Err(Malformed("a key is there twice"));
                    }
                    map.0.push((key, self.item(deeper)?));
                }
                Item::Map(map)
            }
            7 if matches!(value, 20..=22) => Item::Other,
            _ => return Err(Malformed("a kind that is not used")),
        })
    }

    /// The kind of the next item and its value or length.
    fn head(&mut self) -> Result<(u8, u64), Malformed> {
        let first = self.byte()?;
        let (major, info) = (first >> 5, first & 0x1f);
        let more = match info {
            0..=23 => return Ok((major, info.into())),
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            _ => return Err(Malformed("of no definite length")),
        };
        // Behind these heads stand floating-point numbers, not lengths.
        if major == 7 {
            return Err(Malformed("a kind that is not used"));
        }
        let mut value = 0;
        for _ in 0..more {
            value = value << 8 | u64::from(self.byte()?);
        }
        Ok((major, value))
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        let (first, rest) = self.rest.split_first().ok_or(Malformed("it ends too early"))?;
        self.rest = rest;
        Ok(*first)
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let (taken, rest) =
            self.rest.split_at_checked(length).ok_or(Malformed("it ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn text(&mut self, length: u64) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.take(length)?).map_err(|_utf8| Malformed("a text is no UTF-8"))
    }
}

/// Writes a message.
#[derive(Debug, Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    /// Begins a map with so many keys.
    pub(crate) fn map(keys: usize) -> Self {
        let mut writer = Self::default();
        writer.head(5, keys);
        writer
    }

    pub(crate) fn text(&mut self, key: &str, text: &str) {
        self.put(3, key.as_bytes());
        self.put(3, text.as_bytes());
    }

    pub(crate) fn bytes(&mut self, key: &str, bytes: &[u8]) {
        self.put(3, key.as_bytes());
        self.put(2, bytes);
    }

    pub(crate) fn number(&mut self, key: &str, number: u64) {
        self.put(3, key.as_bytes());
        self.value(0, number);
    }

    pub(crate) fn texts(&mut self, key: &str, texts: &[String]) {
        self.put(3, key.as_bytes());
        self.head(4, texts.len());
        texts.iter().for_each(|text| self.put(3, text.as_bytes()));
    }

    /// The message.
    pub(crate) fn end(self) -> Vec<u8> {
        self.0
    }

    fn put(&mut self, major: u8, bytes: &[u8]) {
        self.head(major, bytes.len());
        self.0.extend_from_slice(bytes);
    }

    fn head(&mut self, major: u8, length: usize) {
        self.value(major, u64::try_from(length).unwrap_or(u64::MAX));
    }

    /// In the fewest bytes.
    fn value(&mut self, major: u8, value: u64) {
        let bytes = value.to_be_bytes();
        let [.., e, f, g, h] = bytes;
        let kind = |info: u8| major << 5 | info;
        match value {
            0..=23 => self.0.push(kind(h)),
            24..=0xff => self.0.extend([kind(24), h]),
            0x100..=0xffff => self.0.extend([kind(25), g, h]),
            0x1_0000..=0xffff_ffff => self.0.extend([kind(26), e, f, g, h]),
            _ => {
                self.0.push(kind(27));
                self.0.extend(bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_needed_is_refused() {
        for (what, bytes) in [
            ("nothing", &[][..]),
            ("a number", &[0x01]),
            ("a map of no definite length", &[0xbf, 0xff]),
            ("a text of no definite length", &[0xa1, 0x61, b'a', 0x7f, 0xff]),
            ("a float", &[0xa1, 0x61, b'a', 0xf9, 0x3c, 0x00]),
            ("undefined", &[0xa1, 0x61, b'a', 0xf7]),
            ("a tag", &[0xa1, 0x61, b'a', 0xc0, 0x00]),
            ("a key that is a number", &[0xa1, 0x01, 0x01]),
            ("a key twice", &[0xa2, 0x61, b'a', 0x01, 0x61, b'a', 0x01]),
            ("something behind", &[0xa0, 0x00]),
            (
                "a forged length",
                &[0xa1, 0x61, b'a', 0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            ),
            ("a forged count", &[0xa1, 0x61, b'a', 0x9a, 0xff, 0xff, 0xff, 0xff]),
            ("no UTF-8", &[0xa1, 0x61, b'a', 0x61, 0xff]),
            ("too deep", &[0xa1, 0x61, b'a', 0x81, 0x81, 0x81, 0x81, 0x81, 0x00]),
        ] {
            assert!(Map::read(bytes).is_err(), "{what}");
        }
        let mut many = vec![0xa1, 0x61, b'a', 0x99, 0x20, 0x00];
        many.resize(8_192 + 6, 0x00);
        assert_eq!(Map::read(&many), Err(Malformed("too many items")));
    }

    #[test]
    fn keys_that_nobody_knows_are_passed_over() {
        let bytes = [0xa2, 0x61, b'x', 0x82, 0xf6, 0x20, 0x61, b'n', 0x18, 0x5a];
        assert_eq!(Map::read(&bytes).unwrap().number("n"), Some(90));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(number: u64, text: String, bytes: [u8; 32], texts: Vec<String>) {
            let mut writer = Writer::map(4);
            writer.number("n", number);
            writer.text("t", &text);
            writer.bytes("b", &bytes);
            writer.texts("l", &texts);
            let written = writer.end();
            let map = Map::read(&written).unwrap();
            prop_assert_eq!(map.number("n"), Some(number));
            prop_assert_eq!(map.text("t"), Some(text.as_str()));
            prop_assert_eq!(map.bytes::<32>("b"), Some(bytes));
            let expected: Vec<_> = texts.iter().map(|text| Item::Text(text)).collect();
            prop_assert_eq!(map.list("l"), &expected);
        }

        #[test]
        fn any_bytes_are_a_map_or_an_error(bytes: Vec<u8>) {
            let _ = Map::read(&bytes);
        }
    }
}
