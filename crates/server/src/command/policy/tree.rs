//! A decision as a tree, for people.

use std::fmt::Write as _;

use scopegate_policy::Step;

use crate::output::{Tone, one_line, paint};

/// One line for each guard, under the guard that depends on it.
pub(super) fn draw(steps: &[Step]) -> String {
    let mut text = String::new();
    // For each guard above, whether another one follows beside it.
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
        let _ = writeln!(text, "{}", line(step));
    }
    text
}

/// What it asked for, what was there, what was missing.
fn line(step: &Step) -> String {
    let whole = one_line(&step.to_string());
    let said = whole.strip_prefix("- ").unwrap_or(&whole);
    if step.is_satisfied() {
        return paint(Tone::Good, said);
    }
    let present: Vec<String> = step.present().iter().map(ToString::to_string).collect();
    let there = if present.is_empty() {
        String::new()
    } else {
        format!(" (there: {})", one_line(&present.join(", ")))
    };
    paint(Tone::Bad, &format!("{said}{there}"))
}
