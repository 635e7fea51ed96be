//! `scopegate client check`: the explanation of a redirect URI and of a request.

use serde_json::{Value, json};

use crate::shell::{Run, Shell};

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn shell() -> Shell {
    let shell = Shell::new();
    let line = [
        "client",
        "add",
        "App",
        "--id",
        "app",
        "--public",
        "--grant",
        "authorization_code",
        "--redirect-uri",
        "https://app.example/cb",
        "--redirect-uri",
        "http://127.0.0.1/cb",
        "--scope",
        "me",
    ];
    assert_eq!(shell.run(&line).status, 0);
    shell
}

fn check(shell: &Shell, url: &str) -> Run {
    shell.run(&["client", "check", "app", url])
}

/// The JSON of a check, which also is on standard output if the server refuses.
fn described(shell: &Shell, url: &str, status: i32) -> Value {
    let run = shell.run(&["client", "check", "app", url, "--format", "json"]);
    assert_eq!((run.status, run.stderr.as_str()), (status, ""), "{url}");
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn redirect_uri_is_explained_by_its_first_difference() {
    let shell = shell();
    for accepted in ["https://app.example/cb", "http://127.0.0.1:51004/cb"] {
        let run = check(&shell, accepted);
        let line = format!("client `app` accepts the redirect URI `{accepted}`\n");
        assert_eq!((run.status, run.stdout), (0, line), "{}", run.stderr);
    }
    let run = check(&shell, "https://app.example/cb/");
    assert_eq!(
        (run.status, run.stdout.as_str()),
        (
            1,
            "redirect URI `https://app.example/cb/` is not registered; the nearest one is `https://app.example/cb`: byte 23 is `/`, \
             and the registered URI has ended; send the registered URI, byte for byte, or change the list with `scopegate client set \
             app --redirect-uri URI`\n"
        )
    );
    let refused = described(&shell, "http://127.0.0.1:80/Cb", 1);
    assert_eq!(refused["nearest"], json!("http://127.0.0.1/cb"));
    assert_eq!(
        refused["first_difference"],
        json!({ "byte": 21, "registered": 99, "sent": 67 })
    );
    let bad = check(&shell, "javascript:alert(1)");
    assert_eq!(bad.status, 1);
    assert!(
        bad.stdout
            .starts_with("no client can have `javascript:alert(1)`: redirect URI must be `https`"),
        "{}",
        bad.stdout
    );
    let unknown = shell.run(&["client", "check", "other", "https://app.example/cb"]);
    assert_eq!(unknown.complaint(1), "there is no client `other`");
}

#[test]
fn request_is_checked_as_the_endpoint_checks_it() {
    let shell = shell();
    let good = format!(
        "http://127.0.0.1:8000/authorize?client_id=app&response_type=code&redirect_uri=https%3A%2F%2Fapp.example%2Fcb\
         &code_challenge={CHALLENGE}&code_challenge_method=S256&scope=me+items&state=s"
    );
    let accepted = described(&shell, &good, 0);
    assert_eq!(accepted["scope"], json!("me"), "the client has no more");
    assert_eq!(accepted["redirect_uri"], json!("https://app.example/cb"));
    assert_eq!(accepted["problems"], json!([]));
    assert!(check(&shell, &good).stdout.contains("may send this request"));

    let bad = "http://127.0.0.1:8000/authorize?client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2FCb&response_type=token&scope=items\
               &request_uri=urn:x&max_age=-1&resource=https://other.example";
    let problems = described(&shell, bad, 1);
    let problems = problems["problems"].as_array().unwrap();
    let errors: Vec<_> = problems
        .iter()
        .map(|problem| problem["error"].as_str().unwrap_or("page"))
        .collect();
    assert_eq!(
        errors,
        [
            "page",
            "request_uri_not_supported",
            "unsupported_response_type",
            "invalid_request",
            "invalid_request",
            "invalid_target"
        ]
    );
    assert!(
        problems
            .iter()
            .all(|problem| problem["remedy"].as_str().is_some_and(|text| !text.is_empty()))
    );
    let first = problems[0]["message"].as_str().unwrap();
    assert!(first.contains("byte 21 is `C`, and `c` is registered"), "{first}");
    let text = check(&shell, bad).stdout;
    assert_eq!(text.lines().count(), errors.len(), "{text}");
}

#[test]
fn place_and_client_of_a_request_are_compared() {
    let shell = shell();
    let query = format!(
        "redirect_uri=https://app.example/cb&response_type=code&code_challenge={CHALLENGE}&code_challenge_method=S256&scope=me"
    );
    for (url, start) in [
        (
            format!("https://other.example/authorize?client_id=app&{query}"),
            "the URL begins with `https://other.example/authorize`, and the endpoint of this configuration is \
             `http://127.0.0.1:8000/authorize`",
        ),
        (
            format!("/authorize?client_id=app&{query}#x"),
            "the URL has a fragment, which no browser sends",
        ),
        (
            format!("/authorize?client_id=apq&{query}"),
            "`client_id` is `apq`, and not `app`",
        ),
        (
            format!("/authorize?{query}"),
            "`client_id` is missing; add `client_id=app`",
        ),
    ] {
        let run = check(&shell, &url);
        assert!(
            run.status == 1 && run.stdout.starts_with(start),
            "{url}: {}",
            run.stdout
        );
    }
    let relative = check(&shell, &format!("/authorize?client_id=app&{query}"));
    assert_eq!(relative.status, 0, "{}", relative.stdout);
}
