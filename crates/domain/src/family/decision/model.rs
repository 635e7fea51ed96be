//! A small exhaustive model of refresh tokens: all sequences of a few steps.
//!
//! A client refreshes, and some answers are lost. A thief copies the token of the client at any
//! moment, or receives an answer in place of the client. The database loses its last one or two
//! changes, at most twice.

use super::tests::family;
use super::*;

/// One step of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The client refreshes and receives the answer.
    Client,
    /// The client refreshes, and the answer is lost.
    LostAnswer,
    /// The client refreshes, and the thief receives the answer.
    Intercepted,
    /// More than the window passes.
    Wait,
    /// The thief copies the token of the client.
    Steal,
    /// The thief refreshes.
    Thief,
    /// The database loses its last change.
    LoseOne,
    /// The database loses its last two changes.
    LoseTwo,
}

const HONEST: [Step; 5] = [Step::LostAnswer, Step::Client, Step::Wait, Step::LoseOne, Step::LoseTwo];

const HOSTILE: [Step; 8] = [
    Step::Client,
    Step::LostAnswer,
    Step::Intercepted,
    Step::Wait,
    Step::Steal,
    Step::Thief,
    Step::LoseOne,
    Step::LoseTwo,
];

/// The columns of the row that change.
#[derive(Clone, Copy)]
struct Columns {
    generation: Generation,
    rotated_at: Timestamp,
    ended: Option<(Timestamp, EndReason)>,
}

/// The state after some steps.
#[derive(Clone)]
struct Run {
    columns: Columns,
    /// The columns before each change, for a database that loses changes.
    earlier: Vec<Columns>,
    now: Timestamp,
    window: Lifetime,
    client: Generation,
    thief: Option<Generation>,
    is_answer_lost: bool,
    repeats_at_once: bool,
    failovers: u8,
    last: Option<Step>,
}

impl Run {
    fn new(row: &Family, window: u32) -> Self {
        Self {
            columns: Columns {
                generation: row.generation,
                rotated_at: row.rotated_at,
                ended: row.ended,
            },
            earlier: Vec::new(),
            now: row.rotated_at,
            window: Lifetime::from_seconds(window),
            client: row.generation,
            thief: None,
            is_answer_lost: false,
            repeats_at_once: false,
            failovers: 0,
            last: None,
        }
    }

    /// Presents a token and changes the row, as a store does. Returns the generation of the answer.
    fn refresh(&mut self, row: &mut Family, generation: Generation) -> Option<Generation> {
        let before = self.columns;
        (row.generation, row.rotated_at, row.ended) = (before.generation, before.rotated_at, before.ended);
        let presented = PresentedRefresh {
            generation,
            secret_digest: row.secret_digest,
            client_id: &row.authorization.client_id,
            key_thumbprint: None,
        };
        let successor = match family_decision(row, &presented, self.now, self.window) {
            FamilyDecision::Rotate(to) | FamilyDecision::Forward(to) => {
                assert!(to > row.generation, "a refresh moves the row forward");
                row.rotate(to, self.now);
                Some(to)
            }
            FamilyDecision::Retry => return Some(row.generation),
            FamilyDecision::Reused => {
                row.end(EndReason::Reused, self.now);
                None
            }
            FamilyDecision::Ended(_) => return None,
            FamilyDecision::Mismatch(_) | FamilyDecision::Unknown => unreachable!("all bindings match"),
        };
        self.earlier.push(before);
        self.columns = Columns {
            generation: row.generation,
            rotated_at: row.rotated_at,
            ended: row.ended,
        };
        successor
    }

    fn wait(&mut self) {
        self.now = self.now + Lifetime::from_seconds(11);
    }

    fn lose(&mut self, changes: usize) {
        self.failovers += 1;
        let kept = self.earlier.len().saturating_sub(changes);
        if let Some(columns) = self.earlier.get(kept) {
            self.columns = *columns;
        }
        self.earlier.truncate(kept);
    }

    /// Whether the step adds a run of its own.
    fn may_take(&self, step: Step) -> bool {
        match step {
            Step::Client | Step::LostAnswer => true,
            Step::Wait => self.last != Some(Step::Wait) && !(self.repeats_at_once && self.is_answer_lost),
            Step::Steal | Step::Intercepted => self.thief.is_none(),
            Step::Thief => self.thief.is_some(),
            Step::LoseOne => self.failovers < 2 && !self.earlier.is_empty(),
            Step::LoseTwo => self.failovers < 2 && self.earlier.len() > 1,
        }
    }

    /// Takes the step. Returns whether no refresh was refused.
    fn take(&mut self, row: &mut Family, step: Step) -> bool {
        self.last = Some(step);
        match step {
            Step::Client => match self.refresh(row, self.client) {
                Some(successor) => (self.client, self.is_answer_lost) = (successor, false),
                None => return false,
            },
            Step::LostAnswer => {
                self.is_answer_lost = true;
                return self.refresh(row, self.client).is_some();
            }
            Step::Intercepted => self.thief = self.refresh(row, self.client),
            Step::Wait => self.wait(),
            Step::Steal => self.thief = Some(self.client),
            Step::Thief => {
                let successor = self.thief.and_then(|stolen| self.refresh(row, stolen));
                self.thief = successor.or(self.thief);
                return successor.is_some();
            }
            Step::LoseOne => self.lose(1),
            Step::LoseTwo => self.lose(2),
        }
        true
    }

    /// Asserts that client and thief do not both continue from here: one refreshes, the other one
    /// later than the window, and then the first one again. The family ends at the latest then.
    fn assert_one_continues(&self, row: &mut Family, steps: &[Step]) {
        let Some(stolen) = self.thief else { return };
        for client_begins in [true, false] {
            let mut run = self.clone();
            let (mut first, mut second) = if client_begins {
                (self.client, stolen)
            } else {
                (stolen, self.client)
            };
            let mut refused = false;
            for turn in 0..3 {
                run.wait();
                let token = if turn == 1 { &mut second } else { &mut first };
                match run.refresh(row, *token) {
                    Some(successor) => *token = successor,
                    None => refused = true,
                }
            }
            assert!(refused, "both continued after {steps:?}");
            assert_eq!(
                run.columns.ended.map(|(_, why)| why),
                Some(EndReason::Reused),
                "{steps:?}"
            );
            assert_eq!(
                (run.refresh(row, first), run.refresh(row, second)),
                (None, None),
                "{steps:?}"
            );
        }
    }
}

/// The assertion after each step of a run.
type Check = dyn Fn(&Run, &mut Family, bool, &[Step]);

/// Runs all sequences of this length and returns their number.
fn explore(run: &Run, row: &mut Family, alphabet: &[Step], left: usize, steps: &mut Vec<Step>, check: &Check) -> u32 {
    if left == 0 {
        return 1;
    }
    let mut runs = 0;
    for step in alphabet.iter().copied().filter(|step| run.may_take(*step)) {
        let mut next = run.clone();
        let is_accepted = next.take(row, step);
        steps.push(step);
        check(&next, row, is_accepted, steps);
        runs += explore(&next, row, alphabet, left - 1, steps, check);
        steps.pop();
    }
    runs
}

/// A client that repeats a lost request within the window never has to log in again. Without a
/// window it must not lose an answer.
#[test]
fn honest_client_never_logs_in_again() {
    let check = |run: &Run, _: &mut Family, is_accepted: bool, steps: &[Step]| {
        assert!(is_accepted && run.columns.ended.is_none(), "new login after {steps:?}");
    };
    let runs = [(10, &HONEST[..]), (0, &HONEST[1..])].map(|(window, alphabet)| {
        let mut row = family();
        let run = Run {
            repeats_at_once: true,
            ..Run::new(&row, window)
        };
        explore(&run, &mut row, alphabet, 10, &mut Vec::new(), &check)
    });
    assert_eq!(runs, [191_316, 8_328]);
}

#[test]
fn client_and_thief_never_both_continue() {
    let check = |run: &Run, row: &mut Family, _: bool, steps: &[Step]| run.assert_one_continues(row, steps);
    let runs = [10, 0].map(|window| {
        let mut row = family();
        explore(&Run::new(&row, window), &mut row, &HOSTILE, 8, &mut Vec::new(), &check)
    });
    assert_eq!(runs, [545_260, 673_667]);
}

/// The known limit: with a window, rotation does not detect a thief who follows each refresh at
/// once.
#[test]
fn thief_who_follows_at_once_needs_the_window() {
    for (window, is_detected) in [(10, false), (0, true)] {
        let mut row = family();
        let mut run = Run::new(&row, window);
        run.take(&mut row, Step::Steal);
        let mut is_refused = false;
        for _ in 0..5 {
            run.wait();
            is_refused |= !run.take(&mut row, Step::Client);
            is_refused |= !run.take(&mut row, Step::Thief);
        }
        assert_eq!(
            (is_refused, run.columns.ended.is_some()),
            (is_detected, is_detected),
            "{window}"
        );
    }
}
