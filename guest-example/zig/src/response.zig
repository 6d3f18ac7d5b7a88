//! A complete response. The host sets its length.

status: u16 = 200,
content_type: []const u8,
/// The allowed methods of the path, with status 405.
allow: ?[]const u8 = null,
body: []const u8,

const Response = @This();

pub fn html(page: []const u8) Response {
    return .{ .content_type = "text/html; charset=utf-8", .body = page };
}

pub fn json(value: []const u8) Response {
    return .{ .content_type = "application/json", .body = value };
}

pub fn text(status: u16, body: []const u8) Response {
    return .{ .status = status, .content_type = "text/plain; charset=utf-8", .body = body };
}
