//! The guest's own requests.

use funcserver_engine::{Allow, Guest, Network};
use funcserver_test_guest::Options;
use http::Method;

use crate::bodies::body;
use crate::guest::{get, guest, limits, load, request, response, text};
use crate::server::Server;

/// A guest that may call that server.
fn caller(server: &Server) -> Guest {
    let allow = Allow::parse([server.origin().as_str()]).unwrap();
    load(Options { limits: limits(), network: Network { allow, ..Network::default() }, ..Options::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_is_as_net_http_has_it() {
    let server = Server::start();
    let guest = caller(&server);
    let origin = server.origin();
    assert_eq!(
        text(&guest, get(&format!("/fetch?url={origin}/a"))).await,
        "201 Created 6 [0 1] \"GET /a\" <nil>",
        "both values of the header went out, and both came back"
    );
    let head = text(&guest, get(&format!("/fetch?method=HEAD&url={origin}/a"))).await;
    assert_eq!(head, "201 Created 7 [0 1] \"\" <nil>");
    let trickled = text(&guest, get(&format!("/fetch?url={origin}/trickle"))).await;
    assert_eq!(trickled, "200 OK -1 [] \"first half, second half\" <nil>");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_not_allowed_is_an_error_with_its_code() {
    let told = text(&guest(), get("/fetch?url=http://shop.example/a")).await;
    assert!(told.starts_with("known true late false: ") && told.ends_with("wasi:http: HTTP-request-denied"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_ends_a_request() {
    let server = Server::start();
    let guest = caller(&server);
    let never = format!("/fetch?ms=100&url={}/never", server.origin());
    let told = text(&guest, get(&never)).await;
    assert!(told.starts_with("known false late true: "), "{told}");
    let trickled = text(&guest, get(&format!("/fetch?ms=100&url={}/trickle", server.origin()))).await;
    assert_eq!(trickled, "200 OK -1 [] \"first half, \" context deadline exceeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_go_on_at_once() {
    let server = Server::start();
    let told = text(&caller(&server), get(&format!("/fetch-all?n=10&url={}/slow", server.origin()))).await;
    let (time, answers) = told.split_once(' ').unwrap();
    assert_eq!(answers, ["GET /slow"; 10].join(","));
    assert!(time.parse::<u64>().unwrap() < 1500, "ten of 300 ms took {time} ms");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_megabytes_stream_through_to_a_server_and_back() {
    let server = Server::start();
    let sent = body(10_000_000);
    let response =
        response(&caller(&server), request(Method::POST, &format!("/proxy?url={}/", server.origin()), sent.clone()))
            .await;
    assert!(response.body() == &sent, "{} bytes came back", response.body().len());
}
