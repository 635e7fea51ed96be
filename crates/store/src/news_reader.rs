//! Reads the log of changes from where the last read ended.

use std::sync::{Mutex, MutexGuard, PoisonError};

use scopegate_domain::{NewsLane, NewsPosition, Revocation};

use crate::{News, NewsEntry, NewsHead, NewsHeads, StoreError};

/// The number of entries that are read at a time.
const PAGE: u16 = 1_000;

/// The places up to which a process has read the log.
///
/// ```
/// use scopegate_domain::{ClientId, Revocation, Revoked, Timestamp};
/// use scopegate_store::{MemoryStore, News, NewsPage, NewsReader};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (store, reader) = (MemoryStore::new(), NewsReader::new());
/// let whose = Revoked::Client(ClientId::parse("demo-app")?);
/// store.revoke(&Revocation::until(whose, Timestamp::from_unix(1_700_000_000))).await?;
///
/// let mut count = 0;
/// for expected in [1, 1] {
///     reader.read(&store, &mut |page| if let NewsPage::Entries(entries) = page { count += entries.len() }).await?;
///     assert_eq!(count, expected);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct NewsReader {
    places: Mutex<Places>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Places {
    lanes: [i64; 16],
    old: i64,
}

/// A part of the log, as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "code that caches must handle a new part")]
pub enum NewsPage {
    /// The next entries of a lane.
    Entries(Vec<NewsEntry>),
    /// Entries may have been missed: all cached users and clients are outdated. The kept entries of
    /// the lane follow.
    Everything,
    /// Revocations of an older version.
    OldRevocations(Vec<Revocation>),
}

/// A place of the log that does not follow the last one. A store that works never has one; a
/// database that was restored from an older copy has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewsGap {
    /// The number of the lane.
    pub lane: u8,
    /// The place after the last one that was read.
    pub expected: i64,
    /// The place that was found.
    pub found: i64,
}

impl NewsReader {
    /// Creates a reader that has read nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads what is new, and passes it on in parts. Returns the gaps that were found; what follows
    /// a gap is passed on as well.
    ///
    /// A part counts as read when `apply` returns: a future that is dropped before reads it again.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the parts that were passed on until then are not read again.
    pub async fn read(
        &self,
        store: &dyn News,
        apply: &mut (dyn FnMut(NewsPage) + Send),
    ) -> Result<Vec<NewsGap>, StoreError> {
        let mut gaps = Vec::new();
        // Before the heads, so that a concurrent read does not make them look old.
        let places = self.places().lanes;
        let heads = store.heads().await?;
        for (lane, place) in NewsLane::all().zip(places) {
            if place != heads.of(lane).last {
                gaps.extend(self.read_lane(store, lane, place, heads.of(lane), apply).await?);
            }
        }
        self.read_old(store, apply).await?;
        Ok(gaps)
    }

    /// Returns the places up to which it has read each lane.
    #[must_use]
    pub fn heads(&self) -> NewsHeads {
        let head = |last| NewsHead { first: 1, last };
        NewsHeads::new(NewsLane::all().zip(self.places().lanes.map(head)))
    }

    async fn read_lane(
        &self,
        store: &dyn News,
        lane: NewsLane,
        mut place: i64,
        mut head: NewsHead,
        apply: &mut (dyn FnMut(NewsPage) + Send),
    ) -> Result<Option<NewsGap>, StoreError> {
        let mut gap = None;
        let next = place.saturating_add(1);
        // A place that was read is missing: the database is an older copy.
        if head.last.saturating_add(1) < next {
            gap = Some(gap_at(lane, next, head.last));
        }
        if gap.is_some() || next < head.first {
            apply(NewsPage::Everything);
            place = 0;
            self.set_place(lane, place);
        }
        while place < head.last {
            let expected = place.saturating_add(1);
            let page = store.news_after(NewsPosition::new(lane, place), PAGE).await?;
            let last = page.last().map_or(head.last, |entry| entry.position.place());
            let Some(found) = first_gap(&page, lane, expected, head) else {
                place = last;
                self.pass_on(lane, page, last, apply);
                continue;
            };
            let first = store.heads().await?.of(lane).first;
            if found.expected < first && head.first < first {
                // The entry was forgotten meanwhile.
                head.first = first;
            } else if gap.is_none() {
                gap = Some(found);
            } else {
                // The lane was read again, and has this gap still.
                place = last;
                self.pass_on(lane, page, last, apply);
                continue;
            }
            apply(NewsPage::Everything);
            place = 0;
            self.set_place(lane, place);
        }
        Ok(gap)
    }

    fn pass_on(&self, lane: NewsLane, page: Vec<NewsEntry>, last: i64, apply: &mut (dyn FnMut(NewsPage) + Send)) {
        if !page.is_empty() {
            apply(NewsPage::Entries(page));
        }
        // After the entries were applied: a future that is dropped in between reads them again.
        self.set_place(lane, last);
    }

    async fn read_old(&self, store: &dyn News, apply: &mut (dyn FnMut(NewsPage) + Send)) -> Result<(), StoreError> {
        loop {
            let after = self.places().old;
            let page = store.old_revocations(after, PAGE).await?;
            let Some((last, _)) = page.last() else {
                return Ok(());
            };
            let last = *last;
            apply(NewsPage::OldRevocations(page.into_iter().map(|(_, one)| one).collect()));
            self.places().old = last;
        }
    }

    fn set_place(&self, lane: NewsLane, place: i64) {
        if let Some(known) = self.places().lanes.get_mut(usize::from(lane.number())) {
            *known = place;
        }
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the first place that does not follow the one before, also if the page ends too early. A
/// place before the first one of the head may be missing, because its entry was forgotten.
fn first_gap(page: &[NewsEntry], lane: NewsLane, mut expected: i64, head: NewsHead) -> Option<NewsGap> {
    for entry in page {
        let found = entry.position.place();
        if found != expected && found > head.first {
            return Some(gap_at(lane, expected.max(head.first), found));
        }
        expected = found.saturating_add(1);
    }
    let (missing, end) = (expected.max(head.first), head.last.saturating_add(1));
    (page.is_empty() && missing < end).then(|| gap_at(lane, missing, end))
}

const fn gap_at(lane: NewsLane, expected: i64, found: i64) -> NewsGap {
    NewsGap {
        lane: lane.number(),
        expected,
        found,
    }
}
