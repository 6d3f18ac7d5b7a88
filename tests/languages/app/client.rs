//! A client that keeps cookies, as browsers do.

use std::collections::BTreeMap;
use std::sync::MutexGuard;

use bytes::Bytes;
use funcserver_events::alb::{self, ReplyForm};
use http::{HeaderValue, Method, Request, header};

use super::answer::Answer;
use super::deployment::Deployment;
use crate::requests::TARGET_GROUP;

/// A client. No other one talks to the app while it exists.
pub(crate) struct Client<'a> {
    pub(crate) deployment: &'a Deployment,
    pub(crate) cookies: BTreeMap<String, String>,
    _turn: MutexGuard<'a, ()>,
}

impl<'a> Client<'a> {
    pub(crate) fn of(deployment: &'a Deployment) -> Client<'a> {
        Client { deployment, cookies: BTreeMap::new(), _turn: deployment.turn() }
    }

    /// Sends a request with the cookies that earlier answers have set.
    pub(crate) fn ask(&mut self, request: &Request<Bytes>) -> Result<Answer, String> {
        let mut request = request.clone();
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request.headers_mut().insert(header::COOKIE, HeaderValue::from_str(&pairs.join("; ")).unwrap());
        }
        let form = ReplyForm { mode: self.deployment.mode(), head: request.method() == Method::HEAD };
        let id = funcserver_local::request_id();
        let reply = self.deployment.invoke(&id, alb::event(&request, form.mode, TARGET_GROUP).unwrap())?;
        let response = alb::read_reply(&reply, form).map_err(|error| error.to_string())?;
        let answer = Answer { id, response };
        self.keep_cookies(&answer)?;
        Ok(answer)
    }

    fn keep_cookies(&mut self, answer: &Answer) -> Result<(), String> {
        for cookie in answer.response.headers().get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().map_err(|error| answer.error(&format!("set-cookie: {error}")))?;
            let pair = cookie.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').ok_or_else(|| answer.error("a cookie without a value"))?;
            self.cookies.insert(name.trim().to_owned(), value.trim().to_owned());
        }
        Ok(())
    }
}
