//! The requested pages and their correct answers.

use anyhow::{Result, bail, ensure};

use crate::event;

/// A page that every contender has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    path: &'static str,
    title: &'static str,
}

impl Page {
    /// All three pages.
    pub(crate) const ALL: [Page; 3] = [
        Page { path: "/", title: "Home" },
        Page { path: "/products", title: "Products" },
        Page { path: "/articles", title: "Articles" },
    ];

    /// The event of a request for the page.
    pub(crate) fn event(self) -> String {
        event::get(self.path).to_string()
    }

    /// Checks that `reply` is this page.
    ///
    /// # Errors
    /// The difference from the page.
    pub(crate) fn check(self, reply: &[u8]) -> Result<()> {
        let (status, body) = event::answer(reply)?;
        ensure!(status == 200, "{}: the status is {status}, not 200", self.path);
        let text = String::from_utf8(body)?;
        let title = format!("<h1>{}</h1>", self.title);
        if !text.contains(&title) || !text.trim_end().ends_with("</html>") {
            bail!("{}: the page lacks {title} or its end", self.path);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use serde_json::json;

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
