//! Branch and bound: the fewest choices that satisfy every need.

use scopegate_policy::{FactId, FactSet, ServerScope};

/// The maximum number of sets of one size in the result.
const MOST_SETS: usize = 4_096;

/// A scope of a token with all facts that it provides.
pub(super) struct Choice {
    pub(super) scope: ServerScope,
    pub(super) provided: FactSet,
}

/// The requirement of one operation beyond the assumptions: one of these lists, each with the
/// generators of a set and the set itself.
pub(super) type Need = Vec<FactSet>;

/// The result of a search. A set is a list of indexes of choices.
pub(super) enum Outcome {
    /// All minimal sets, except those that contain strictly more than another one.
    All(Vec<Vec<usize>>),
    /// The budget is exhausted: the result is one set from which nothing can be removed.
    Greedy(Vec<usize>),
}

/// Searches for the smallest sets of choices that satisfy every need. Each need must be
/// satisfiable.
pub(super) struct Search<'p> {
    choices: &'p [Choice],
    needs: &'p [Need],
    /// For each fact, the choices that provide it.
    bringing: Vec<Vec<usize>>,
    nodes: usize,
    found: Vec<Vec<usize>>,
}

/// The budget was spent.
struct Spent;

/// The choices on the path to a node of the search, taken or rejected.
struct Node {
    chosen: Vec<usize>,
    reached: FactSet,
    /// The choices that were tried before on this level or above: sets with them are already
    /// checked.
    tried: Vec<bool>,
}

impl<'p> Search<'p> {
    pub(super) fn new(choices: &'p [Choice], needs: &'p [Need]) -> Self {
        let mut bringing: Vec<Vec<usize>> = Vec::new();
        for (place, choice) in choices.iter().enumerate() {
            for fact in choice.provided.iter() {
                if bringing.len() <= fact.index() {
                    bringing.resize(fact.index() + 1, Vec::new());
                }
                if let Some(places) = bringing.get_mut(fact.index()) {
                    places.push(place);
                }
            }
        }
        Self {
            choices,
            needs,
            bringing,
            nodes: 0,
            found: Vec::new(),
        }
    }

    /// Tries one size after the other. If no need is left, some choice must still be made, because
    /// the caller calls this only if the empty set does not suffice.
    pub(super) fn run(mut self, budget: usize) -> Outcome {
        for size in 1..=self.choices.len() {
            let mut node = Node {
                chosen: Vec::new(),
                reached: FactSet::EMPTY,
                tried: vec![false; self.choices.len()],
            };
            if self.visit(&mut node, size, budget).is_err() {
                return Outcome::Greedy(self.greedy());
            }
            if !self.found.is_empty() {
                return Outcome::All(self.least_powerful());
            }
        }
        Outcome::Greedy(self.greedy())
    }

    /// The recursion is as deep as the size of a set.
    fn visit(&mut self, node: &mut Node, size: usize, budget: usize) -> Result<(), Spent> {
        self.nodes += 1;
        if self.nodes > budget || self.found.len() > MOST_SETS {
            return Err(Spent);
        }
        let Some(branches) = self.branches(node, size) else {
            return Ok(());
        };
        if branches.is_empty() {
            self.found.push(node.chosen.clone());
            return Ok(());
        }
        let mut marked = Vec::new();
        for place in branches {
            let Some(choice) = self.choices.get(place) else {
                continue;
            };
            let before = node.reached.clone();
            node.reached.unite(&choice.provided);
            node.chosen.push(place);
            let outcome = self.visit(node, size, budget);
            node.chosen.pop();
            node.reached = before;
            outcome?;
            mark(&mut node.tried, place, true);
            marked.push(place);
        }
        for place in marked {
            mark(&mut node.tried, place, false);
        }
        Ok(())
    }

    /// Returns choices such that every sufficient set below this node contains one of them. Empty
    /// if no need is left. `None` if no set of this size is below.
    fn branches(&self, node: &Node, size: usize) -> Option<Vec<usize>> {
        let room = size.checked_sub(node.chosen.len())?;
        let mut lists = Vec::new();
        for need in self.needs {
            if !is_satisfied(need, &node.reached) {
                let list = self.helping(need, node);
                if list.is_empty() {
                    return None;
                }
                lists.push(list);
            }
        }
        if lists.is_empty() && node.chosen.is_empty() {
            return Some((0..self.choices.len()).collect());
        }
        lists.sort_by_key(Vec::len);
        let mut taken = vec![false; self.choices.len()];
        let mut apart = 0;
        for list in &lists {
            if list.iter().all(|place| taken.get(*place) == Some(&false)) {
                for place in list {
                    mark(&mut taken, *place, true);
                }
                apart += 1;
            }
        }
        if apart > room {
            return None;
        }
        Some(lists.into_iter().next().unwrap_or_default())
    }

    /// Returns choices one of which is needed to satisfy the need: for each alternative, the
    /// choices that provide its rarest fact.
    fn helping(&self, need: &Need, node: &Node) -> Vec<usize> {
        let mut all = Vec::new();
        for alternative in need {
            let missing = alternative.difference(&node.reached);
            let lists = missing.iter().map(|fact| self.untried(fact, node));
            all.extend(lists.min_by_key(Vec::len).unwrap_or_default());
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    fn untried(&self, fact: FactId, node: &Node) -> Vec<usize> {
        let bringing = self.bringing.get(fact.index()).into_iter().flatten().copied();
        bringing
            .filter(|place| node.tried.get(*place) == Some(&false))
            .collect()
    }

    fn reached(&self, set: &[usize]) -> FactSet {
        let mut reached = FactSet::EMPTY;
        for choice in set.iter().filter_map(|place| self.choices.get(*place)) {
            reached.unite(&choice.provided);
        }
        reached
    }

    /// Removes the sets that provide strictly more than another one.
    fn least_powerful(&self) -> Vec<Vec<usize>> {
        let sets = self.found.iter().map(|set| (set, self.reached(set)));
        let sets: Vec<(&Vec<usize>, FactSet)> = sets.collect();
        let is_least = |reached: &FactSet| {
            let mut others = sets.iter().map(|(_, other)| other);
            !others.any(|other| other.is_subset_of(reached) && other != reached)
        };
        let least = sets.iter().filter(|(_, reached)| is_least(reached));
        least.map(|(set, _)| (*set).clone()).collect()
    }

    /// Satisfies one need after the other by the cheapest alternative, then removes unneeded
    /// choices.
    fn greedy(&self) -> Vec<usize> {
        let mut chosen: Vec<usize> = Vec::new();
        let mut reached = FactSet::EMPTY;
        while let Some(need) = self.needs.iter().find(|need| !is_satisfied(need, &reached)) {
            let ways = need.iter().map(|alternative| self.way_to(alternative, &reached));
            let Some(way) = ways.min_by_key(|way| self.price(way, &reached)) else {
                break;
            };
            reached.unite(&self.reached(&way));
            chosen.extend(way);
        }
        if chosen.is_empty() {
            chosen.extend((!self.choices.is_empty()).then_some(0));
        }
        for place in chosen.clone() {
            let fewer: Vec<usize> = chosen.iter().copied().filter(|other| *other != place).collect();
            let reached = self.reached(&fewer);
            if !fewer.is_empty() && self.needs.iter().all(|need| is_satisfied(need, &reached)) {
                chosen = fewer;
            }
        }
        chosen
    }

    /// Returns for each missing fact the weakest choice that provides it.
    fn way_to(&self, alternative: &FactSet, reached: &FactSet) -> Vec<usize> {
        let mut way = Vec::new();
        let mut reached = reached.clone();
        // In reverse order: scopes are numbered after their schemes, and provide them, too.
        let mut missing: Vec<FactId> = alternative.iter().collect();
        missing.reverse();
        for fact in missing {
            let bringing = self.bringing.get(fact.index()).into_iter().flatten();
            let size = |place: &&usize| {
                self.choices
                    .get(**place)
                    .map_or(usize::MAX, |choice| choice.provided.len())
            };
            if let Some(place) = bringing.min_by_key(size).filter(|_| !reached.contains(fact)) {
                reached.unite(&self.reached(&[*place]));
                way.push(*place);
            }
        }
        way
    }

    /// The order: fewest remaining needs, then fewest choices.
    fn price(&self, way: &[usize], reached: &FactSet) -> (usize, usize) {
        let after = reached.union(&self.reached(way));
        let left = self.needs.iter().filter(|need| !is_satisfied(need, &after)).count();
        (left + way.len(), way.len())
    }
}

fn is_satisfied(need: &Need, reached: &FactSet) -> bool {
    need.iter().any(|alternative| alternative.is_subset_of(reached))
}

fn mark(places: &mut [bool], place: usize, is_marked: bool) {
    if let Some(mark) = places.get_mut(place) {
        *mark = is_marked;
    }
}
