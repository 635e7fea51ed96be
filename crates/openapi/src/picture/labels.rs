//! The texts above a picture.

/// The texts above a picture.
///
/// ```
/// use scopegate_openapi::picture::Labels;
///
/// let labels = Labels::new("Items").note("from items.yaml");
/// assert_ne!(labels, Labels::new("Items"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    pub(super) title: String,
    pub(super) note: Option<String>,
}

impl Labels {
    /// The name of the interface.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            note: None,
        }
    }

    /// Adds a line, such as the source of the table. Default: none.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.note = Some(text.into());
        self
    }
}
