//! The prose of a file: Markdown, comments, names of items and messages.

/// A text that belongs together, with the numbers of its lines.
#[derive(Default)]
pub(crate) struct Text {
    pub(crate) lines: Vec<(usize, String)>,
    /// Whether its sentences are measured: not those of a name or a message.
    pub(crate) has_sentences: bool,
}

/// The texts of a file, and the numbers of the comment lines that are too wide.
#[derive(Default)]
pub(crate) struct Texts {
    pub(crate) texts: Vec<Text>,
    pub(crate) wide: Vec<usize>,
}

/// The most columns of a comment line.
const COLUMNS: usize = 100;

/// What begins an item with a name.
const ITEMS: [&str; 8] = ["const", "enum", "fn", "mod", "static", "struct", "trait", "type"];

/// A line with this mark is not checked. The mark states its reason.
const ALLOW: &str = "prose: allow";

impl Texts {
    /// Reads a file. The ending of its path decides what is prose in it.
    pub(crate) fn of(path: &str, content: &str) -> Self {
        let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
        let mut texts = Self::default();
        let mut text = Text::default();
        let mut is_code = false;
        for (index, line) in content.lines().enumerate() {
            let number = index + 1;
            let prose = match ending {
                "md" => Some(line),
                "rs" => comment(line, "//").map(|comment| comment.trim_start_matches(['/', '!'])),
                "sql" => comment(line, "--"),
                _ => comment(line, "#").filter(|comment| !comment.starts_with(['!', '['])),
            };
            let Some(prose) = prose else {
                texts.end(&mut text);
                is_code = false;
                if ending == "rs" && !line.contains(ALLOW) {
                    texts.add_names(number, line);
                    if path.contains("/src/") {
                        texts.add_messages(number, line);
                    }
                }
                continue;
            };
            let is_fence = prose.trim_start().starts_with("```");
            is_code ^= is_fence;
            let is_indented = ending != "md" && prose.starts_with("     ");
            if is_fence || is_code || is_indented || line.contains(ALLOW) {
                texts.end(&mut text);
                continue;
            }
            if ending != "md" && line.chars().count() > COLUMNS && !line.contains("http") && !line.contains('|') {
                texts.wide.push(number);
            }
            if prose.trim().is_empty() || begins_block(prose.trim_start()) {
                texts.end(&mut text);
            }
            text.has_sentences = true;
            text.lines.push((number, prose.to_owned()));
        }
        texts.end(&mut text);
        texts
    }

    fn end(&mut self, text: &mut Text) {
        if !text.lines.is_empty() {
            self.texts.push(std::mem::take(text));
        }
    }

    /// Adds the names of items, split into words.
    fn add_names(&mut self, number: usize, line: &str) {
        let code = line.split("//").next().unwrap_or_default();
        let mut previous = "";
        for word in code
            .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
            .filter(|word| !word.is_empty())
        {
            if ITEMS.contains(&previous) {
                let mut words = String::new();
                for letter in word.chars() {
                    if letter == '_' || letter.is_uppercase() && words.ends_with(char::is_lowercase) {
                        words.push(' ');
                    }
                    words.extend(Some(letter).filter(|letter| *letter != '_'));
                }
                self.add(number, words.to_lowercase());
            }
            previous = word;
        }
    }

    /// Adds the literals of a line that have three words or more: log lines, errors and help texts.
    fn add_messages(&mut self, number: usize, line: &str) {
        for literal in line.replace("\\\"", "'").split('"').skip(1).step_by(2) {
            if literal.matches(' ').count() > 1 {
                self.add(number, literal.to_owned());
            }
        }
    }

    fn add(&mut self, number: usize, line: String) {
        self.texts.push(Text {
            lines: vec![(number, line)],
            has_sentences: false,
        });
    }
}

/// The content of a line that is a comment alone.
fn comment<'l>(line: &'l str, mark: &str) -> Option<&'l str> {
    line.trim_start().strip_prefix(mark)
}

/// Whether a line begins a list item, a heading, a quote or a row of a table.
fn begins_block(line: &str) -> bool {
    let after_number = line.trim_start_matches(|letter: char| letter.is_ascii_digit());
    line.starts_with(['-', '*', '#', '>', '|']) || after_number.len() < line.len() && after_number.starts_with('.')
}
