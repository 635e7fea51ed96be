//! The log of the store in memory.

use scopegate_domain::{NewsLane, NewsPosition, Timestamp};

use crate::{NewsEntry, NewsHead, NewsHeads, NewsItem};

/// All lanes.
#[derive(Clone, Default)]
pub(crate) struct NewsLog {
    lanes: [Lane; 16],
}

#[derive(Clone, Default)]
struct Lane {
    /// The kept entries with their places, in their order.
    items: Vec<(i64, NewsItem)>,
    last: i64,
    forgotten: i64,
}

impl NewsLog {
    pub(crate) fn add(&mut self, item: NewsItem) {
        let lane = NewsLane::of(&item.subject());
        if let Some(lane) = self.lanes.get_mut(usize::from(lane.number())) {
            lane.last += 1;
            lane.items.push((lane.last, item));
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.lanes.iter().map(|lane| lane.items.len()).sum()
    }

    pub(crate) fn heads(&self) -> NewsHeads {
        let head = |lane: &Lane| NewsHead {
            first: lane.forgotten + 1,
            last: lane.last,
        };
        NewsHeads::new(NewsLane::all().zip(self.lanes.iter().map(head)))
    }

    pub(crate) fn after(&self, position: NewsPosition, limit: u16) -> Vec<NewsEntry> {
        let Some(lane) = self.lanes.get(usize::from(position.lane().number())) else {
            return Vec::new();
        };
        let after = lane.items.iter().filter(|(place, _)| *place > position.place());
        let entry = |(place, item): &(i64, NewsItem)| NewsEntry {
            position: NewsPosition::new(position.lane(), *place),
            item: item.clone(),
        };
        after.take(limit.into()).map(entry).collect()
    }

    /// Removes the entries that have ended. Returns their number.
    pub(crate) fn forget(&mut self, now: Timestamp) -> u64 {
        let mut count = 0;
        for lane in &mut self.lanes {
            let forgotten = &mut lane.forgotten;
            lane.items.retain(|(place, item)| {
                let has_ended = item.ends_at() <= now;
                if has_ended {
                    *forgotten = (*forgotten).max(*place);
                    count += 1;
                }
                !has_ended
            });
        }
        count
    }
}
