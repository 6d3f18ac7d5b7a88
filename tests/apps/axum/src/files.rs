use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::multipart::MultipartError;
use axum::extract::{Multipart, Path};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use futures_util::stream;
use include_dir::{Dir, include_dir};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

static STATIC: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/static");

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub async fn upload(mut form: Multipart) -> Result<Json<Value>, MultipartError> {
    let (mut note, mut files) = (String::new(), Vec::new());
    while let Some(field) = form.next_field().await? {
        if field.name() == Some("note") {
            note = field.text().await?;
            continue;
        }
        let name = field.file_name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await?;
        files.push(json!({ "name": name, "size": bytes.len(), "sha256": sha256(&bytes) }));
    }
    Ok(Json(json!({ "note": note, "files": files })))
}

/// A file that the program contains: a component has no folder.
pub async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let Some(file) = STATIC.get_file(&path) else { return StatusCode::NOT_FOUND.into_response() };
    let etag = format!("\"{}\"", &sha256(file.contents())[..16]);
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == etag.as_str()) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response();
    }
    let modified = file.metadata().map(|metadata| httpdate::fmt_http_date(metadata.modified())).unwrap_or_default();
    let kind = if path.ends_with(".css") { "text/css; charset=utf-8" } else { "application/octet-stream" };
    let head = [(header::CONTENT_TYPE, kind.to_owned()), (header::ETAG, etag), (header::LAST_MODIFIED, modified)];
    (head, file.contents()).into_response()
}

pub async fn download() -> impl IntoResponse {
    let head =
        [(header::CONTENT_TYPE, "text/csv"), (header::CONTENT_DISPOSITION, "attachment; filename=\"items.csv\"")];
    (head, "id,name\n1,cup\n")
}

pub async fn stream() -> impl IntoResponse {
    let lines = stream::iter((0..5).map(|number| Ok::<_, Infallible>(format!("line {number}\n"))));
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], Body::from_stream(lines))
}

pub async fn large() -> String {
    "0123456789".repeat(60_000)
}

pub async fn size(body: Bytes) -> Json<Value> {
    Json(json!({ "size": body.len(), "sha256": sha256(&body) }))
}

pub async fn echo(mut headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let octets = HeaderValue::from_static("application/octet-stream");
    ([(header::CONTENT_TYPE, headers.remove(header::CONTENT_TYPE).unwrap_or(octets))], body)
}
