use std::env;

fn main() {
    tracing_subscriber::fmt().json().without_time().with_max_level(tracing::Level::INFO).init();
    let secret = env::var("SECRET_KEY").expect("SECRET_KEY signs the sessions");
    let greeting = env::var("GREETING").unwrap_or_else(|_| "Hello".to_owned());
    funcserver_guest::serve(shop::app(secret, greeting));
}
