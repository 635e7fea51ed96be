//! An upload of a file as `multipart/form-data`: next to the crate multer alone.
#![expect(clippy::unwrap_used, reason = "a bench without its fixture is no bench")]

use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::{FutureExt as _, stream};
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Bytes;
use hyper::service::Service as _;
use scopegate_benches::{Limit, Race, Upload};
use scopegate_http::input::{Multipart, MultipartError};
use scopegate_http::site::GateService;
use scopegate_http::{Catalog, Gate, post};

const LENGTH: usize = 16 * 1024 * 1024;

async fn read(mut form: Multipart) -> Result<String, MultipartError> {
    let mut length = 0;
    while let Some(mut field) = form.field().await? {
        while let Some(part) = field.part().await? {
            length += part.len();
        }
    }
    Ok(length.to_string())
}

async fn read_alone(mut upload: Upload) -> usize {
    let parts = stream::poll_fn(move |_| upload.next_part().map(Ok::<Bytes, std::io::Error>).into());
    let mut form = multer::Multipart::new(parts, Upload::BOUNDARY);
    let mut length = 0;
    while let Some(mut field) = form.next_field().await.unwrap() {
        while let Some(part) = field.chunk().await.unwrap() {
            length += part.len();
        }
    }
    length
}

fn ask(service: &GateService, upload: Upload) -> usize {
    let request = Request::post("/files").header("content-type", Upload::MEDIA_TYPE);
    let response = service
        .call(request.body(upload).unwrap())
        .now_or_never()
        .unwrap()
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let body = response.into_body().collect().now_or_never().unwrap().unwrap();
    String::from_utf8(body.to_bytes().into()).unwrap().parse().unwrap()
}

fn uploads(criterion: &mut Criterion) {
    let builder = Gate::builder(Catalog::builder().build().unwrap());
    let route = post("/files").public().body_limit(2 * LENGTH).then(read);
    let service = builder.operation(route).build().unwrap().service();
    // A body has a time limit.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _inside = runtime.enter();
    for (name, filler) in [
        ("an upload of 16 MiB", b'a'),
        ("an upload of 16 MiB of carriage returns", b'\r'),
    ] {
        let alone = || read_alone(Upload::new(LENGTH, filler)).now_or_never().unwrap();
        let ours = || ask(&service, Upload::new(LENGTH, filler));
        assert_eq!((alone(), ours()), (LENGTH, LENGTH));
        Race::new(name)
            .lane("multer alone", alone)
            .lane_within("ours", Limit::Ratio(1.2), ours)
            .run(criterion);
    }
}

criterion_group!(benches, uploads);
criterion_main!(benches);
