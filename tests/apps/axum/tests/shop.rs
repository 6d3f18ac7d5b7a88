//! The app natively.

use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

async fn ask(request: Request<Body>) -> Response<axum::body::Body> {
    shop::app("a key".to_owned(), "Hello".to_owned()).oneshot(request).await.unwrap()
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

async fn posted(path: &str, body: Value) -> Response<Body> {
    let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
    ask(request.body(Body::from(body.to_string())).unwrap()).await
}

#[tokio::test]
async fn pages_come_from_templates() {
    assert!(text(ask(get("/")).await).await.contains("<h1>Shop</h1>"));
    assert!(text(ask(get("/template?name=%3Cb%3E")).await).await.contains("<p>Hello, &lt;b&gt;!</p>"));
}

#[tokio::test]
async fn items_are_checked() {
    let added = posted("/items", json!({ "name": "cup", "price": 4.5 })).await;
    assert_eq!((added.status(), added.headers()[header::LOCATION].to_str()), (StatusCode::CREATED, Ok("/items/1")));
    for wrong in [json!({ "name": "", "price": 1 }), json!({ "name": "cup" }), json!({ "name": "cup", "price": -1 })] {
        assert_eq!(posted("/items/", wrong).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(ask(get("/items/1")).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn layers_compress_and_name_requests() {
    let mut request = get("/large");
    request.headers_mut().insert(header::ACCEPT_ENCODING, "gzip".parse().unwrap());
    let response = ask(request).await;
    assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
    assert!(response.headers().contains_key("x-request-id"));
    assert!(response.into_body().collect().await.unwrap().to_bytes().len() < 10_000);
}

#[tokio::test]
async fn a_failure_shows_nothing_to_the_client() {
    let response = ask(get("/boom")).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!text(response).await.contains("boom"));
}
