//! The resources that a guest may use if they are granted, and that it gets no more.

use funcserver_engine::{Grants, Reuse};
use funcserver_test_guest::Options;

use crate::common::{self, guest_with, json, limits, response};

fn options(grants: Grants) -> Options {
    Options { limits: limits(), grants, ..Options::default() }
}

#[tokio::test]
async fn variables_are_the_ones_that_are_granted() {
    let env = vec![("COLOUR".to_owned(), "green = blue".to_owned()), ("EMPTY".to_owned(), String::new())];
    let guest = guest_with(options(Grants { env, ..Grants::default() }));
    let seen = json(&response(&guest, "env").await);
    assert_eq!(seen["environment"], serde_json::json!([["COLOUR", "green = blue"], ["EMPTY", ""]]));
    let value = json(&response(&guest, "config:COLOUR").await).to_string();
    assert!(value.contains("green = blue"), "{value}");
}

/// An instance that began before has the old values, and serves no request that comes later.
#[tokio::test]
async fn secrets_are_variables_of_the_instances_that_begin_later() {
    let pairs =
        |of: &[(&str, &str)]| of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let reuse = Reuse { requests: 100, ..Reuse::default() };
    let grants = Grants { env: pairs(&[("KEY", "granted"), ("STAGE", "test")]), ..Grants::default() };
    let guest = guest_with(Options { reuse, ..options(grants) });
    assert_eq!(json(&response(&guest, "env").await)["environment"][0], serde_json::json!(["KEY", "granted"]));

    guest.set_secrets(pairs(&[("KEY", "one"), ("PASSWORD", "two")]));
    let expected = serde_json::json!([["STAGE", "test"], ["KEY", "one"], ["PASSWORD", "two"]]);
    assert_eq!(json(&response(&guest, "env").await)["environment"], expected);
    let value = json(&response(&guest, "config:PASSWORD").await).to_string();
    assert!(value.contains("two"), "{value}");

    let running = tokio::spawn({
        let guest = guest.clone();
        async move { response(&guest, "sleep:300").await.status() }
    });
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    guest.set_secrets(pairs(&[("PASSWORD", "three")]));
    assert!(running.await.unwrap().is_success());
    let expected = serde_json::json!([["KEY", "granted"], ["STAGE", "test"], ["PASSWORD", "three"]]);
    assert_eq!(json(&response(&guest, "env").await)["environment"], expected);
    for count in 1..3 {
        assert_eq!(json(&response(&guest, "state").await)["requests"], count, "this instance is reused");
    }
}

#[tokio::test]
async fn assets_can_be_read_and_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let assets = folder.path().join("assets");
    std::fs::create_dir(&assets).unwrap();
    std::fs::write(assets.join("page.html"), "<p>page").unwrap();
    std::fs::write(folder.path().join("secret"), "secret").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("../secret", assets.join("link")).unwrap();
    let guest = guest_with(options(Grants { assets: Some(assets.clone()), ..Grants::default() }));

    assert_eq!(json(&response(&guest, "read:/page.html").await)["text"], "<p>page");
    for act in ["write:/page.html", "write:/new", "read:/../secret", "read:/link", "read:/etc/passwd", "write:/tmp/x"] {
        let answer = json(&response(&guest, act).await);
        assert!(answer["error"].is_string(), "{act}: {answer}");
    }
    assert_eq!(std::fs::read_to_string(assets.join("page.html")).unwrap(), "<p>page");
}

#[tokio::test]
async fn sources_can_be_read_below_their_folder_and_not_changed() {
    let (sources, assets) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(sources.path().join("shop.py"), "app = 1").unwrap();
    std::fs::write(assets.path().join("page.html"), "<p>page").unwrap();
    let both = Grants {
        sources: Some(sources.path().to_owned()),
        assets: Some(assets.path().to_owned()),
        ..Grants::default()
    };
    let guest = guest_with(options(both));
    assert_eq!(json(&response(&guest, "read:/app/shop.py").await)["text"], "app = 1");
    assert_eq!(json(&response(&guest, "read:/page.html").await)["text"], "<p>page");
    for act in ["write:/app/shop.py", "write:/app/new", "read:/app/../etc/passwd", "read:/shop.py"] {
        let answer = json(&response(&guest, act).await);
        assert!(answer["error"].is_string(), "{act}: {answer}");
    }
}

#[tokio::test]
async fn the_temporary_folder_is_empty_for_every_request() {
    let scratch = tempfile::tempdir().unwrap();
    let guest = guest_with(options(Grants { scratch: Some(scratch.path().to_owned()), ..Grants::default() }));
    for _ in 0..3 {
        assert_eq!(json(&response(&guest, "list:/tmp").await)["names"], serde_json::json!([]));
        assert_eq!(json(&response(&guest, "write:/tmp/note").await)["written"], "/tmp/note");
    }
    let outside = json(&response(&guest, "write:/outside").await)["error"].to_string();
    assert!(outside.contains("No such file") || outside.contains("pre-opened"), "{outside}");
    drop(guest);
    common::emptied(scratch.path()).await;
}

#[tokio::test]
async fn folders_of_a_guest_that_fails_are_removed_too() {
    let scratch = tempfile::tempdir().unwrap();
    let guest = guest_with(options(Grants { scratch: Some(scratch.path().to_owned()), ..Grants::default() }));
    let (answer, _) = common::act(&guest, "trap").await;
    assert!(answer.result.is_err());
    answer.after.finish().await;
    drop(guest);
    common::emptied(scratch.path()).await;
}

#[tokio::test]
async fn a_granted_folder_that_is_missing_is_named() {
    let guest = guest_with(options(Grants { assets: Some("no/such/folder".into()), ..Grants::default() }));
    let (answer, _) = common::act(&guest, "state").await;
    let fault = answer.result.unwrap_err().to_string();
    assert!(fault.contains("no/such/folder"), "{fault}");
}
