const std = @import("std");

const Request = @import("request.zig");

/// The request and its Lambda invocation as the handler sees them, as JSON.
pub fn seen(arena: std.mem.Allocator, request: *const Request) ![]const u8 {
    var text: std.Io.Writer.Allocating = .init(arena);
    var json: std.json.Stringify = .{ .writer = &text.writer, .options = .{ .whitespace = .indent_2 } };
    try json.beginObject();
    try member(&json, "method", request.method);
    try member(&json, "path_with_query", request.path_with_query);
    try member(&json, "scheme", request.scheme);
    try member(&json, "authority", request.authority);
    try json.objectField("headers");
    try byName(arena, &json, request.headers);
    try member(&json, "lambda_context", try lambdaContext(arena, request));
    try json.endObject();
    try text.writer.writeByte('\n');
    return text.written();
}

fn member(json: *std.json.Stringify, name: []const u8, value: anytype) !void {
    try json.objectField(name);
    try json.write(value);
}

/// Each name with the list of its values.
fn byName(arena: std.mem.Allocator, json: *std.json.Stringify, headers: []const Request.Header) !void {
    try json.beginObject();
    for (headers, 0..) |first, index| {
        if (find(headers[0..index], first.name)) continue;
        try json.objectField(first.name);
        try json.beginArray();
        for (headers[index..]) |header| {
            if (std.mem.eql(u8, header.name, first.name)) try json.write(try utf8(arena, header.value));
        }
        try json.endArray();
    }
    try json.endObject();
}

fn find(headers: []const Request.Header, name: []const u8) bool {
    for (headers) |header| {
        if (std.mem.eql(u8, header.name, name)) return true;
    }
    return false;
}

/// The context is JSON in a header. Null outside Lambda.
fn lambdaContext(arena: std.mem.Allocator, request: *const Request) !std.json.Value {
    const header = request.header("x-amzn-lambda-context") orelse return .null;
    return std.json.parseFromSliceLeaky(std.json.Value, arena, header, .{}) catch
        .{ .string = try utf8(arena, header) };
}

/// Bytes that are not UTF-8 become U+FFFD, because JSON has only text.
fn utf8(arena: std.mem.Allocator, bytes: []const u8) ![]const u8 {
    return std.fmt.allocPrint(arena, "{f}", .{std.unicode.fmtUtf8(bytes)});
}
