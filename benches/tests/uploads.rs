//! The memory of an upload.

use std::pin::Pin;
use std::task::{Context, Poll};

use allocation_counter::measure;
use bytes::Bytes;
use http::Request;
use hyper::body::{Body, Frame};
use hyper::service::Service;
use scopegate_http::input::{Multipart, MultipartError};
use scopegate_http::{Catalog, Gate, post};

/// The length of the file.
const LENGTH: usize = 256 * 1024 * 1024;
/// The length of one part of the body, as from a fast network.
const PART: usize = 256 * 1024;

/// A form with one file, whose parts are made while they are read.
struct Upload {
    left: usize,
    begin: Option<Bytes>,
    end: Option<Bytes>,
}

impl Upload {
    fn new() -> Self {
        let begin = "--X\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n";
        Self {
            left: LENGTH,
            begin: Some(begin.into()),
            end: Some("\r\n--X--".into()),
        }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let part = match self.begin.take() {
            Some(begin) => Some(begin),
            None if self.left == 0 => self.end.take(),
            None => {
                self.left -= PART;
                Some(vec![b'\r'; PART].into())
            }
        };
        Poll::Ready(part.map(|part| Ok(Frame::data(part))))
    }
}

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
                let request = Request::post("/x").header("content-type", "multipart/form-data; boundary=X");
                let response = gate.service().call(request.body(Upload::new()).unwrap()).await.unwrap();
                let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap();
                String::from_utf8(body.to_bytes().into()).unwrap()
            });
        });
        assert_eq!(answered, answer);
        println!("{} bytes at most", counted.bytes_max);
        assert!(counted.bytes_max < 1024 * 1024, "{} bytes", counted.bytes_max);
    }
}
