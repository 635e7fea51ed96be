//! The description of an operation for people, and its default name.

/// The description of an operation for people.
#[derive(Clone, Debug, Default)]
pub(crate) struct OperationMetadata {
    pub(crate) name: Option<String>,
    pub(crate) operation_id: Option<String>,
    pub(crate) summary: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) is_deprecated: bool,
    pub(crate) is_hidden: bool,
    pub(crate) check: CheckSettings,
    /// The maximum size of the body in bytes, if it is not that of the gate.
    pub(crate) body_limit: Option<usize>,
    /// The address of more documentation, and its description.
    pub(crate) external_docs: Option<(String, String)>,
}

/// The settings of the check of a resource.
#[derive(Clone, Debug, Default)]
pub(crate) struct CheckSettings {
    /// The name, if it is not that of the function.
    pub(crate) name: Option<String>,
    /// Whether it answers 403.
    pub(crate) is_forbidden: bool,
    /// Whether the route declares two checks, or a check that takes the resource of another.
    pub(crate) is_repeated: bool,
}

/// Returns the name of a function or method; `None` for a closure.
pub(crate) fn function_name<F>() -> Option<&'static str> {
    name_in(std::any::type_name::<F>())
}

fn name_in(path: &str) -> Option<&str> {
    let is_name = |name: &&str| {
        name.chars()
            .all(|character| character.is_alphanumeric() || character == '_')
    };
    without_arguments(path).rsplit("::").next().filter(is_name)
}

/// Returns a path without the generic arguments at its end.
fn without_arguments(path: &str) -> &str {
    let mut depth = 0_usize;
    for (position, character) in path.char_indices().rev() {
        match character {
            '>' => depth += 1,
            '<' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            let end = if character == '<' { position } else { path.len() };
            return path.get(..end).unwrap_or(path);
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::name_in;

    #[test]
    fn functions_and_methods_have_names() {
        assert_eq!(name_in("app::notes::read"), Some("read"));
        assert_eq!(name_in("app::notes::read<app::Note>"), Some("read"));
        assert_eq!(name_in("app::Notes<app::Note>::read"), Some("read"));
        assert_eq!(
            name_in("app::notes::read<core::option::Option<app::Note>>"),
            Some("read")
        );
        assert_eq!(name_in("app::main::{{closure}}"), None);
    }
}
