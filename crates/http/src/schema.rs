//! Names in the OpenAPI document.

/// Returns the default `operationId`: the names of function, path and method, with `_` for other
/// characters.
pub(crate) fn operation_id(name: &str, template: &str, method: &str) -> String {
    let word = |character: char| if character.is_alphanumeric() { character } else { '_' };
    let name: String = name.chars().chain(template.chars()).map(word).collect();
    format!("{name}_{}", method.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operation_id_names_function_path_and_method() {
        assert_eq!(
            operation_id("read_users_me", "/users/me/", "GET"),
            "read_users_me_users_me__get"
        );
        assert_eq!(
            operation_id("list", "/users/{id}/x-y", "POST"),
            "list_users__id__x_y_post"
        );
    }
}
