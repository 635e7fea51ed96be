//! Texts in one piece of memory.

/// Texts in one piece of memory: one allocation for all claims of a token.
#[derive(Clone, Default)]
pub(super) struct Text(String);

/// The position of one text.
#[derive(Clone, Copy)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Text {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(String::with_capacity(bytes))
    }

    pub(super) fn push(&mut self, text: &str) -> Span {
        let start = self.position();
        self.0.push_str(text);
        Span {
            start,
            end: self.position(),
        }
    }

    /// Returns a text.
    // Behind 4 GiB there is none. A token is 16 KiB at most.
    #[inline]
    pub(super) fn get(&self, span: Option<Span>) -> Option<&str> {
        let Span { start, end } = span?;
        self.0.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
    }

    fn position(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    pub(super) const fn heap_bytes(&self) -> usize {
        self.0.capacity()
    }
}
