//! The words of a prose text, with their lines and the punctuation between them.

/// A word.
pub(crate) struct Token {
    /// In lower case. A code span is one word, a backtick.
    pub(crate) word: String,
    pub(crate) line: usize,
    /// The punctuation before the word.
    pub(crate) before: Option<char>,
    /// Whether a sentence that is not a question begins here with a capital.
    pub(crate) begins_statement: bool,
}

/// The words of lines, each given with its number.
pub(crate) fn tokens<'l>(lines: impl Iterator<Item = (usize, &'l str)>) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut before = Some('.');
    for (number, line) in lines {
        let mut word = String::new();
        if line.starts_with('#') {
            before = Some('#');
        }
        for letter in plain(line).chars().chain([' ']) {
            if letter.is_alphanumeric() || letter == '`' || letter == '\'' {
                word.push(letter);
                continue;
            }
            if !word.is_empty() {
                tokens.push(Token {
                    begins_statement: word.starts_with(char::is_uppercase) && matches!(before, Some('.' | ':' | ';')),
                    word: std::mem::take(&mut word).to_lowercase(),
                    line: number,
                    before: before.take(),
                });
            }
            if matches!(
                letter,
                '.' | ',' | ';' | ':' | '?' | '!' | '(' | ')' | '|' | '{' | '}' | '[' | ']' | '='
            ) {
                before = Some(letter);
            }
            if letter == '?' {
                end_question(&mut tokens);
            }
        }
    }
    tokens
}

/// Marks the sentence that ends with the last token as a question.
fn end_question(tokens: &mut [Token]) {
    for token in tokens.iter_mut().rev() {
        token.begins_statement = false;
        if matches!(token.before, Some('.' | ':' | ';' | '!' | '?')) {
            break;
        }
    }
}

/// A line without addresses and the content of code spans.
pub(crate) fn plain(line: &str) -> String {
    let mut text = String::new();
    for (index, part) in line.split('`').enumerate() {
        text.push_str(if index % 2 == 0 { part } else { "`" });
    }
    let mut plain = String::new();
    let mut rest = text.as_str();
    while let Some(start) = ["](", "http://", "https://"]
        .iter()
        .filter_map(|start| rest.find(start))
        .min()
    {
        let (before, address) = rest.split_at(start);
        plain.push_str(before);
        plain.push(']');
        let is_link = address.starts_with("](");
        let address = address.trim_start_matches("](");
        let end = address
            .find(|letter| letter == ')' || !is_link && matches!(letter, ' ' | '>'))
            .unwrap_or(address.len());
        rest = address.split_at(end).1.trim_start_matches([')', '>']);
    }
    plain.push_str(rest);
    plain
}

/// The numbers of words of the sentences of a text, the longest of each block of text.
pub(crate) fn longest_sentence(text: &str) -> usize {
    let text = plain(text);
    let cells = text.split('|');
    cells
        .flat_map(sentences)
        .map(|sentence| words(&sentence))
        .max()
        .unwrap_or_default()
}

fn words(sentence: &str) -> usize {
    let is_word = |word: &&str| word.contains(|letter: char| letter.is_alphanumeric() || letter == '`');
    sentence.split_whitespace().filter(is_word).count()
}

/// Splits after a full stop, a question mark or an exclamation mark, if a capital, a digit, a quote
/// or code follows.
fn sentences(text: &str) -> Vec<String> {
    let mut sentences = vec![String::new()];
    let mut ends = false;
    for word in text.split_whitespace() {
        let begins = word
            .starts_with(|letter: char| letter.is_uppercase() || letter.is_ascii_digit() || "`*\"([".contains(letter));
        if ends && begins {
            sentences.push(String::new());
        }
        let sentence = sentences.last_mut().expect("one sentence");
        sentence.push_str(word);
        sentence.push(' ');
        ends = word.trim_end_matches(['"', '\'', ')', '*']).ends_with(['.', '?', '!']);
    }
    sentences
}
