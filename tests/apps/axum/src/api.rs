use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use axum::extract::{Json, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum_extra::extract::Query;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json as value};
use validator::Validate;

use crate::state::Shop;

pub async fn json() -> Json<Value> {
    Json(value!({ "name": "Zoë", "price": 1.5, "tags": ["a", "b"], "none": null }))
}

pub async fn json_back(Json(received): Json<Value>) -> Json<Value> {
    Json(value!({ "received": received }))
}

#[derive(Deserialize, Serialize)]
pub struct Filter {
    #[serde(default)]
    a: Vec<String>,
    #[serde(default)]
    b: String,
}

pub async fn query(Query(filter): Query<Filter>) -> Json<Filter> {
    Json(filter)
}

pub async fn headers(headers: HeaderMap) -> Json<Value> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let scheme = Some(text("x-forwarded-proto")).filter(|scheme| !scheme.is_empty()).unwrap_or("http");
    Json(value!({ "user_agent": text("user-agent"), "host": text("host"), "scheme": scheme }))
}

#[derive(Clone, Serialize)]
pub struct Item {
    id: u64,
    #[serde(flatten)]
    product: Product,
}

#[derive(Clone, Deserialize, Serialize, Validate)]
pub struct Product {
    #[validate(length(min = 1))]
    name: String,
    #[validate(range(min = 0.0))]
    price: f64,
}

type Refused = (StatusCode, String);

fn valid(product: Product) -> Result<Product, Refused> {
    product.validate().map_err(|error| (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))?;
    Ok(product)
}

fn unknown() -> Refused {
    (StatusCode::NOT_FOUND, "no such item\n".to_owned())
}

fn number(id: &str) -> Result<u64, Refused> {
    id.parse().map_err(|_| unknown())
}

pub async fn list(State(shop): State<Shop>) -> Json<Value> {
    let items = shop.items.lock().unwrap_or_else(PoisonError::into_inner);
    Json(value!({ "items": items.values().collect::<Vec<_>>() }))
}

pub async fn add(State(shop): State<Shop>, Json(product): Json<Product>) -> Result<impl IntoResponse, Refused> {
    let item = Item { id: 1 + shop.last_id.fetch_add(1, Ordering::Relaxed), product: valid(product)? };
    shop.items.lock().unwrap_or_else(PoisonError::into_inner).insert(item.id, item.clone());
    Ok((StatusCode::CREATED, [(header::LOCATION, format!("/items/{}", item.id))], Json(item)))
}

pub async fn show(State(shop): State<Shop>, Path(id): Path<String>) -> Result<Json<Item>, Refused> {
    let items = shop.items.lock().unwrap_or_else(PoisonError::into_inner);
    items.get(&number(&id)?).cloned().map(Json).ok_or_else(unknown)
}

pub async fn change(
    State(shop): State<Shop>,
    Path(id): Path<String>,
    Json(product): Json<Product>,
) -> Result<Json<Item>, Refused> {
    let product = valid(product)?;
    let mut items = shop.items.lock().unwrap_or_else(PoisonError::into_inner);
    let item = items.get_mut(&number(&id)?).ok_or_else(unknown)?;
    item.product = product;
    Ok(Json(item.clone()))
}

pub async fn remove(State(shop): State<Shop>, Path(id): Path<String>) -> Result<StatusCode, Refused> {
    let mut items = shop.items.lock().unwrap_or_else(PoisonError::into_inner);
    items.remove(&number(&id)?).map(|_| StatusCode::NO_CONTENT).ok_or_else(unknown)
}
