//! A router behind a load balancer, as a wasi:http component.
//!
//! The routes are plain functions from Request to Response, in router.zig. Only this file and exchange.zig talk to the
//! host.

const std = @import("std");

const exchange = @import("exchange.zig");
const Response = @import("response.zig");
const router = @import("router.zig");
const wasi = @import("wasi");

export fn exports_wasi_http_incoming_handler_handle(
    incoming: wasi.exports_wasi_http_incoming_handler_own_incoming_request_t,
    out: wasi.exports_wasi_http_incoming_handler_own_response_outparam_t,
) void {
    var arena: std.heap.ArenaAllocator = .init(std.heap.c_allocator);
    defer arena.deinit();
    const response: Response = answer(arena.allocator(), incoming) catch |err| switch (err) {
        error.BodyBroken => .text(400, "the request's body ended early\n"),
        else => .text(500, "out of memory\n"),
    };
    exchange.send(out, &response);
}

fn answer(arena: std.mem.Allocator, incoming: wasi.wasi_http_types_own_incoming_request_t) !Response {
    const request = try exchange.read(arena, incoming);
    return router.answer(arena, &request);
}
