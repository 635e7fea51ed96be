//! The values of fields by name.

use std::borrow::Cow;
use std::slice::ChunkBy;

/// A name and one of its values.
pub(crate) type FieldValue<'q> = (Cow<'q, str>, Cow<'q, str>);

/// The values of one name after another, in the order of names and then of the request.
pub(crate) type Groups<'a, 'q> = ChunkBy<'a, FieldValue<'q>, fn(&FieldValue<'q>, &FieldValue<'q>) -> bool>;

/// The values of fields by name, sorted, in one piece of memory. Ten thousand names need only to be
/// sorted.
#[derive(Clone, Debug, Default)]
pub(crate) struct FieldValues<'q>(Vec<FieldValue<'q>>);

impl<'q> FieldValues<'q> {
    pub(crate) fn one(name: &'q str, value: &'q str) -> Self {
        Self(vec![(Cow::Borrowed(name), Cow::Borrowed(value))])
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Returns the values of a name, at least one.
    pub(crate) fn get(&self, name: &str) -> Option<&[FieldValue<'q>]> {
        let start = self.0.partition_point(|(known, _)| &**known < name);
        let rest = self.0.get(start..)?;
        let end = rest.partition_point(|(known, _)| known == name);
        rest.get(..end).filter(|values| !values.is_empty())
    }

    /// Returns the values of each name.
    pub(crate) fn groups(&self) -> Groups<'_, 'q> {
        let is_same: fn(&FieldValue<'q>, &FieldValue<'q>) -> bool = |one, other| one.0 == other.0;
        self.0.chunk_by(is_same)
    }

    /// Returns each name once.
    pub(crate) fn names(&self) -> impl Iterator<Item = &Cow<'q, str>> {
        self.groups().filter_map(|values| values.first()).map(|(name, _)| name)
    }

    /// Replaces the values of a name by those of another set.
    pub(crate) fn take_from(&mut self, name: &str, other: &Self) {
        self.0.retain(|(known, _)| known != name);
        self.extend(other.get(name).unwrap_or_default().iter().cloned());
    }

    /// Sorts by name. Values of one name stay in their order.
    fn sort(&mut self) {
        self.0.sort_by(|(one, _), (other, _)| one.cmp(other));
    }

    /// Returns the values whose names fulfil a condition.
    pub(crate) fn filtered(&self, is_kept: impl Fn(&str) -> bool) -> Self {
        Self(self.0.iter().filter(|(name, _)| is_kept(name)).cloned().collect())
    }
}

impl<'q> Extend<FieldValue<'q>> for FieldValues<'q> {
    fn extend<I: IntoIterator<Item = FieldValue<'q>>>(&mut self, values: I) {
        self.0.extend(values);
        self.sort();
    }
}

impl<'q> FromIterator<FieldValue<'q>> for FieldValues<'q> {
    fn from_iter<I: IntoIterator<Item = FieldValue<'q>>>(values: I) -> Self {
        let mut sorted = Self::default();
        sorted.extend(values);
        sorted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_name_keep_their_order() {
        let pairs = [("b", "2"), ("a", "1"), ("b", "1"), ("c", "3"), ("b", "3")];
        let values: FieldValues<'_> = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        let of =
            |name: &str| -> Option<Vec<&str>> { Some(values.get(name)?.iter().map(|(_, value)| &**value).collect()) };
        assert_eq!(of("b"), Some(vec!["2", "1", "3"]));
        assert_eq!(of("a"), Some(vec!["1"]));
        assert_eq!((of(""), of("aa"), of("d")), (None, None, None));
        assert_eq!(values.names().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(values.groups().map(<[_]>::len).collect::<Vec<_>>(), [1, 3, 1]);
    }
}
