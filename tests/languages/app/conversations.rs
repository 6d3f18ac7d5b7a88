//! What takes several requests to an app, or a look into its log.

use http::Method;
use serde_json::{Value, json};

use super::answer::Answer;
use super::client::Client;
use super::deployment::{Deployment, Instances};
use super::framework::Framework;
use super::records::message;
use super::requests::{send, told};
use crate::check::{body, contains, has, html, status};
use crate::requests::{ask, bare, get, header, with_body};

/// A test of a deployed app.
pub(crate) type Conversation = fn(Framework, &Deployment) -> Result<(), String>;

pub(crate) fn all(framework: Framework) -> Vec<(&'static str, Conversation)> {
    let mut all: Vec<(&'static str, Conversation)> = vec![
        ("cookies", cookies),
        ("session", session),
        ("a_forged_session", forged_session),
        ("form", form),
        ("items", items),
        ("a_static_file_is_not_modified", not_modified),
        ("tokens", tokens),
        ("counter", counter),
        ("an_exception", exception),
        ("an_exception_after_the_head", late_exception),
        ("levels", levels),
        ("background", background),
    ];
    if framework.has_messages() {
        all.push(("flash", flash));
    }
    if framework.is_hono() {
        all.push(("a_token", token));
    }
    if framework.is_django() {
        all.push(("a_form_without_its_token", forged_form));
    }
    all
}

/// A handler that takes longer than `limits.timeout`, which is 2 s.
pub(crate) fn slow_handler(deployment: &Deployment) -> Result<(), String> {
    let mut client = Client::of(deployment);
    for _ in 0..2 {
        let slow = client.ask(&get("/slow?ms=20000"))?;
        slow.check(&[status(504)])?;
        if slow.header("x-funcserver-error")? != "deadline" {
            return Err(slow.error("the error is not deadline"));
        }
        client.ask(&get("/slow?ms=1"))?.check(&told(json!({ "slept": 1 })))?;
    }
    Ok(())
}

fn cookies(_: Framework, deployment: &Deployment) -> Result<(), String> {
    let mut client = Client::of(deployment);
    let first = client.ask(&get("/cookie"))?;
    first.check(&told(json!({ "cookies": {} })))?;
    let set: Vec<_> = first.response.headers().get_all("set-cookie").iter().collect();
    let plain = |text: &str| text.replace(' ', "").to_ascii_lowercase();
    let set: Vec<_> = set.iter().map(|cookie| plain(cookie.to_str().unwrap_or_default())).collect();
    for (pair, attributes) in [("seen=yes;", &["httponly", "path=/"][..]), ("theme=dark;", &["path=/"][..])] {
        let cookie = set.iter().find(|cookie| cookie.starts_with(pair));
        if !cookie.is_some_and(|cookie| attributes.iter().all(|attribute| cookie.contains(attribute))) {
            return Err(first.error(&format!("no cookie {pair} {attributes:?}")));
        }
    }
    client.ask(&get("/cookie"))?.check(&told(json!({ "cookies": { "seen": "yes", "theme": "dark" } })))
}

fn session(_: Framework, deployment: &Deployment) -> Result<(), String> {
    let mut client = Client::of(deployment);
    for count in 1..=3 {
        client.ask(&get("/session"))?.check(&told(json!({ "count": count })))?;
    }
    client.cookies.clear();
    client.ask(&get("/session"))?.check(&told(json!({ "count": 1 })))
}

fn forged_session(_: Framework, deployment: &Deployment) -> Result<(), String> {
    let mut client = Client::of(deployment);
    client.ask(&get("/session"))?.check(&told(json!({ "count": 1 })))?;
    for value in client.cookies.values_mut() {
        // Not the last character, whose lower bits a decoder may ignore.
        let place = value.len() - 3..value.len() - 2;
        let other = if &value[place.clone()] == "A" { "B" } else { "A" };
        value.replace_range(place, other);
    }
    let forged = client.ask(&get("/session"))?;
    forged.check(&told(json!({ "count": 1 })))
}

/// As a browser sends the form: with its hidden fields.
fn form(_: Framework, deployment: &Deployment) -> Result<(), String> {
    let mut client = Client::of(deployment);
    let page = client.ask(&get("/form"))?;
    page.check(&html("<form method=\"post\">"))?;
    let hidden = hidden_fields(&page.text());
    let sent = client.ask(&posted("/form", &format!("{hidden}name=Zo%C3%AB+%26+co&color=red")))?;
    sent.check(&told(json!({ "name": "Zoë & co", "color": "red" })))
}

fn forged_form(_: Framework, deployment: &Deployment) -> Result<(), String> {
    let mut client = Client::of(deployment);
    client.ask(&posted("/form", "name=a&color=red"))?.check(&[status(403)])
}

/// The hidden fields of a page, each with `&` after it.
fn hidden_fields(page: &str) -> String {
    let quoted = |input: &str, name: &str| {
        let (_, rest) = input.split_once(&format!("{name}=\""))?;
        rest.split('"').next().map(str::to_owned)
    };
    let inputs = page.split("<input").skip(1).filter_map(|rest| rest.split('>').next());
    let hidden = inputs.filter(|input| input.contains("type=\"hidden\""));
    hidden.filter_map(|input| Some(format!("{}={}&", quoted(input, "name")?, quoted(input, "value")?))).collect()
}

fn posted(target: &str, form: &str) -> http::Request<bytes::Bytes> {
    // Django compares them, as the scheme is https.
    let builder = ask(Method::POST, target).header("referer", "https://shop.example/form");
    with_body(builder.header("content-type", "application/x-www-form-urlencoded"), form.to_owned())
}

fn items(_: Framework, deployment: &Deployment) -> Result<(), String> {
    let mut client = Client::of(deployment);
    let added = client.ask(&send(Method::POST, "/items", r#"{"name":"cup","price":4.5}"#))?;
    added.check(&[status(201)])?;
    let id = added.json("/id")?;
    let place = added.header("location")?.to_owned();
    if !place.ends_with(&format!("/items/{id}")) {
        return Err(added.error("location is not that of the item"));
    }
    let cup = json!({ "id": id, "name": "cup", "price": 4.5 });
    let list = client.ask(&get("/items"))?;
    list.check(&[status(200)])?;
    let known = list.json("/items")?.as_array().is_some_and(|items| items.contains(&cup));
    if known != (deployment.instances == Instances::Reused) {
        return Err(list.error("an instance knows what it was told, and no other does"));
    }
    if deployment.instances == Instances::Fresh {
        return client.ask(&get(&place))?.check(&[status(404)]);
    }
    client.ask(&get(&place))?.check(&told(cup))?;
    let mug = json!({ "id": id, "name": "mug", "price": 5.5 });
    client.ask(&send(Method::PUT, &place, r#"{"name":"","price":5.5}"#))?.check(&[status(422)])?;
    client.ask(&send(Method::PUT, &place, r#"{"name":"mug","price":5.5}"#))?.check(&told(mug.clone()))?;
    client.ask(&get(&place))?.check(&told(mug))?;
    client.ask(&bare(Method::DELETE, &place))?.check(&[status(204), body("")])?;
    client.ask(&get(&place))?.check(&[status(404)])
}

fn not_modified(_: Framework, deployment: &Deployment) -> Result<(), String> {
    let mut client = Client::of(deployment);
    let first = client.ask(&get("/static/style.css"))?;
    first.check(&[status(200), has("etag")])?;
    let again = header(get("/static/style.css"), "if-none-match", first.header("etag")?);
    client.ask(&again)?.check(&[status(304), body("")])?;
    let other = header(get("/static/style.css"), "if-none-match", "\"another\"");
    client.ask(&other)?.check(&[status(200), contains("font-family")])
}

/// What is drawn in a request is new each time. What is drawn at import is new in each instance.
fn tokens(_: Framework, deployment: &Deployment) -> Result<(), String> {
    let mut client = Client::of(deployment);
    let (first, second) = (client.ask(&get("/random"))?, client.ask(&get("/random"))?);
    if first.json("/token")? == second.json("/token")? {
        return Err(second.error("the token is not new"));
    }
    let is_same = first.json("/at_import")? == second.json("/at_import")?;
    if is_same != (deployment.instances == Instances::Reused) {
        return Err(second.error(&format!("the same at import: {is_same}")));
    }
    Ok(())
}

fn counter(_: Framework, deployment: &Deployment) -> Result<(), String> {
    let mut client = Client::of(deployment);
    let mut count = || -> Result<i64, String> {
        let answer = client.ask(&get("/counter"))?;
        answer.json("/count")?.as_i64().ok_or_else(|| answer.error("no number"))
    };
    let counts = (count()?, count()?);
    let expected = match deployment.instances {
        Instances::Fresh => (1, 1),
        Instances::Reused => (counts.0, counts.0 + 1),
    };
    if counts == expected { Ok(()) } else { Err(format!("the counts are {counts:?} and should be {expected:?}")) }
}

/// The client learns nothing, the log has one record with the stack, and the instance lives.
fn exception(framework: Framework, deployment: &Deployment) -> Result<(), String> {
    let mut client = Client::of(deployment);
    let before = client.ask(&get("/counter"))?.json("/count")?;
    let failed = client.ask(&get("/boom"))?;
    failed.check(&[status(500)])?;
    let (error, stack) = framework.failure();
    if failed.text().contains(error) || failed.text().contains(stack) {
        return Err(failed.error("the client sees the stack"));
    }
    let records = deployment.records.with(&failed.id, error)?;
    let told: Vec<_> = records.iter().filter(|record| record.to_string().contains("boom")).collect();
    if told.len() != 1 || told[0]["level"] != "ERROR" || !message(told[0]).contains(stack) {
        return Err(format!("not one record of level ERROR with the stack: {told:#?}"));
    }
    let after = client.ask(&get("/counter"))?.json("/count")?;
    let expected = match deployment.instances {
        Instances::Fresh => before.clone(),
        Instances::Reused => Value::from(before.as_i64().unwrap_or_default() + 1),
    };
    if after == expected { Ok(()) } else { Err(format!("the instance is another: {before} requests, then {after}")) }
}

/// Part of the answer was on its way: the host reports it as broken off. In the FastAPI app a middleware on Starlette's
/// `BaseHTTPMiddleware` ends the answer as if it were whole, with any server.
fn late_exception(framework: Framework, deployment: &Deployment) -> Result<(), String> {
    let mut client = Client::of(deployment);
    let failed = client.ask(&get("/boom-late"))?;
    if framework.is_fastapi() {
        failed.check(&[status(200), body("line 0\n")])?;
    } else {
        failed.check(&[status(500), has("x-funcserver-error")])?;
    }
    deployment.records.with(&failed.id, framework.failure().0)?;
    client.ask(&get("/"))?.check(&html("<h1>Shop</h1>"))
}

fn levels(_: Framework, deployment: &Deployment) -> Result<(), String> {
    let answer = Client::of(deployment).ask(&get("/log"))?;
    answer.check(&told(json!({ "logged": true })))?;
    let records = deployment.records.with(&answer.id, "a warning")?;
    let level = |text: &str| {
        let record = records.iter().find(|record| message(record).contains(text));
        record.and_then(|record| record["level"].as_str()).unwrap_or("no record").to_owned()
    };
    let levels = [level("a debug message"), level("an info message"), level("a warning")];
    if levels == ["no record", "INFO", "WARN"] {
        return Ok(());
    }
    Err(format!("the levels of debug, info and warning are {levels:?}: {records:#?}"))
}

fn background(_: Framework, deployment: &Deployment) -> Result<(), String> {
    let answer = Client::of(deployment).ask(&get("/background"))?;
    answer.check(&told(json!({ "queued": true })))?;
    deployment.records.with(&answer.id, "background: done").map(drop)
}

fn token(_: Framework, deployment: &Deployment) -> Result<(), String> {
    let mut client = Client::of(deployment);
    let answer = client.ask(&send(Method::POST, "/token", r#"{"user":"ann"}"#))?;
    let token = answer.json("/token")?;
    let token = token.as_str().ok_or_else(|| answer.error("no token"))?;
    let mut me = |token: &str| client.ask(&header(get("/me"), "authorization", &format!("Bearer {token}")));
    me(token)?.check(&told(json!({ "user": "ann" })))?;
    let (signed, _) = token.rsplit_once('.').ok_or_else(|| answer.error("no signature"))?;
    me(&format!("{signed}.AAAA"))?.check(&[status(401)])
}

fn flash(_: Framework, deployment: &Deployment) -> Result<(), String> {
    let mut client = Client::of(deployment);
    let redirected: Answer = client.ask(&posted("/flash", ""))?;
    redirected.check(&[status(303)])?;
    let place = redirected.header("location")?.to_owned();
    client.ask(&get(&place))?.check(&html("<p>Your order is on its way</p>"))?;
    client.ask(&get(&place))?.check(&html("<p>No messages</p>"))
}
