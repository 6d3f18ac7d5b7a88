//! `funcserver serve --health-check`.

use crate::http::get;
use crate::server::Server;
use crate::tool::Tool;

#[test]
fn a_target_becomes_healthy_with_its_first_check() {
    let tool = Tool::new();
    let server = Server::start(&tool, "--health-check /products --interval 200ms");
    server.log_line("health checks: GET /products every 0.2 s, 0.2 s for an answer; the target is initial");
    server.log_line("target initial -> healthy: 1 check succeeded");
    assert!(!server.log().contains("failed"), "{}", server.log());
}

#[test]
fn an_unhealthy_target_gets_requests_all_the_same() {
    let tool = Tool::new();
    let server = Server::start(&tool, "--health-check /nowhere --interval 100ms --multi-value-headers");
    server.log_line("Target.ResponseCodeMismatch: the status is 404, expected 200");
    server.log_line("target initial -> unhealthy: 2 checks in a row failed");
    assert_eq!(get(server.address, "/", "").status, 200);
}

#[test]
fn the_matcher_says_what_is_healthy() {
    let tool = Tool::new();
    let server = Server::start(&tool, "--health-check /nowhere --interval 100ms --matcher 200,400-404");
    server.log_line("target initial -> healthy");
}

#[test]
fn a_check_that_no_target_group_takes_is_refused() {
    let tool = Tool::new();
    let line = "serve --listen 127.0.0.1:0 --health-check / --interval 1s --check-timeout 2s";
    tool.run(line).failed(&["--check-timeout is longer than --interval"]);
}
