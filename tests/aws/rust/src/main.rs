//! A handler that uses DynamoDB, S3 and SQS by the AWS SDK for Rust, as docs/aws.md shows it. It knows nothing of keys.

mod memory;

use std::collections::{BTreeMap, HashMap};
use std::env;
use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_async::rt::sleep::TokioSleep;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

const NAME: &str = "things";
const KEY: &str = "a b/ü+(1)!*'~=&/../c//d.txt";

type Error = Box<dyn std::error::Error + Send + Sync>;
type Answer = Result<Json<Value>, (StatusCode, Json<Value>)>;

/// The SDK's configuration, which an instance loads once.
async fn settings() -> &'static SdkConfig {
    static SETTINGS: OnceCell<SdkConfig> = OnceCell::const_new();
    SETTINGS
        .get_or_init(|| {
            aws_config::defaults(BehaviorVersion::latest())
                .http_client(funcserver_guest::aws_http_client())
                .sleep_impl(TokioSleep::new())
                .load()
        })
        .await
}

async fn in_dynamodb() -> Result<Value, Error> {
    let client = aws_sdk_dynamodb::Client::new(settings().await);
    let id = AttributeValue::S("ü".to_owned());
    let put = client.put_item().table_name(NAME).item("id", id.clone());
    put.item("count", AttributeValue::N("3".to_owned())).send().await?;
    let found = client.get_item().table_name(NAME).key("id", id).send().await?;
    let item = found.item().ok_or("there is no item")?;
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().or_else(|_| value.as_n()).ok()).cloned();
    Ok(json!({ "count": text("count"), "id": text("id") }))
}

async fn in_s3(size: usize) -> Result<Value, Error> {
    let client = aws_sdk_s3::Client::new(settings().await);
    let body: Vec<u8> = (0..=u8::MAX).cycle().take(size).collect();
    let put = client.put_object().bucket(NAME).key(KEY).metadata("a", "b  c");
    put.body(body.clone().into()).send().await?;
    let got = client.get_object().bucket(NAME).key(KEY).send().await?;
    let got = got.body.collect().await?.into_bytes();
    let listed = client.list_objects_v2().bucket(NAME).prefix("a b/ü+").send().await?;
    let [object] = listed.contents() else { return Err("the list has not one object".into()) };
    Ok(json!({ "same": got == body && object.key() == Some(KEY), "size": object.size() }))
}

async fn in_sqs() -> Result<Value, Error> {
    let client = aws_sdk_sqs::Client::new(settings().await);
    let found = client.get_queue_url().queue_name(NAME).send().await?;
    let url = found.queue_url().ok_or("the queue has no URL")?;
    client.send_message().queue_url(url).message_body("a message with ü").send().await?;
    let received = client.receive_message().queue_url(url).send().await?;
    let [message] = received.messages() else { return Err("there is not one message".into()) };
    client.delete_message().queue_url(url).set_receipt_handle(message.receipt_handle.clone()).send().await?;
    Ok(json!({ "message": message.body() }))
}

/// Signed by this program alone: the host does not sign requests to this origin.
async fn own() -> Answer {
    let endpoint = env::var("OTHER_URL").unwrap_or_default();
    let once = aws_config::retry::RetryConfig::disabled();
    // AWS_ENDPOINT_URL would take precedence over an endpoint of the shared settings.
    let settings = aws_sdk_dynamodb::config::Builder::from(settings().await);
    let settings = settings.endpoint_url(endpoint).retry_config(once).build();
    match aws_sdk_dynamodb::Client::from_conf(settings).list_tables().send().await {
        Ok(_) => Ok(Json(json!({ "signed": "by the handler" }))),
        Err(error) => {
            let status = error.raw_response().map(|response| response.status().as_u16());
            let told = json!({ "error": format!("{}", DisplayErrorContext(&error)), "status": status });
            Err((StatusCode::BAD_GATEWAY, Json(told)))
        }
    }
}

/// Signed requests, and then time to search this memory, which has the text of the query in it.
async fn hold(query: &HashMap<String, String>) -> Result<Value, Error> {
    in_dynamodb().await?;
    in_s3(1000).await?;
    let seconds: f32 = query.get("seconds").ok_or("no seconds")?.parse()?;
    tokio::time::sleep(Duration::from_secs_f32(seconds)).await;
    Ok(json!({ "held": query.get("marker") }))
}

fn answer(result: Result<Value, Error>) -> Answer {
    result.map(Json).map_err(|error| {
        let told = json!({ "error": format!("{}", DisplayErrorContext(&*error)) });
        (StatusCode::BAD_GATEWAY, Json(told))
    })
}

fn main() {
    let routes = Router::new()
        .route("/dynamodb", get(async || answer(in_dynamodb().await)))
        .route("/s3", get(async |Query(query): Query<HashMap<String, usize>>| answer(in_s3(query["size"]).await)))
        .route("/sqs", get(async || answer(in_sqs().await)))
        .route("/own", get(own))
        .route("/environment", get(async || Json(env::vars().collect::<BTreeMap<_, _>>())))
        .route("/hold", get(async |Query(query): Query<HashMap<String, String>>| answer(hold(&query).await)))
        .route("/search", get(async |Query(query): Query<HashMap<String, String>>| answer(memory::search(&query))));
    funcserver_guest::serve(routes);
}
