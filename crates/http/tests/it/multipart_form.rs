//! Forms with files as structures: what is read, what is refused, and what the document states.
#![expect(dead_code, reason = "fields are only read from requests")]

use http::Request;
use scopegate_http::input::{MultipartForm, UploadedFile};
use scopegate_http::utoipa::{self, ToSchema};
use scopegate_http::{Gate, HandledOperation, Json, post};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::common::{self, Answered, Profile, send};

#[derive(Deserialize, ToSchema)]
struct Upload {
    #[schema(min_length = 2, max_length = 4)]
    title: String,
    #[schema(maximum = 5)]
    stars: Option<i64>,
    #[serde(default)]
    tags: Vec<String>,
    file: UploadedFile,
    #[serde(default)]
    more: Vec<UploadedFile>,
    cover: Option<UploadedFile>,
}

async fn built(operation: HandledOperation) -> Gate {
    common::gate(Profile::Rfc).await.operation(operation).build().unwrap()
}

async fn uploads() -> Gate {
    let describe = |file: &UploadedFile| format!("{} {:?} {:?}", file.name(), file.media_type(), file.content());
    let read = move |MultipartForm(upload): MultipartForm<Upload>| async move {
        let files = [Some(&upload.file), upload.cover.as_ref()]
            .into_iter()
            .flatten()
            .chain(&upload.more);
        let files: Vec<_> = files.map(describe).collect();
        format!(
            "{} {:?} {:?} {}",
            upload.title,
            upload.stars,
            upload.tags,
            files.join(", ")
        )
    };
    built(post("/x").public().body_limit(64 * 1024).then(read)).await
}

fn text(name: &str, value: &str) -> Vec<u8> {
    format!("--X\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes()
}

fn file(name: &str, file_name: &str, value: &[u8]) -> Vec<u8> {
    let head = format!(
        "--X\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\nContent-Type: image/x\r\n\r\n"
    );
    [head.as_bytes(), value, b"\r\n"].concat()
}

async fn sent(gate: &Gate, parts: &[Vec<u8>]) -> Answered {
    let body = [parts.concat(), b"--X--".to_vec()].concat();
    let request = Request::post("/x").header("content-type", "multipart/form-data; boundary=X");
    send(gate, request.body(body).unwrap()).await
}

/// The location and the message of each error.
fn faults(answered: &Answered) -> Vec<(Value, String)> {
    assert_eq!(answered.status, 400, "{}", answered.body);
    let body = answered.json();
    let faults = body["errors"].as_array().unwrap();
    let fault = |fault: &Value| (fault["loc"].clone(), fault["msg"].as_str().unwrap().to_owned());
    faults.iter().map(fault).collect()
}

#[tokio::test]
async fn texts_and_files_are_read_as_declared() {
    let gate = uploads().await;
    let parts = [
        file("more", "b", b"\xFF\0"),
        text("title", "é a"),
        text("tags", "x"),
        file("file", "../a.png", b"0"),
        text("stars", "5"),
        text("tags", "y"),
        file("more", "c", b""),
        // No file was chosen.
        file("cover", "", b""),
        // Nothing reads these.
        text("other", "1"),
        file("others", "d", b"1"),
    ];
    let read = sent(&gate, &parts).await;
    let files = r#"../a.png Some("image/x") b"0", b Some("image/x") b"\xff\0", c Some("image/x") b"""#;
    assert_eq!(read.body, format!(r#"é a Some(5) ["x", "y"] {files}"#));
}

#[tokio::test]
async fn form_that_is_not_as_documented_is_refused() {
    let gate = uploads().await;
    let (title, good) = (text("title", "abc"), file("file", "a", b"1"));
    let required = "Field required";
    let twice = "Value error, the name is there more than once";
    for (parts, wanted) in [
        (
            vec![title.clone(), text("file", "0")],
            vec![("file", "Value error, the field is not a file")],
        ),
        (
            vec![file("title", "a", b"abc"), good.clone()],
            vec![("title", "Value error, the field is a file")],
        ),
        (vec![text("stars", "1")], vec![("title", required), ("file", required)]),
        (vec![title.clone(), file("file", "", b"")], vec![("file", required)]),
        (vec![title.clone(), good.clone(), good.clone()], vec![("file", twice)]),
        (vec![title.clone(), title.clone(), good.clone()], vec![("title", twice)]),
        (
            vec![text("title", "abcde"), text("stars", "6"), good.clone()],
            vec![
                ("title", "String should have at most 4 characters"),
                ("stars", "Input should be less than or equal to 5"),
            ],
        ),
    ] {
        let wanted: Vec<_> = wanted
            .into_iter()
            .map(|(name, message)| (json!(["body", name]), message.to_owned()))
            .collect();
        assert_eq!(faults(&sent(&gate, &parts).await), wanted);
    }
    let mut bytes = text("title", "abc");
    bytes[54] = 0xFF;
    assert_eq!(
        faults(&sent(&gate, &[bytes, good.clone()]).await)[0].0,
        json!(["body", "title"])
    );
    let many = vec![text("tags", ""); 1_001];
    assert!(faults(&sent(&gate, &many).await)[0].1.contains("too many fields"));
    let large = sent(&gate, &[title, file("file", "a", &vec![0; 70_000])]).await;
    assert_eq!(large.status, 413);
    let other = Request::post("/x")
        .header("content-type", "application/json")
        .body("{}")
        .unwrap();
    assert_eq!(send(&gate, other).await.status, 415);
}

#[tokio::test]
async fn form_with_files_is_documented() {
    let gate = uploads().await;
    let document = gate.openapi();
    let body = &document["paths"]["/x"]["post"]["requestBody"];
    assert_eq!(
        body["content"]["multipart/form-data"]["schema"]["$ref"],
        "#/components/schemas/Upload"
    );
    let upload = &document["components"]["schemas"]["Upload"];
    assert_eq!(upload["required"], json!(["title", "file"]));
    assert_eq!(upload["properties"]["title"]["maxLength"], 4);
    let reference = "#/components/schemas/UploadedFile";
    assert_eq!(upload["properties"]["file"]["$ref"], reference);
    assert_eq!(upload["properties"]["more"]["items"]["$ref"], reference);
    let file = &document["components"]["schemas"]["UploadedFile"];
    assert_eq!((&file["type"], &file["format"]), (&json!("string"), &json!("binary")));
    assert_eq!(file["contentMediaType"], "application/octet-stream");
    // Clients read the document, so it has no link to an item of the crate.
    assert_eq!(file["description"], "The content of a file.");
}

#[tokio::test]
async fn file_that_cannot_be_as_documented_is_a_build_error() {
    #[derive(Deserialize, ToSchema)]
    struct Body {
        file: UploadedFile,
    }
    #[derive(Deserialize, ToSchema)]
    struct Typed {
        #[schema(value_type = String, format = Binary, content_media_type = "image/png")]
        file: UploadedFile,
    }
    #[derive(Deserialize, ToSchema)]
    struct Short {
        #[schema(value_type = String, format = Binary, max_length = 10)]
        file: UploadedFile,
    }
    for (operation, reason) in [
        (post("/x").public().then(|_: Json<Body>| async {}), "at `/file`"),
        (
            post("/x").public().then(|_: MultipartForm<Typed>| async {}),
            "constraints of file `file`",
        ),
        (
            post("/x").public().then(|_: MultipartForm<Short>| async {}),
            "constraints of file `file`",
        ),
    ] {
        let builder = common::gate(Profile::Rfc).await.operation(operation);
        let error = builder.build().unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}
