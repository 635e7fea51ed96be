//! Reads the parts of a Markdown document that these tests check.

/// A text that belongs together: the rows of a table, or the lines of a paragraph.
pub(crate) fn blocks(document: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in prose(document) {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['|', '#', '-', '*']) {
            blocks.push(String::new());
        }
        if let Some(block) = blocks.last_mut() {
            block.push_str(line);
            block.push(' ');
        }
    }
    blocks.retain(|block| !block.trim().is_empty());
    blocks
}

/// The lines outside of code blocks.
fn prose(document: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    document.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// The code blocks, each with its language.
pub(crate) fn code_blocks(document: &str) -> Vec<(&str, &str)> {
    let fenced = document.split("\n```").skip(1).step_by(2);
    fenced.filter_map(|block| block.split_once('\n')).collect()
}

/// The code spans of a text, each between runs of backticks of one length.
pub(crate) fn code_spans(text: &str) -> Vec<&str> {
    let mut spans = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('`') {
        let after = rest.split_at(start).1;
        let content = after.trim_start_matches('`');
        let fence = after.split_at(after.len() - content.len()).0;
        let Some(end) = find_run(content, fence) else {
            rest = content;
            continue;
        };
        let (span, left) = content.split_at(end);
        spans.push(span.trim());
        rest = left.trim_start_matches('`');
    }
    spans
}

/// Where exactly this run of backticks is.
fn find_run(text: &str, run: &str) -> Option<usize> {
    let ends = text.match_indices(run).map(|(place, _)| place);
    ends.into_iter().find(|&place| {
        let (before, after) = text.split_at(place);
        !before.ends_with('`') && !after.split_at(run.len()).1.starts_with('`')
    })
}

/// The targets of the links and pictures of a text.
pub(crate) fn links(text: &str) -> Vec<&str> {
    let mut targets = Vec::new();
    for part in text.split("](").skip(1) {
        targets.extend(part.split([')', ' ']).next());
    }
    for line in text.lines().filter(|line| line.starts_with('[')) {
        if let Some((_, target)) = line.split_once("]: ") {
            targets.push(target.trim());
        }
    }
    targets
}

/// The anchors of the headings of a document, as GitHub forms them.
pub(crate) fn anchors(document: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    for heading in prose(document).filter(|line| line.starts_with('#')) {
        let heading = heading.trim_start_matches('#').trim();
        let anchor: String = heading
            .chars()
            .filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'))
            .map(|letter| if letter == ' ' { '-' } else { letter })
            .collect::<String>()
            .to_lowercase();
        let same = anchors.iter().filter(|other| **other == anchor).count();
        anchors.push(if same == 0 { anchor } else { format!("{anchor}-{same}") });
    }
    anchors
}
