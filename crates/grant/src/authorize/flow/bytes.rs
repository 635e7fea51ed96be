//! The bytes of a flow: fields of fixed length, and texts after their length.

use crate::Params;

/// Writes fields.
#[derive(Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn optional(&mut self, bytes: Option<&[u8]>) {
        self.bytes(&[u8::from(bytes.is_some())]);
        self.bytes(bytes.unwrap_or_default());
    }

    /// A text longer than 65,535 bytes is longer than all that is sealed.
    pub(crate) fn text(&mut self, text: &str) {
        let len = u16::try_from(text.len()).unwrap_or(u16::MAX);
        self.bytes(&len.to_be_bytes());
        self.bytes(text.as_bytes());
    }

    pub(crate) fn pairs<'p>(&mut self, pairs: impl Iterator<Item = (&'p str, &'p str)>) {
        for (name, value) in pairs {
            self.bytes(&[1]);
            self.text(name);
            self.text(value);
        }
        self.bytes(&[0]);
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Reads fields. Each method returns `None` at a byte that [`Writer`] does not write there.
pub(crate) struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    pub(crate) const fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*first)
    }

    #[expect(clippy::option_option, reason = "the outer option is the failure")]
    pub(crate) fn optional<const N: usize>(&mut self) -> Option<Option<[u8; N]>> {
        if self.flag()? {
            self.array().map(Some)
        } else {
            Some(None)
        }
    }

    pub(crate) fn text(&mut self) -> Option<&'b str> {
        let len = u16::from_be_bytes(self.array()?);
        let (text, rest) = self.0.split_at_checked(len.into())?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    pub(crate) fn pairs(&mut self) -> Option<Params> {
        let mut pairs = Vec::new();
        while self.flag()? {
            pairs.push((self.text()?, self.text()?));
        }
        Some(pairs.into_iter().collect())
    }

    fn flag(&mut self) -> Option<bool> {
        match self.array()? {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }

    pub(crate) const fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }
}
