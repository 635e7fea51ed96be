//! Sets of facts, as bits.

use std::cmp::Ordering;
use std::fmt;

use crate::FactId;

const BITS: usize = 64;

/// A set of facts of one fact table.
///
/// Up to 128 facts are stored in the value itself. So the sets of nearly every policy are compared
/// without following a pointer, and copied without an allocation. Larger sets are on the heap.
///
/// ```
/// use scopegate_policy::{FactId, FactSet};
///
/// let user = FactSet::from_iter([FactId::AUTHENTICATED, FactId::USER]);
/// assert!(FactSet::EMPTY.is_subset_of(&user));
/// assert_eq!(user.len(), 2);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FactSet(Words);

// INVARIANT: `Heap` holds more than two words and the last one is not zero, so equal sets are equal
// values. Tested by `equal_sets_are_equal_values` below.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Words {
    Inline([u64; 2]),
    Heap(Box<[u64]>),
}

impl FactSet {
    /// The set without a member.
    pub const EMPTY: Self = Self(Words::Inline([0; 2]));

    pub(crate) fn heap_bytes(&self) -> usize {
        match &self.0 {
            Words::Inline(_) => 0,
            Words::Heap(words) => size_of_val(&**words),
        }
    }

    /// Adds a fact.
    #[inline]
    pub fn insert(&mut self, id: FactId) {
        let (index, bit) = place(id);
        match self.words_mut().get_mut(index) {
            Some(word) => *word |= bit,
            None => self.grow(index, bit),
        }
    }

    #[cold]
    fn grow(&mut self, index: usize, bit: u64) {
        let mut words = self.words().to_vec();
        words.resize(index, 0);
        words.push(bit);
        *self = Self::from_words(words);
    }

    /// Whether the fact is a member.
    #[inline]
    #[must_use]
    pub fn contains(&self, id: FactId) -> bool {
        let (index, bit) = place(id);
        self.word(index) & bit != 0
    }

    /// Whether every member is a member of `other`.
    #[inline]
    #[must_use]
    pub fn is_subset_of(&self, other: &Self) -> bool {
        self.is_covered_by(other, &Self::EMPTY)
    }

    /// Whether every member is a member of one of the two sets. This comparison is the decision.
    #[inline]
    pub(crate) fn is_covered_by(&self, left: &Self, right: &Self) -> bool {
        match (&self.0, &left.0, &right.0) {
            (Words::Inline(own), Words::Inline(left), Words::Inline(right)) => {
                (own[0] & !(left[0] | right[0])) | (own[1] & !(left[1] | right[1])) == 0
            }
            _ => (0..)
                .zip(self.words())
                .all(|(index, word)| word & !(left.word(index) | right.word(index)) == 0),
        }
    }

    /// The members of either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.combine(other, |a, b| a | b)
    }

    /// Removes the members of `other`.
    #[inline]
    pub(crate) fn subtract(&mut self, other: &Self) {
        if let (Words::Inline(own), Words::Inline(other)) = (&mut self.0, &other.0) {
            own[0] &= !other[0];
            own[1] &= !other[1];
        } else {
            *self = self.difference(other);
        }
    }

    /// Adds the members of `other`.
    #[inline]
    pub fn unite(&mut self, other: &Self) {
        if let (Words::Inline(own), Words::Inline(other)) = (&mut self.0, &other.0) {
            own[0] |= other[0];
            own[1] |= other[1];
            return;
        }
        let (own, added) = (self.words_mut(), other.words());
        if own.len() < added.len() {
            *self = self.union(other);
            return;
        }
        for (own, added) in own.iter_mut().zip(added) {
            *own |= added;
        }
    }

    /// The members of both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.combine(other, |a, b| a & b)
    }

    /// The members that are not in `other`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.combine(other, |a, b| a & !b)
    }

    /// Returns the number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        let ones = |word: &u64| usize::try_from(word.count_ones()).unwrap_or_default();
        self.words().iter().map(ones).sum()
    }

    /// The number of words that a comparison reads.
    pub(crate) fn weight(&self) -> usize {
        self.words().len()
    }

    /// Orders the smaller set first. Of two sets of one size, the first is the one with the smaller
    /// number at the first difference.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        self.len().cmp(&other.len()).then_with(|| {
            let words = self.words().iter().zip(other.words());
            let mut differences = words
                .map(|(own, other)| (own, own ^ other))
                .filter(|(_, bits)| *bits != 0);
            match differences.next() {
                None => Ordering::Equal,
                Some((own, bits)) if own & (bits & bits.wrapping_neg()) != 0 => Ordering::Less,
                Some(_) => Ordering::Greater,
            }
        })
    }

    /// Whether there is no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::EMPTY
    }

    /// Returns the members, by ascending number.
    pub fn iter(&self) -> impl Iterator<Item = FactId> + '_ {
        (0_u16..).step_by(BITS).zip(self.words()).flat_map(|(first, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let offset = u16::try_from(rest.trailing_zeros()).ok().filter(|_| rest != 0)?;
                rest &= rest - 1;
                Some(FactId(first + offset))
            })
        })
    }

    fn combine(&self, other: &Self, operate: impl Fn(u64, u64) -> u64) -> Self {
        if let (Words::Inline([a, b]), Words::Inline([c, d])) = (&self.0, &other.0) {
            return Self(Words::Inline([operate(*a, *c), operate(*b, *d)]));
        }
        let longest = self.words().len().max(other.words().len());
        Self::from_words(
            (0..longest)
                .map(|index| operate(self.word(index), other.word(index)))
                .collect(),
        )
    }

    fn from_words(mut words: Vec<u64>) -> Self {
        let used = words.iter().rposition(|word| *word != 0).map_or(0, |last| last + 1);
        words.truncate(used);
        match words[..] {
            [] => Self::EMPTY,
            [a] => Self(Words::Inline([a, 0])),
            [a, b] => Self(Words::Inline([a, b])),
            _ => Self(Words::Heap(words.into_boxed_slice())),
        }
    }

    #[inline]
    fn words(&self) -> &[u64] {
        match &self.0 {
            Words::Inline(words) => words,
            Words::Heap(words) => words,
        }
    }

    #[inline]
    fn words_mut(&mut self) -> &mut [u64] {
        match &mut self.0 {
            Words::Inline(words) => words,
            Words::Heap(words) => words,
        }
    }

    #[inline]
    fn word(&self, index: usize) -> u64 {
        self.words().get(index).copied().unwrap_or(0)
    }
}

#[inline]
fn place(id: FactId) -> (usize, u64) {
    (id.index() / BITS, 1 << (id.index() % BITS))
}

impl Default for FactSet {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl FromIterator<FactId> for FactSet {
    fn from_iter<I: IntoIterator<Item = FactId>>(ids: I) -> Self {
        let mut set = Self::EMPTY;
        for id in ids {
            set.insert(id);
        }
        set
    }
}

impl fmt::Debug for FactSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|id| id.0)).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn bits(ids: &BTreeSet<u16>) -> FactSet {
        ids.iter().copied().map(FactId).collect()
    }

    fn ids() -> impl Strategy<Value = BTreeSet<u16>> {
        let at_the_seams = prop::sample::select(vec![0_u16, 1, 62, 63, 64, 65, 126, 127, 128, 129, 191, 192, 4095]);
        prop::collection::btree_set(prop_oneof![at_the_seams, 0_u16..300], 0..8)
    }

    proptest! {
        #[test]
        fn bits_behave_as_a_set(a in ids(), b in ids(), c in ids()) {
            let (x, y, z) = (bits(&a), bits(&b), bits(&c));
            prop_assert_eq!(x.union(&y), bits(&(&a | &b)));
            prop_assert_eq!(x.intersection(&y), bits(&(&a & &b)));
            prop_assert_eq!(x.difference(&y), bits(&(&a - &b)));
            prop_assert_eq!(x.is_subset_of(&y), a.is_subset(&b));
            prop_assert_eq!(x.is_covered_by(&y, &z), a.is_subset(&(&b | &c)));
            let key = |ids: &BTreeSet<u16>| (ids.len(), ids.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(x.order(&y), key(&a).cmp(&key(&b)));
            prop_assert_eq!(x.iter().map(|id| id.0).collect::<BTreeSet<_>>(), a.clone());
            prop_assert_eq!((x.len(), x.is_empty()), (a.len(), a.is_empty()));
            prop_assert!((0..300).all(|id| x.contains(FactId(id)) == a.contains(&id)));
        }

        #[test]
        fn equal_sets_are_equal_values(a in ids(), b in ids()) {
            let back = bits(&a).union(&bits(&b)).difference(&bits(&(&b - &a)));
            prop_assert_eq!(back, bits(&a));
        }
    }
}
