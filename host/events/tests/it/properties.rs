//! Properties of all requests and responses. `PROPTEST_CASES=10000` tries more of them.

use bytes::Bytes;
use funcserver_events::alb::{HeaderMode, LIMITS, ReplyForm, ReplyOptions, encode, event, normal_form, read_reply};
use funcserver_events::{Event, Form, FrontLimits, FrontOptions, decode};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const ARN: &str = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/shop/0a1b2c3d4e5f6071";

proptest! {
    #[test]
    fn a_request_comes_back_in_normal_form(request in request(), mode in mode()) {
        let sent = event(&request, mode, ARN).expect("a path and UTF-8");
        let Ok(Event::Http(incoming)) = decode(&sent.into(), &FrontOptions::default()) else { panic!("no request") };
        let Form::Alb(form) = incoming.form else { panic!("not a load balancer's") };
        let normal = normal_form(mode, request);
        prop_assert_eq!(incoming.request.method(), normal.method());
        prop_assert_eq!(incoming.request.uri().to_string(), normal.uri().to_string());
        prop_assert_eq!(incoming.request.headers(), normal.headers());
        prop_assert_eq!(incoming.request.body(), normal.body());
        prop_assert_eq!(form.mode, if normal.headers().is_empty() { form.mode } else { mode });
        prop_assert_eq!(form.head, normal.method() == Method::HEAD);
        prop_assert_eq!(incoming.target_group_arn.as_deref(), Some(ARN));
    }

    #[test]
    fn the_normal_form_of_a_normal_form_is_itself(request in request(), mode in mode()) {
        let once = normal_form(mode, request);
        let twice = normal_form(mode, once.clone());
        prop_assert_eq!(twice.uri().to_string(), once.uri().to_string());
        prop_assert_eq!(twice.body(), once.body());
        let mut headers = once.headers().clone();
        if !headers.contains_key(header::HOST) {
            headers.insert(header::HOST, HeaderValue::from_static("localhost"));
        }
        prop_assert_eq!(twice.headers(), &headers);
    }

    #[test]
    fn a_response_comes_back_as_the_client_sees_it(response in response(), mode in mode(), head: bool) {
        let form = ReplyForm { mode, head };
        let reply = encode(&response, form, &ReplyOptions::default()).expect("a response that can be sent");
        let seen = read_reply(&reply.json, form).expect("a valid reply");
        prop_assert_eq!(seen.status(), response.status());
        prop_assert_eq!(seen.headers(), &client_headers(&response, form));
        let bodiless = head || matches!(response.status().as_u16(), 204 | 304);
        prop_assert_eq!(seen.body(), if bodiless { &Bytes::new() } else { response.body() });
        let cookies = response.headers().get_all(header::SET_COOKIE).iter().count();
        prop_assert_eq!(reply.cookie_variants, mode == HeaderMode::Single && cookies > 1);
    }

    #[test]
    fn an_error_states_the_size_of_a_reply_that_is_too_large(response in response(), mode in mode()) {
        let form = ReplyForm { mode, head: false };
        let size = encode(&response, form, &ReplyOptions::default()).expect("a reply").json.len();
        let options = |reply| ReplyOptions { limits: FrontLimits { reply, ..LIMITS }, ..ReplyOptions::default() };
        let within = |reply| encode(&response, form, &options(reply));
        prop_assert!(within(size).is_ok());
        let expected = format!("the reply has {size} bytes of JSON, the load balancer accepts {}", size - 1);
        prop_assert_eq!(within(size - 1).expect_err("one byte less").to_string(), expected);
    }

    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..200), hops in 0_usize..3, mode in mode(), head: bool) {
        let _ = decode(&Bytes::copy_from_slice(&bytes), &trusting(hops));
        let _ = read_reply(&bytes, ReplyForm { mode, head });
    }

    #[test]
    fn no_json_panics(json in json(), hops in 0_usize..3, mode in mode(), head: bool) {
        let _ = decode(&json.clone().into(), &trusting(hops));
        let _ = read_reply(json.as_bytes(), ReplyForm { mode, head });
    }
}

fn trusting(trusted_hops: usize) -> FrontOptions {
    FrontOptions { trusted_hops, ..FrontOptions::default() }
}

/// The headers that a load balancer sends for this response.
fn client_headers(response: &Response<Bytes>, form: ReplyForm) -> HeaderMap {
    const SINGLE: [&str; 3] = ["content-type", "location", "date"];
    const ENDS: [&str; 5] = ["connection", "te", "upgrade", "keep-alive", "transfer-encoding"];
    let sent = response.headers();
    let named: Vec<_> =
        sent.get_all("connection").iter().flat_map(|list| list.to_str().unwrap_or("").split(',')).collect();
    let mut seen = HeaderMap::new();
    for name in sent.keys() {
        let is_length = name == header::CONTENT_LENGTH && !(form.head || response.status() == 304)
            || name == header::CONTENT_LENGTH && response.status() == 204;
        if ENDS.contains(&name.as_str()) || named.iter().any(|named| named.trim() == name) || is_length {
            continue;
        }
        let values = sent.get_all(name).iter().map(utf8);
        if form.mode == HeaderMode::Multi || name == header::SET_COOKIE {
            seen.extend(values.map(|value| (name.clone(), HeaderValue::from_bytes(value.as_bytes()).unwrap())));
        } else if SINGLE.contains(&name.as_str()) {
            let first = utf8(&sent[name]);
            seen.append(name.clone(), HeaderValue::from_bytes(first.as_bytes()).unwrap());
        } else {
            let joined = values.collect::<Vec<_>>().join(", ");
            seen.append(name.clone(), HeaderValue::from_bytes(joined.as_bytes()).unwrap());
        }
    }
    seen
}

fn utf8(value: &HeaderValue) -> String {
    let latin_1 = || value.as_bytes().iter().map(|&byte| char::from(byte)).collect();
    String::from_utf8(value.as_bytes().to_vec()).unwrap_or_else(|_| latin_1())
}

fn mode() -> impl Strategy<Value = HeaderMode> {
    select(&[HeaderMode::Single, HeaderMode::Multi])
}

pub(crate) fn request() -> impl Strategy<Value = Request<Bytes>> {
    let method = prop_oneof![
        select(&["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]).prop_map(str::to_owned),
        "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,9}",
    ];
    (method, uri(), vec(request_header(), 0..12), body()).prop_map(|(method, uri, headers, body)| {
        let mut request = Request::new(body);
        *request.method_mut() = method.parse().unwrap();
        *request.uri_mut() = uri;
        request.headers_mut().extend(headers);
        request
    })
}

/// Targets in origin and absolute form, with every character that a URI of the `http` crate may have.
fn uri() -> impl Strategy<Value = Uri> {
    const PATH: &str = r#"(/[!"$-;=@-_a-z{|}~%/.é☃🎉]{0,12}){1,4}"#;
    const QUERY: &str = r#"[&]{0,2}(([abc]|[!$%'-;=?@-~é☃]{0,6})(=([xyz]|[!$%'-~é☃]{0,6}))?&{0,2}){0,6}"#;
    let authority = prop::option::of(select(&["shop.example", "shop.example:81", "user:pw@shop.example", "[::1]:80"]));
    (authority, PATH, prop::option::of(QUERY)).prop_map(|(authority, path, query)| {
        let query = query
            .map(|query| query.replace(['<', '>', '#', '"'], ""))
            .map_or(String::new(), |query| format!("?{query}"));
        let mut parts = http::uri::Parts::default();
        parts.path_and_query = Some(format!("{path}{query}").parse().unwrap());
        if let Some(authority) = authority {
            parts.scheme = Some(http::uri::Scheme::HTTP);
            parts.authority = Some(authority.parse().unwrap());
        }
        Uri::from_parts(parts).unwrap()
    })
}

fn request_header() -> impl Strategy<Value = (HeaderName, HeaderValue)> {
    let line =
        |name: &'static [&'static str], value: BoxedStrategy<String>| (select(name).prop_map(str::to_owned), value);
    prop_oneof![
        2 => line(&["host"], prop_oneof!["[a-z]{1,5}\\.example(:[0-9]{1,5})?", "[ -~]{0,9}", "\\[[0-9a-f:]{0,9}\\]"].boxed()),
        2 => line(&["connection"], "(close|keep-alive|x-a|X-B|host|x-forwarded-for|, ?){0,4}".boxed()),
        2 => line(&["x-forwarded-proto"], select(&["http", "https", "HTTP", "ws", "", "http, https"]).prop_map(str::to_owned).boxed()),
        1 => line(&["content-encoding"], select(&["gzip", "identity"]).prop_map(str::to_owned).boxed()),
        3 => line(&["content-type"], content_type().boxed()),
        6 => line(&["x-a", "x-b", "cookie", "te", "upgrade", "keep-alive", "transfer-encoding", "x-forwarded-for"], "[\t -~é☃🎉\u{80}]{0,20}".boxed()),
        2 => ("[!#$%&'*+.^_`|~0-9a-z-]{1,20}", "[\t -~é☃]{0,20}".boxed()),
    ]
    .prop_map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap()))
}

fn content_type() -> impl Strategy<Value = String> {
    const TYPES: &[&str] = &[
        "text/html",
        "application/json",
        "application/xml",
        "image/png",
        "application/problem+json",
        "",
        "TEXT/plain",
    ];
    (select(TYPES), select(&["", "; charset=utf-8", " ;x=y"])).prop_map(|(essence, rest)| format!("{essence}{rest}"))
}

fn body() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        Just(Bytes::new()),
        vec(any::<u8>(), 0..80).prop_map(Bytes::from),
        any::<String>().prop_map(Bytes::from),
        "[a-z\"\\\\\n\u{0}]{0,200}".prop_map(Bytes::from),
    ]
}

pub(crate) fn response() -> impl Strategy<Value = Response<Bytes>> {
    let status = prop_oneof![200_u16..600, select(&[200_u16, 204, 304, 404])];
    let value = prop_oneof![
        "[\t -~é☃]{0,20}".prop_map(String::into_bytes),
        vec(prop_oneof![Just(9_u8), 32..127_u8, 128..=255_u8], 0..9)
    ];
    const NAMES: &[&str] = &[
        "x-a",
        "x-b",
        "x-b",
        "set-cookie",
        "set-cookie",
        "location",
        "date",
        "vary",
        "te",
        "upgrade",
        "transfer-encoding",
    ];
    let line = prop_oneof![
        6 => (select(NAMES).prop_map(str::to_owned), value),
        1 => ("[!#$%&'*+.^_`|~0-9a-z-]{1,20}", "[ -~]{0,20}".prop_map(String::into_bytes)),
        1 => (Just("connection".to_owned()), "(close|x-a|vary|, ?){0,4}".prop_map(String::into_bytes)),
        1 => (Just("content-type".to_owned()), content_type().prop_map(String::into_bytes)),
    ];
    (status, vec(line, 0..12), any::<bool>(), body()).prop_map(|(status, lines, with_length, body)| {
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        let length = response.body().len();
        let headers = response.headers_mut();
        for (name, value) in lines.into_iter().filter(|(name, _)| name != "content-length") {
            headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(&value).unwrap());
        }
        if with_length {
            headers.insert(header::CONTENT_LENGTH, length.into());
        }
        response
    })
}

/// Events and replies with arbitrary values in all places.
fn json() -> impl Strategy<Value = String> {
    const KEYS: &[&str] = &[
        "httpMethod",
        "path",
        "headers",
        "multiValueHeaders",
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "body",
        "isBase64Encoded",
        "requestContext",
        "elb",
        "targetGroupArn",
        "statusCode",
        "statusDescription",
        "Records",
        "x-a",
        "connection",
        "version",
        "rawPath",
        "rawQueryString",
        "raw_path",
        "method",
        "cookies",
        "resource",
        "query_string_parameters",
        "http",
        "identity",
        "sourceIp",
        "serviceNetworkArn",
        "stage",
        "domainName",
    ];
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|flag| flag.to_string()),
        prop_oneof![Just(200_u16), any::<u16>()].prop_map(|number| number.to_string()),
        any::<f64>()
            .prop_filter("JSON has no such numbers", |number| number.is_finite())
            .prop_map(|number| number.to_string()),
        prop_oneof![any::<String>(), "[A-Z]{3}", "/[ -~]{0,9}", Just("200 OK".into())]
            .prop_map(|text| serde_json::json!(text).to_string()),
    ];
    leaf.prop_recursive(4, 60, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|list| format!("[{}]", list.join(","))),
            vec((select(KEYS), inner), 0..10).prop_map(|entries| {
                let entries: Vec<_> = entries.into_iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
                format!("{{{}}}", entries.join(","))
            }),
        ]
    })
}
