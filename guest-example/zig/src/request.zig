//! A request with its whole body. It lives as long as the arena that holds it.

const std = @import("std");

method: []const u8,
path_with_query: []const u8,
scheme: ?[]const u8,
authority: ?[]const u8,
/// In the order of arrival. A value need not be UTF-8.
headers: []const Header,
body: []const u8,

pub const Header = struct { name: []const u8, value: []const u8 };

const Request = @This();

/// The path without the query.
pub fn path(request: *const Request) []const u8 {
    const end = std.mem.indexOfScalar(u8, request.path_with_query, '?') orelse request.path_with_query.len;
    return request.path_with_query[0..end];
}

/// The first value of a header.
pub fn header(request: *const Request, name: []const u8) ?[]const u8 {
    for (request.headers) |own| {
        if (std.ascii.eqlIgnoreCase(own.name, name)) return own.value;
    }
    return null;
}
