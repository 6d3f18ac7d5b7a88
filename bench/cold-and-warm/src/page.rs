//! What is asked for, and what a right answer looks like.

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

/// A page that every contender has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    path: &'static str,
    title: &'static str,
}

impl Page {
    /// The three of them.
    pub(crate) const ALL: [Page; 3] = [
        Page { path: "/", title: "Home" },
        Page { path: "/products", title: "Products" },
        Page { path: "/articles", title: "Articles" },
    ];

    /// The event that a load balancer makes of a browser's request.
    pub(crate) fn event(self) -> String {
        json!({
            "requestContext": { "elb": {
                "targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/site/0123456789abcdef"
            }},
            "httpMethod": "GET",
            "path": self.path,
            "queryStringParameters": { "page": "2", "sort": "name" },
            "headers": {
                "accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
                "accept-encoding": "gzip, deflate, br",
                "accept-language": "en-GB,en;q=0.7",
                "cookie": "session=3f0a1c; theme=light",
                "host": "shop.example",
                "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "x-amzn-trace-id": "Root=1-6925a1b2-0123456789abcdef01234567",
                "x-forwarded-for": "198.51.100.7",
                "x-forwarded-port": "443",
                "x-forwarded-proto": "https"
            },
            "body": "",
            "isBase64Encoded": false
        })
        .to_string()
    }

    /// Whether `reply` is this page for a load balancer.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn check(self, reply: &[u8]) -> Result<()> {
        let reply: Value = serde_json::from_slice(reply).context("the reply is no JSON")?;
        let status = &reply["statusCode"];
        ensure!(status == 200, "{}: the status is {status}, not 200", self.path);
        let text = reply["body"].as_str().context("the reply has no body")?;
        let text = match reply["isBase64Encoded"].as_bool() {
            Some(true) => String::from_utf8(BASE64_STANDARD.decode(text)?)?,
            _ => text.to_owned(),
        };
        let title = format!("<h1>{}</h1>", self.title);
        if !text.contains(&title) || !text.trim_end().ends_with("</html>") {
            bail!("{}: the page lacks {title} or its end", self.path);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str, encoded: bool) -> Vec<u8> {
        json!({ "statusCode": status, "body": body, "isBase64Encoded": encoded }).to_string().into()
    }

    #[test]
    fn the_right_page_passes_as_text_and_encoded() {
        let page = "<html><h1>Home</h1></html>\n";
        Page::ALL[0].check(&reply(200, page, false)).unwrap();
        Page::ALL[0].check(&reply(200, &BASE64_STANDARD.encode(page), true)).unwrap();
    }

    #[test]
    fn a_wrong_answer_does_not_pass() {
        let page = "<html><h1>Home</h1></html>\n";
        for wrong in [reply(404, page, false), reply(200, "", false), reply(200, page, true), b"page".to_vec()] {
            assert!(Page::ALL[0].check(&wrong).is_err(), "{}", String::from_utf8_lossy(&wrong));
        }
        assert!(Page::ALL[1].check(&reply(200, page, false)).is_err());
    }
}
