use std::env;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Json};
use futures_util::stream;
use jiff::civil::date;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::error::Failure;
use crate::files::sha256;
use crate::state::Shop;

pub async fn variable(State(shop): State<Shop>) -> Json<Value> {
    Json(json!({ "greeting": shop.greeting, "now": env::var("GREETING").ok() }))
}

pub async fn secret(State(shop): State<Shop>) -> Json<Value> {
    Json(json!({ "sha256": sha256(shop.secret.as_bytes()) }))
}

pub async fn boom() -> Result<(), Failure> {
    Err(anyhow!("boom")).context("the order was not taken")?
}

pub async fn boom_late() -> impl IntoResponse {
    let lines = stream::iter([Ok("line 0\n"), Err(anyhow!("boom").context("the order was not taken"))]);
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], Body::from_stream(lines))
}

#[derive(Deserialize)]
pub struct Sleep {
    #[serde(default = "hundred")]
    ms: u64,
}

fn hundred() -> u64 {
    100
}

pub async fn slow(Query(Sleep { ms }): Query<Sleep>) -> Json<Value> {
    tokio::time::sleep(Duration::from_millis(ms)).await;
    Json(json!({ "slept": ms }))
}

pub async fn background() -> Json<Value> {
    tokio::spawn(async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        tracing::info!("background: done");
    });
    Json(json!({ "queued": true }))
}

pub async fn log() -> Json<Value> {
    tracing::debug!("a debug message");
    tracing::info!("an info message");
    tracing::warn!("a warning");
    Json(json!({ "logged": true }))
}

pub async fn time() -> Result<Json<Value>, Failure> {
    let zone = "Europe/Stockholm";
    let minutes = date(2026, 7, 1).in_tz(zone)?.offset().seconds() / 60;
    Ok(Json(json!({ "zone": zone, "offset": minutes })))
}

pub async fn random(State(shop): State<Shop>) -> Json<Value> {
    Json(json!({ "token": Uuid::new_v4().simple().to_string(), "at_import": shop.drawn.simple().to_string() }))
}

pub async fn counter(State(shop): State<Shop>) -> Json<Value> {
    Json(json!({ "count": 1 + shop.requests.fetch_add(1, Ordering::Relaxed) }))
}
