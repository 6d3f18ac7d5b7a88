//! A handler that uses PostgreSQL by tokio-postgres and Redis by redis, as docs/databases.md shows it.

use std::env;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, AsyncConnectionConfig};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio_postgres::{Client, Config, NoTls};

type Error = Box<dyn std::error::Error + Send + Sync>;
type Answer = Result<Json<Value>, (StatusCode, Json<Value>)>;

/// The connections of an instance, which later requests find open.
#[derive(Clone, Default)]
struct Connections {
    postgres: Arc<Mutex<Option<Arc<Client>>>>,
    redis: Arc<Mutex<Option<MultiplexedConnection>>>,
}

impl Connections {
    async fn postgres(&self) -> Result<Arc<Client>, Error> {
        let mut kept = self.postgres.lock().await;
        if let Some(client) = kept.as_ref().filter(|client| !client.is_closed()) {
            return Ok(client.clone());
        }
        let config: Config = env::var("DATABASE_URL")?.parse()?;
        let stream = funcserver_guest::connect(&env::var("DATABASE")?).await?;
        let (client, connection) = config.connect_raw(stream, NoTls).await?;
        funcserver_guest::spawn_detached(async move {
            if let Err(error) = connection.await {
                eprintln!("the connection to PostgreSQL has ended: {error}");
            }
        });
        Ok(kept.insert(Arc::new(client)).clone())
    }

    async fn redis(&self) -> Result<MultiplexedConnection, Error> {
        let mut kept = self.redis.lock().await;
        if let Some(connection) = kept.as_ref() {
            return Ok(connection.clone());
        }
        let info: redis::ConnectionInfo = env::var("REDIS_URL")?.parse()?;
        let stream = funcserver_guest::connect(&env::var("CACHE")?).await?;
        let config = AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
        let (connection, driver) =
            MultiplexedConnection::new_with_config(info.redis_settings(), stream, config).await?;
        funcserver_guest::spawn_detached(driver);
        Ok(kept.insert(connection).clone())
    }
}

async fn postgres(State(connections): State<Connections>) -> Answer {
    async fn query(connections: Connections) -> Result<Value, Error> {
        let client = connections.postgres().await?;
        let query = "select current_user::text, pg_backend_pid(), ssl from pg_stat_ssl where pid = pg_backend_pid()";
        let row = client.query_one(query, &[]).await?;
        let (user, pid, tls): (String, i32, bool) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        Ok(json!({ "user": user, "connection": pid, "tls": tls }))
    }
    answer(query(connections).await)
}

#[derive(serde::Deserialize)]
struct Rows {
    n: i32,
}

async fn rows(State(connections): State<Connections>, Query(Rows { n }): Query<Rows>) -> Answer {
    async fn query(connections: Connections, n: i32) -> Result<Value, Error> {
        let client = connections.postgres().await?;
        let rows = client.query("select repeat('x', 1000) from generate_series(1, $1) i", &[&n]).await?;
        let bytes: usize = rows.iter().map(|row| row.get::<_, &str>(0).len()).sum();
        Ok(json!({ "rows": rows.len(), "bytes": bytes }))
    }
    answer(query(connections, n).await)
}

/// The times of queries on a warm connection, in nanoseconds: bench/databases compares them with those of this program
/// without WebAssembly.
async fn time(State(connections): State<Connections>, Query(Rows { n }): Query<Rows>) -> Answer {
    async fn query(connections: Connections, n: i32) -> Result<Value, Error> {
        let client = connections.postgres().await?;
        let statement = client.prepare("select $1::int + 1").await?;
        let mut times = Vec::new();
        for number in 0..n {
            let begin = Instant::now();
            let sum: i32 = client.query_one(&statement, &[&number]).await?.try_get(0)?;
            times.push(begin.elapsed().as_nanos());
            assert_eq!(sum, number + 1);
        }
        Ok(json!({ "ns": times }))
    }
    answer(query(connections, n).await)
}

/// The deadline of the request ends it.
async fn slow(State(connections): State<Connections>) -> Answer {
    async fn query(connections: Connections) -> Result<Value, Error> {
        connections.postgres().await?.execute("select pg_sleep(60)", &[]).await?;
        Ok(Value::Null)
    }
    answer(query(connections).await)
}

/// More connections than the handler may have.
async fn many() -> Answer {
    async fn open() -> Result<Value, Error> {
        let mut open = Vec::new();
        for _ in 0..60 {
            open.push(funcserver_guest::connect(&env::var("CACHE")?).await?);
        }
        Ok(json!({ "opened": open.len() }))
    }
    answer(open().await)
}

#[derive(serde::Deserialize)]
struct Bad {
    at: String,
}

/// A server that is named in the query, and sends nothing of use.
async fn bad(Query(Bad { at }): Query<Bad>) -> Answer {
    async fn connect(at: &str) -> Result<Value, Error> {
        let config: Config = format!("postgres://owner@{at}/postgres").parse()?;
        let stream = funcserver_guest::connect(at).await?;
        drop(config.connect_raw(stream, NoTls).await?);
        Ok(json!({ "connected": true }))
    }
    let connected = tokio::time::timeout(Duration::from_secs(2), connect(&at)).await;
    answer(connected.unwrap_or_else(|elapsed| Err(elapsed.into())))
}

async fn redis(State(connections): State<Connections>) -> Answer {
    async fn exchange(connections: &Connections) -> Result<Value, Error> {
        let mut redis = connections.redis().await?;
        let () = redis.set_ex("rust", "stored", 60).await?;
        let value: String = redis.get("rust").await?;
        Ok(json!({ "value": value }))
    }
    let exchanged = exchange(&connections).await;
    if exchanged.is_err() {
        // The next request opens another connection.
        *connections.redis.lock().await = None;
    }
    answer(exchanged)
}

fn answer(result: Result<Value, Error>) -> Answer {
    result.map(Json).map_err(|error| (StatusCode::BAD_GATEWAY, Json(json!({ "error": error.to_string() }))))
}

fn main() {
    let routes = Router::new()
        .route("/postgres", get(postgres))
        .route("/rows", get(rows))
        .route("/redis", get(redis))
        .route("/time", get(time))
        .route("/slow", get(slow))
        .route("/many", get(many))
        .route("/bad", get(bad));
    funcserver_guest::serve(routes.with_state(Connections::default()));
}
