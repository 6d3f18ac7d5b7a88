const std = @import("std");

const headers = @import("headers.zig");
const pages = @import("pages.zig");
const Request = @import("request.zig");
const Response = @import("response.zig");

const Route = enum { home, products, articles, headers, echo };

const routes = std.StaticStringMap(Route).initComptime(.{
    .{ "/", .home },
    .{ "/products", .products },
    .{ "/articles", .articles },
    .{ "/headers", .headers },
    .{ "/echo", .echo },
});

/// Routes a request. HEAD is answered as GET, without the body.
pub fn answer(arena: std.mem.Allocator, request: *const Request) !Response {
    const head = std.mem.eql(u8, request.method, "HEAD");
    const method = if (head) "GET" else request.method;
    var response = try routed(arena, request, method);
    if (head) response.body = "";
    return response;
}

fn routed(arena: std.mem.Allocator, request: *const Request, method: []const u8) !Response {
    const route = routes.get(request.path()) orelse return .text(404, "not found\n");
    const wanted = if (route == .echo) "POST" else "GET";
    if (!std.mem.eql(u8, method, wanted)) {
        var response: Response = .text(405, "method not allowed\n");
        response.allow = if (route == .echo) "POST" else "GET, HEAD";
        return response;
    }
    return switch (route) {
        .home => .html(pages.home),
        .products => .html(pages.products),
        .articles => .html(pages.articles),
        .headers => .json(try headers.seen(arena, request)),
        .echo => .{
            .content_type = request.header("content-type") orelse "application/octet-stream",
            .body = request.body,
        },
    };
}
