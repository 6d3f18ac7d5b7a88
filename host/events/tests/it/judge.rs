//! Checks the events and replies of this crate against AWS's own types.

use aws_lambda_events::alb::{AlbTargetGroupRequest, AlbTargetGroupResponse};
use aws_lambda_events::encodings::Body;
use bytes::Bytes;
use funcserver_events::alb::{HeaderMode, ReplyForm, ReplyOptions, encode, event};
use http::{Request, Response};

#[test]
fn events_parse_as_requests() {
    let body = Bytes::from_static(b"\xff\x00\"");
    let request = Request::put("/a%2Fb?k=1&k=2&z=%20")
        .header("host", "shop.example")
        .header("x-r", "one")
        .header("x-r", "two")
        .body(body.clone())
        .unwrap();
    for mode in [HeaderMode::Single, HeaderMode::Multi] {
        let event = event(&request, mode, "arn:x").unwrap();
        let read: AlbTargetGroupRequest = serde_json::from_slice(&event).unwrap();
        assert_eq!(read.http_method, http::Method::PUT);
        assert_eq!(read.path.as_deref(), Some("/a%2Fb"));
        assert_eq!(read.request_context.elb.target_group_arn.as_deref(), Some("arn:x"));
        assert!(read.is_base64_encoded);
        assert_eq!(read.body.as_deref(), Some("/wAi"));
        let (headers, query, others) = match mode {
            HeaderMode::Single => (&read.headers, &read.query_string_parameters, &read.multi_value_headers),
            HeaderMode::Multi => (&read.multi_value_headers, &read.multi_value_query_string_parameters, &read.headers),
        };
        let repeated: &[&str] = if mode == HeaderMode::Multi { &["one", "two"] } else { &["two"] };
        assert_eq!(headers.get_all("x-r").iter().collect::<Vec<_>>(), repeated);
        assert_eq!(headers["host"], "shop.example");
        assert!(others.is_empty());
        assert_eq!(query.all("k").map(|values| values.len()), Some(repeated.len()));
        assert_eq!(query.first("z"), Some("%20"));
    }
}

#[test]
fn replies_parse_as_responses() {
    let response = |content_type: &str, body: &'static [u8]| {
        let response = Response::builder().status(201).header("content-type", content_type);
        response.header("vary", "accept").header("vary", "origin").body(Bytes::from_static(body)).unwrap()
    };
    for mode in [HeaderMode::Single, HeaderMode::Multi] {
        for (content_type, body, expected) in [
            ("text/plain", "é\n".as_bytes(), Body::Text("é\n".into())),
            ("image/png", b"\x89PNG".as_slice(), Body::Text("iVBORw==".into())),
        ] {
            let form = ReplyForm { mode, head: false };
            let reply = encode(&response(content_type, body), form, &ReplyOptions::default()).unwrap();
            let read: AlbTargetGroupResponse = serde_json::from_slice(&reply.json).unwrap();
            assert_eq!(read.status_code, 201);
            assert_eq!(read.status_description.as_deref(), Some("201 Created"));
            assert_eq!(read.is_base64_encoded, content_type == "image/png");
            assert_eq!(read.body, Some(expected));
            let (headers, others) = match mode {
                HeaderMode::Single => (&read.headers, &read.multi_value_headers),
                HeaderMode::Multi => (&read.multi_value_headers, &read.headers),
            };
            let joined: &[&str] = if mode == HeaderMode::Single { &["accept, origin"] } else { &["accept", "origin"] };
            assert_eq!(headers.get_all("vary").iter().collect::<Vec<_>>(), joined);
            assert_eq!(headers["content-type"], content_type);
            assert!(others.is_empty());
        }
    }
}
