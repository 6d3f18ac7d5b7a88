use crate::request::Request;
use crate::response::Response;
use crate::{headers, pages};

/// Routes a request. HEAD is answered as GET, without the body.
pub fn answer(request: &Request) -> Response {
    let head = request.method == "HEAD";
    let method = if head { "GET" } else { &request.method };
    let mut response = match (method, request.path()) {
        ("GET", "/") => Response::html(pages::home()),
        ("GET", "/products") => Response::html(pages::products()),
        ("GET", "/articles") => Response::html(pages::articles()),
        ("GET", "/headers") => Response::json(&headers::seen(request)),
        ("POST", "/echo") => echo(request),
        (_, "/" | "/products" | "/articles" | "/headers") => not_allowed("GET, HEAD"),
        (_, "/echo") => not_allowed("POST"),
        _ => Response::text(404, "not found\n"),
    };
    if head {
        response.body.clear();
    }
    response
}

fn echo(request: &Request) -> Response {
    let content_type = request.header("content-type").unwrap_or(b"application/octet-stream");
    Response::new(200, content_type, request.body.clone())
}

fn not_allowed(allow: &str) -> Response {
    Response::text(405, "method not allowed\n").with_header("allow", allow)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, path_with_query: &str) -> Request {
        Request { method: method.to_owned(), path_with_query: path_with_query.to_owned(), ..Request::default() }
    }

    #[test]
    fn the_pages_link_to_each_other() {
        for path in ["/", "/products", "/articles?page=2"] {
            let response = answer(&request("GET", path));
            assert_eq!(response.status, 200, "{path}");
            let page = String::from_utf8(response.body).unwrap();
            for link in ["href=\"/\"", "href=\"/products\"", "href=\"/articles\""] {
                assert!(page.contains(link), "{path} has no {link}");
            }
        }
    }

    #[test]
    fn echo_gives_body_and_content_type_back() {
        let mut request = request("POST", "/echo");
        request.headers = vec![("Content-Type".to_owned(), b"image/png".to_vec())];
        request.body = vec![0xff, 0, 0xfe];
        assert_eq!(answer(&request), Response::new(200, b"image/png", [0xff, 0, 0xfe]));
    }

    #[test]
    fn head_is_get_without_the_body() {
        let get = answer(&request("GET", "/products"));
        let head = answer(&request("HEAD", "/products"));
        assert_eq!((head.status, head.headers), (get.status, get.headers));
        assert_eq!(head.body, b"");
    }

    #[test]
    fn a_wrong_method_is_told_the_right_one() {
        for (method, path, allow) in [("DELETE", "/", "GET, HEAD"), ("GET", "/echo", "POST"), ("HEAD", "/echo", "POST")]
        {
            let response = answer(&request(method, path));
            assert_eq!(response.status, 405, "{method} {path}");
            assert!(response.headers.contains(&("allow", allow.into())), "{method} {path}");
        }
    }

    #[test]
    fn an_unknown_path_is_not_found() {
        for path in ["/nothing", "/products/", "/Products", ""] {
            assert_eq!(answer(&request("GET", path)).status, 404, "{path:?}");
        }
    }
}
