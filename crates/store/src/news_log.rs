//! The log of the store in memory.

use std::collections::VecDeque;

use scopegate_domain::{NewsLane, NewsPosition, Timestamp};

use crate::{NewsEntry, NewsHead, NewsHeads, NewsItem};

/// All lanes.
#[derive(Clone, Default)]
pub(crate) struct NewsLog {
    lanes: [Lane; 16],
}

#[derive(Clone, Default)]
struct Lane {
    /// The kept entries, whose last one has the place `last`.
    items: VecDeque<NewsItem>,
    last: i64,
}

impl Lane {
    fn first(&self) -> i64 {
        self.last.saturating_add(1).saturating_sub(length(&self.items))
    }
}

fn length(items: &VecDeque<NewsItem>) -> i64 {
    i64::try_from(items.len()).unwrap_or(i64::MAX)
}

impl NewsLog {
    pub(crate) fn add(&mut self, item: NewsItem) {
        let lane = NewsLane::of(item.subject());
        if let Some(lane) = self.lanes.get_mut(usize::from(lane.number())) {
            lane.last += 1;
            lane.items.push_back(item);
        }
    }

    pub(crate) fn heads(&self) -> NewsHeads {
        let head = |lane: &Lane| NewsHead {
            first: lane.first(),
            last: lane.last,
        };
        NewsHeads::new(NewsLane::all().zip(self.lanes.iter().map(head)))
    }

    pub(crate) fn after(&self, position: NewsPosition, limit: u16) -> Vec<NewsEntry> {
        let Some(lane) = self.lanes.get(usize::from(position.lane().number())) else {
            return Vec::new();
        };
        let places = (lane.first()..).zip(&lane.items);
        let after = places.filter(|(place, _)| *place > position.place());
        let entry = |(place, item): (i64, &NewsItem)| NewsEntry {
            position: NewsPosition::new(position.lane(), place),
            item: item.clone(),
        };
        after.take(limit.into()).map(entry).collect()
    }

    /// Removes the entries before the first one of each lane that has not ended. Returns their
    /// number.
    pub(crate) fn forget(&mut self, now: Timestamp) -> u64 {
        let mut forgotten = 0;
        for lane in &mut self.lanes {
            while lane.items.pop_front_if(|item| item.ends_at() <= now).is_some() {
                forgotten += 1;
            }
        }
        forgotten
    }
}
