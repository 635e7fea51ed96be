//! A decision as a tree, for people.

use std::fmt::Write as _;

use scopegate_policy::ExplanationStep;

use super::names::Spelling;
use crate::output::{Color, one_line, paint};

/// One line for each guard, under the guard that depends on it.
pub(super) fn draw(steps: &[ExplanationStep], spelling: &Spelling) -> String {
    let mut text = String::new();
    // For each guard above, whether a sibling follows it.
    let mut follows: Vec<bool> = Vec::new();
    for (place, step) in steps.iter().enumerate() {
        let behind = steps.iter().skip(place + 1);
        let is_followed = behind
            .take_while(|other| other.depth() >= step.depth())
            .any(|other| other.depth() == step.depth());
        follows.truncate(step.depth());
        for follows in &follows {
            text.push_str(if *follows { "│   " } else { "    " });
        }
        text.push_str(if is_followed { "├── " } else { "└── " });
        follows.push(is_followed);
        let _ = writeln!(text, "{}", line(step, spelling));
    }
    text
}

/// The line of a guard: its requirement. If the request does not meet it, also what the request
/// presents.
fn line(step: &ExplanationStep, spelling: &Spelling) -> String {
    let said = one_line(&step.describe(|fact| spelling.fact(fact)));
    if step.is_satisfied() {
        return paint(Color::Good, &said);
    }
    let present = spelling.facts(step.present());
    let there = if present.is_empty() {
        String::new()
    } else {
        format!(" (there: {})", one_line(&present.join(", ")))
    };
    paint(Color::Bad, &format!("{said}{there}"))
}
