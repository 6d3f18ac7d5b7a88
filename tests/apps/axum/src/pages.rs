use std::collections::BTreeMap;

use axum::extract::{Form, Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Json};
use axum_extra::extract::cookie::{Cookie, CookieJar, SignedCookieJar};
use minijinja::context;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::Failure;
use crate::state::Shop;

fn page(shop: &Shop, name: &str, values: minijinja::Value) -> Result<Html<String>, Failure> {
    Ok(Html(shop.templates.get_template(name)?.render(values)?))
}

pub async fn home(State(shop): State<Shop>) -> Result<Html<String>, Failure> {
    page(&shop, "home.html", context! {})
}

pub async fn hello(Path(name): Path<String>) -> String {
    format!("Hello, {name}!")
}

#[derive(Deserialize)]
pub struct Name {
    #[serde(default)]
    name: String,
}

pub async fn template(State(shop): State<Shop>, Query(Name { name }): Query<Name>) -> Result<Html<String>, Failure> {
    page(&shop, "hello.html", context! { name })
}

pub async fn form(State(shop): State<Shop>) -> Result<Html<String>, Failure> {
    page(&shop, "form.html", context! {})
}

#[derive(Deserialize, Serialize)]
pub struct Order {
    name: String,
    color: String,
}

pub async fn sent(Form(order): Form<Order>) -> Json<Order> {
    Json(order)
}

pub async fn cookie(jar: CookieJar) -> (CookieJar, Json<Value>) {
    let seen: BTreeMap<_, _> = jar.iter().map(|cookie| (cookie.name().to_owned(), cookie.value().to_owned())).collect();
    let jar = jar
        .add(Cookie::build(("seen", "yes")).path("/").http_only(true))
        .add(Cookie::build(("theme", "dark")).path("/"));
    (jar, Json(json!({ "cookies": seen })))
}

pub async fn session(jar: SignedCookieJar) -> (SignedCookieJar, Json<Value>) {
    let count = 1 + jar.get("session").and_then(|cookie| cookie.value().parse().ok()).unwrap_or(0_u64);
    let jar = jar.add(Cookie::build(("session", count.to_string())).path("/").http_only(true));
    (jar, Json(json!({ "count": count })))
}

pub async fn redirect() -> impl IntoResponse {
    (StatusCode::FOUND, [(header::LOCATION, "/hello/redirected")])
}
