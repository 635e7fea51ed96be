//! The memory of an upload.

use allocation_counter::measure;
use http::Request;
use hyper::service::Service;
use scopegate_benches::Upload;
use scopegate_http::input::{Multipart, MultipartError};
use scopegate_http::{Catalog, Gate, post};

/// The length of the file.
const LENGTH: usize = 1024 * 1024 * 1024;

async fn read(mut form: Multipart) -> Result<String, MultipartError> {
    let mut length = 0;
    while let Some(mut field) = form.field().await? {
        while let Some(part) = field.part().await? {
            length += part.len();
        }
    }
    Ok(length.to_string())
}

async fn skip(mut form: Multipart) -> Result<String, MultipartError> {
    let mut fields = 0;
    while form.field().await?.is_some() {
        fields += 1;
    }
    Ok(fields.to_string())
}

#[test]
fn an_upload_is_not_buffered() {
    let route = || post("/x").public().body_limit(2 * LENGTH);
    for (operation, answer) in [
        (route().then(read), LENGTH.to_string()),
        (route().then(skip), "1".to_owned()),
    ] {
        let builder = Gate::builder(Catalog::builder().build().unwrap());
        let gate = builder.operation(operation).build().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.unwrap();
        let mut answered = String::new();
        let counted = measure(|| {
            answered = runtime.block_on(async {
                let request = Request::post("/x").header("content-type", Upload::MEDIA_TYPE);
                let response = gate
                    .service()
                    .call(request.body(Upload::new(LENGTH, b'\r')).unwrap())
                    .await
                    .unwrap();
                let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap();
                String::from_utf8(body.to_bytes().into()).unwrap()
            });
        });
        assert_eq!(answered, answer);
        println!("{} bytes at most", counted.bytes_max);
        assert!(counted.bytes_max < 1024 * 1024, "{} bytes", counted.bytes_max);
    }
}
