use super::*;

fn all(paths: &[&str]) -> PathGroup {
    let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    PathGroup::all(&paths)
}

/// The operations outside groups, and the groups with their sizes.
fn groups(paths: &[&str]) -> (Vec<usize>, Vec<(String, usize)>) {
    let PathGroup { operations, groups, .. } = all(paths);
    (
        operations,
        groups.iter().map(|group| (group.label.clone(), group.len())).collect(),
    )
}

fn named(groups: &[(&str, usize)]) -> Vec<(String, usize)> {
    groups
        .iter()
        .map(|(label, count)| ((*label).to_owned(), *count))
        .collect()
}

#[test]
fn paths_that_begin_alike_are_a_group() {
    let (alone, together) = groups(&["/status/", "/users/me/", "/users/me/items/", "/", "health"]);
    assert_eq!(alone, [0, 3, 4]);
    assert_eq!(together, named(&[("users/me", 2)]));
}

#[test]
fn groups_skip_what_all_paths_begin_with() {
    let paths = [
        "/drive/v3/about",
        "/drive/v3/files",
        "/drive/v3/files/{fileId}",
        "/drive/v3/changes/watch",
        "/drive/v3/changes",
    ];
    assert_eq!(groups(&paths), (vec![0], named(&[("files", 2), ("changes", 2)])));
    assert_eq!(all(&paths).prefix, "/drive/v3");
    assert_eq!(all(&paths).groups[0].prefix, "/drive/v3/files");
    // A path that is the common beginning itself is in no group.
    assert_eq!(
        groups(&["/api", "/api/", "/api/a/b", "/api/a/c"]),
        (vec![0, 1], named(&[("a", 2)]))
    );
    // All paths may share a parameter.
    let tenants = ["/{tenant}/users", "/{tenant}/users/{id}", "/{tenant}/keys"];
    assert_eq!(groups(&tenants), (vec![2], named(&[("users", 2)])));
}

#[test]
fn a_dot_divides_a_word_and_nothing_else() {
    let slack = [
        "/api.test",
        "/chat.delete",
        "/chat.post",
        "/admin.users.list",
        "/admin.apps.list",
    ];
    assert_eq!(groups(&slack), (vec![0], named(&[("chat", 2), ("admin", 2)])));
    let rpc = [
        "/xrpc/com.x.repo.get",
        "/xrpc/com.x.repo.put",
        "/xrpc/com.x.sync.get",
        "/xrpc/com.x.sync.list",
    ];
    assert_eq!(groups(&rpc), (vec![], named(&[("repo", 2), ("sync", 2)])));
    // Numbers, parameters, arguments and hidden files are not divided.
    let versions = ["/v1.0/a", "/v1.0/b", "/v1.1/a", "/v1.1/b", "/.well-known/x"];
    assert_eq!(groups(&versions), (vec![4], named(&[("v1.0", 2), ("v1.1", 2)])));
    let others = [
        "/{a.b}/x",
        "/{a.c}/x",
        "/get(a='x.y')",
        "/get(a='x.z')",
        "/users.json",
        "/users/{id}.json",
    ];
    assert_eq!(groups(&others), (vec![0, 1, 2, 3], named(&[("users", 2)])));
}

#[test]
fn a_colon_divides_a_word_from_its_verb() {
    let topics = ["/v1/topics", "/v1/topics:clear", "/v1/{name}:publish", "/v1/{name}"];
    assert_eq!(groups(&topics), (vec![], named(&[("topics", 2), ("{name}", 2)])));
    assert_eq!(groups(&["/a/:id", "/a/:other", "/b"]), (vec![2], named(&[("a", 2)])));
}

#[test]
fn a_single_path_has_no_group() {
    assert_eq!(groups(&["/token"]), (vec![0], vec![]));
    assert_eq!(groups(&["/a/b", "/a/b", "/a/b"]), (vec![0, 1, 2], vec![]));
    assert_eq!(groups(&[]), (vec![], vec![]));
    assert_eq!(groups(&["/a/b", "/a/b/"]), (vec![0, 1], vec![]));
}

#[test]
fn the_parts_of_an_only_group_take_its_place() {
    let mut paths = vec!["/health".to_owned()];
    paths.extend((0..40).map(|number| format!("/v1/{}/{number}", ["users", "keys", "logs"][number % 3])));
    let root = PathGroup::all(&paths);
    let labels: Vec<&str> = root.groups.iter().map(|group| &*group.label).collect();
    assert_eq!(
        (root.operations, labels),
        (vec![0], vec!["v1/users", "v1/keys", "v1/logs"])
    );
}

#[test]
fn large_groups_are_divided_and_nothing_is_lost() {
    let paths: Vec<String> = (0..900)
        .map(|number| format!("/v1/{}/{}/x", number % 7, number % 90))
        .collect();
    let root = PathGroup::all(&paths);
    assert_eq!((root.prefix.as_str(), root.groups.len()), ("/v1", 7));
    assert_eq!(root.groups[2].label, "2");
    let mut members = root.members();
    members.sort_unstable();
    assert_eq!(members, (0..900).collect::<Vec<_>>());
}

#[test]
fn any_number_of_segments_is_taken() {
    let deep = "/a".repeat(50_000);
    let paths: Vec<String> = (0..40)
        .map(|number| format!("{deep}/{}", "b/".repeat(number)))
        .collect();
    let root = PathGroup::all(&paths);
    assert_eq!(root.len(), 40);
}
