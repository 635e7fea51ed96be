//! Files that the pages load: scripts, style sheets, an icon, licences.
//!
//! The large ones are compressed when the program is built (`build.rs`). A client that does not
//! accept gzip gets the file as it was; it is decompressed once, for the first of them.

use std::io::Read as _;
use std::sync::OnceLock;

use bytes::Bytes;
use flate2::read::GzDecoder;

use super::page::DocsPage;
use crate::content_coding::ContentCoding;
use scopegate_gate::entity_tag;

const POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const PNG: &str = "image/png";
const TEXT: &str = "text/plain; charset=utf-8";

/// A file of the documentation pages.
pub(crate) struct Asset {
    /// The name below `/docs/assets/`.
    name: &'static str,
    content_type: &'static str,
    bytes: Stored,
    /// Tags of the file and of its compressed form, computed at the first request: a start does not
    /// wait for megabytes to be hashed.
    tags: OnceLock<[String; 2]>,
}

enum Stored {
    Plain(&'static [u8]),
    Compressed {
        gzip: &'static [u8],
        plain: OnceLock<Option<Bytes>>,
    },
}

/// The file that the build script has compressed.
macro_rules! compressed {
    ($name:literal, $type:expr) => {
        Asset {
            name: $name,
            content_type: $type,
            bytes: Stored::Compressed {
                gzip: include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".gz")),
                plain: OnceLock::new(),
            },
            tags: OnceLock::new(),
        }
    };
}

/// A file that is too small for compression, or compressed already.
macro_rules! plain {
    ($name:literal, $file:literal, $type:expr) => {
        Asset {
            name: $name,
            content_type: $type,
            bytes: Stored::Plain(include_bytes!(concat!("../../assets/", $file))),
            tags: OnceLock::new(),
        }
    };
}

static ASSETS: [Asset; 9] = [
    plain!("docs.js", "docs.js", SCRIPT),
    plain!("redoc.js", "redoc.js", SCRIPT),
    plain!("redoc.css", "redoc.css", STYLE),
    plain!("oauth2-redirect.js", "oauth2-redirect.js", SCRIPT),
    plain!("favicon-32x32.png", "swagger-ui/favicon-32x32.png", PNG),
    compressed!("swagger-ui.css", STYLE),
    compressed!("swagger-ui-bundle.js", SCRIPT),
    compressed!("redoc.standalone.js", SCRIPT),
    compressed!("LICENSES.txt", TEXT),
];

impl Asset {
    /// The asset of this name.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        ASSETS.iter().find(|asset| asset.name == name)
    }

    /// The file without a coding.
    pub(crate) fn page(&self) -> Option<DocsPage> {
        let body = match &self.bytes {
            Stored::Plain(bytes) => Bytes::from_static(bytes),
            Stored::Compressed { gzip, plain } => plain.get_or_init(|| decompress(gzip)).clone()?,
        };
        Some(self.with_body(body))
    }

    /// Returns the file in this coding, or without a coding if it does not exist in this one.
    pub(crate) fn page_in(&self, coding: ContentCoding) -> Option<(DocsPage, ContentCoding)> {
        match (&self.bytes, coding) {
            (Stored::Compressed { gzip, .. }, ContentCoding::Gzip) => {
                Some((self.with_body(Bytes::from_static(gzip)), ContentCoding::Gzip))
            }
            _ => Some((self.page()?, ContentCoding::Identity)),
        }
    }

    /// Whether the answer depends on `Accept-Encoding`.
    pub(crate) const fn varies(&self) -> bool {
        matches!(self.bytes, Stored::Compressed { .. })
    }

    /// Returns the entity tag of the file in this coding. Each coding has its own ([RFC 9110,
    /// section 8.8.3.3](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3.3)).
    pub(crate) fn tag(&self, coding: ContentCoding) -> &str {
        let [plain, gzip] = self.tags.get_or_init(|| {
            let (Stored::Plain(bytes) | Stored::Compressed { gzip: bytes, .. }) = &self.bytes;
            [
                entity_tag::of(bytes),
                entity_tag::of_coding(bytes, ContentCoding::Gzip.name()),
            ]
        });
        match coding {
            ContentCoding::Gzip => gzip,
            ContentCoding::Identity => plain,
        }
    }

    const fn with_body(&self, body: Bytes) -> DocsPage {
        DocsPage {
            content_type: self.content_type,
            body,
            csp: POLICY,
            cache_control: "public, max-age=3600",
        }
    }
}

fn decompress(gzip: &[u8]) -> Option<Bytes> {
    let mut plain = Vec::new();
    GzDecoder::new(gzip).read_to_end(&mut plain).ok()?;
    Some(plain.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files as they are in the repository.
    const FILES: [(&str, &str, &[u8]); 9] = [
        ("docs.js", SCRIPT, include_bytes!("../../assets/docs.js")),
        ("redoc.js", SCRIPT, include_bytes!("../../assets/redoc.js")),
        ("redoc.css", STYLE, include_bytes!("../../assets/redoc.css")),
        (
            "oauth2-redirect.js",
            SCRIPT,
            include_bytes!("../../assets/oauth2-redirect.js"),
        ),
        (
            "favicon-32x32.png",
            PNG,
            include_bytes!("../../assets/swagger-ui/favicon-32x32.png"),
        ),
        (
            "swagger-ui.css",
            STYLE,
            include_bytes!("../../assets/swagger-ui/swagger-ui.css"),
        ),
        (
            "swagger-ui-bundle.js",
            SCRIPT,
            include_bytes!("../../assets/swagger-ui/swagger-ui-bundle.js"),
        ),
        (
            "redoc.standalone.js",
            SCRIPT,
            include_bytes!("../../assets/redoc/redoc.standalone.js"),
        ),
        (
            "LICENSES.txt",
            TEXT,
            concat!(
                include_str!("../../assets/swagger-ui/NOTICE"),
                include_str!("../../assets/swagger-ui/LICENSE"),
                include_str!("../../assets/redoc/NOTICE"),
                include_str!("../../assets/redoc/LICENSE"),
            )
            .as_bytes(),
        ),
    ];

    #[test]
    fn each_asset_is_the_file_of_the_repository() {
        assert_eq!(FILES.len(), ASSETS.len());
        for (name, content_type, bytes) in FILES {
            let page = Asset::find(name).unwrap().page().unwrap();
            assert_eq!(page.content_type, content_type);
            assert!(page.body == bytes, "{name}");
            assert!(page.headers().contains(&("x-content-type-options", "nosniff")));
        }
    }

    #[test]
    fn a_compressed_asset_has_the_same_contents() {
        for (name, _, bytes) in FILES {
            let asset = Asset::find(name).unwrap();
            let (page, coding) = asset.page_in(ContentCoding::Gzip).unwrap();
            if asset.varies() {
                assert_eq!(coding, ContentCoding::Gzip);
                assert!(decompress(&page.body).unwrap() == bytes, "{name}");
                assert!(page.body.len() * 2 < bytes.len(), "{name}");
                assert_ne!(asset.tag(ContentCoding::Gzip), asset.tag(ContentCoding::Identity));
            } else {
                assert_eq!(coding, ContentCoding::Identity);
                assert!(bytes.len() < 4_096, "{name} is worth a compression");
            }
        }
    }

    #[test]
    fn damaged_bytes_are_not_an_asset() {
        assert_eq!(decompress(b"no gzip"), None);
    }
}
