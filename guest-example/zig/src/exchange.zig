//! Reads requests from the host, and sends responses to it.

const std = @import("std");

const Request = @import("request.zig");
const Response = @import("response.zig");
const wasi = @import("wasi");

const log = std.log.scoped(.router);

/// The number of bytes of a body that are read at once.
const piece_read = 65536;
/// The most that the host takes in one call (wasi:io/streams, `blocking-write-and-flush`).
const piece_written = 4096;

/// Reads all of a request into the arena.
pub fn read(arena: std.mem.Allocator, own: wasi.wasi_http_types_own_incoming_request_t) !Request {
    defer wasi.wasi_http_types_incoming_request_drop_own(own);
    const incoming = wasi.wasi_http_types_borrow_incoming_request(own);
    return .{
        .method = try method(arena, incoming),
        .path_with_query = try optional(arena, incoming, wasi.wasi_http_types_method_incoming_request_path_with_query) orelse "/",
        .scheme = try scheme(arena, incoming),
        .authority = try optional(arena, incoming, wasi.wasi_http_types_method_incoming_request_authority),
        .headers = try headers(arena, incoming),
        .body = try body(arena, incoming),
    };
}

const Incoming = wasi.wasi_http_types_borrow_incoming_request_t;

fn method(arena: std.mem.Allocator, incoming: Incoming) ![]const u8 {
    const names = [_][]const u8{ "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH" };
    var variant: wasi.wasi_http_types_method_t = .{};
    wasi.wasi_http_types_method_incoming_request_method(incoming, &variant);
    defer wasi.wasi_http_types_method_free(&variant);
    return if (variant.tag == wasi.WASI_HTTP_TYPES_METHOD_OTHER) copy(arena, variant.val.other) else names[variant.tag];
}

fn scheme(arena: std.mem.Allocator, incoming: Incoming) !?[]const u8 {
    var variant: wasi.wasi_http_types_scheme_t = .{};
    if (!wasi.wasi_http_types_method_incoming_request_scheme(incoming, &variant)) return null;
    defer wasi.wasi_http_types_scheme_free(&variant);
    return switch (variant.tag) {
        wasi.WASI_HTTP_TYPES_SCHEME_HTTP => "http",
        wasi.WASI_HTTP_TYPES_SCHEME_HTTPS => "https",
        else => try copy(arena, variant.val.other),
    };
}

fn optional(
    arena: std.mem.Allocator,
    incoming: Incoming,
    get: *const fn (Incoming, [*c]wasi.router_string_t) callconv(.c) bool,
) !?[]const u8 {
    var string: wasi.router_string_t = .{};
    if (!get(incoming, &string)) return null;
    defer wasi.router_string_free(&string);
    return try copy(arena, string);
}

fn headers(arena: std.mem.Allocator, incoming: Incoming) ![]const Request.Header {
    const fields = wasi.wasi_http_types_method_incoming_request_headers(incoming);
    defer wasi.wasi_http_types_fields_drop_own(fields);
    var entries: wasi.wasi_http_types_list_tuple2_field_name_field_value_t = .{};
    wasi.wasi_http_types_method_fields_entries(wasi.wasi_http_types_borrow_fields(fields), &entries);
    defer wasi.wasi_http_types_list_tuple2_field_name_field_value_free(&entries);
    const all = try arena.alloc(Request.Header, entries.len);
    for (all, 0..) |*header, index| {
        header.* = .{ .name = try copy(arena, entries.ptr[index].f0), .value = try copy(arena, entries.ptr[index].f1) };
    }
    return all;
}

fn body(arena: std.mem.Allocator, incoming: Incoming) ![]const u8 {
    var own: wasi.wasi_http_types_own_incoming_body_t = .{};
    if (!wasi.wasi_http_types_method_incoming_request_consume(incoming, &own)) return error.BodyBroken;
    defer wasi.wasi_http_types_incoming_body_drop_own(own);
    var stream: wasi.wasi_http_types_own_input_stream_t = .{};
    if (!wasi.wasi_http_types_method_incoming_body_stream(wasi.wasi_http_types_borrow_incoming_body(own), &stream)) return error.BodyBroken;
    defer wasi.wasi_io_streams_input_stream_drop_own(stream);

    var bytes: std.ArrayList(u8) = .empty;
    while (true) {
        var piece: wasi.router_list_u8_t = .{};
        var failure: wasi.wasi_io_streams_stream_error_t = .{};
        const borrowed = wasi.wasi_io_streams_borrow_input_stream(stream);
        if (!wasi.wasi_io_streams_method_input_stream_blocking_read(borrowed, piece_read, &piece, &failure)) {
            defer wasi.wasi_io_streams_stream_error_free(&failure);
            return if (failure.tag == wasi.WASI_IO_STREAMS_STREAM_ERROR_CLOSED) bytes.items else error.BodyBroken;
        }
        defer wasi.router_list_u8_free(&piece);
        try bytes.appendSlice(arena, slice(piece));
    }
}

/// Sends a response to the host: first status and headers, then the body.
pub fn send(out: wasi.wasi_http_types_own_response_outparam_t, response: *const Response) void {
    const outgoing = head(response);
    var own: wasi.wasi_http_types_own_outgoing_body_t = .{};
    // The body of a new response can be taken once.
    _ = wasi.wasi_http_types_method_outgoing_response_body(wasi.wasi_http_types_borrow_outgoing_response(outgoing), &own);
    var result: wasi.wasi_http_types_result_own_outgoing_response_error_code_t = .{ .is_err = false };
    result.val.ok = outgoing;
    wasi.wasi_http_types_static_response_outparam_set(out, &result);

    var failure: wasi.wasi_http_types_error_code_t = .{};
    const written = write(wasi.wasi_http_types_borrow_outgoing_body(own), response.body);
    if (!wasi.wasi_http_types_static_outgoing_body_finish(own, null, &failure) or !written) {
        log.err("the host did not take the whole body", .{});
    }
}

fn head(response: *const Response) wasi.wasi_http_types_own_outgoing_response_t {
    const fields = wasi.wasi_http_types_constructor_fields();
    append(fields, "content-type", response.content_type);
    if (response.allow) |allow| append(fields, "allow", allow);
    const outgoing = wasi.wasi_http_types_constructor_outgoing_response(fields);
    const borrowed = wasi.wasi_http_types_borrow_outgoing_response(outgoing);
    if (!wasi.wasi_http_types_method_outgoing_response_set_status_code(borrowed, response.status)) {
        log.err("the host does not take the status {d}", .{response.status});
    }
    return outgoing;
}

fn append(fields: wasi.wasi_http_types_own_fields_t, name: []const u8, value: []const u8) void {
    var own_name: wasi.router_string_t = .{ .ptr = @constCast(name.ptr), .len = name.len };
    var own_value: wasi.wasi_http_types_field_value_t = .{ .ptr = @constCast(value.ptr), .len = value.len };
    var failure: wasi.wasi_http_types_header_error_t = undefined;
    if (!wasi.wasi_http_types_method_fields_append(wasi.wasi_http_types_borrow_fields(fields), &own_name, &own_value, &failure)) {
        log.err("the host does not take the header {s}", .{name});
    }
}

fn write(own: wasi.wasi_http_types_borrow_outgoing_body_t, bytes: []const u8) bool {
    var stream: wasi.wasi_http_types_own_output_stream_t = .{};
    if (!wasi.wasi_http_types_method_outgoing_body_write(own, &stream)) return false;
    // The stream must be dropped before its body.
    defer wasi.wasi_io_streams_output_stream_drop_own(stream);
    var pieces = std.mem.window(u8, bytes, piece_written, piece_written);
    while (pieces.next()) |piece| {
        if (piece.len == 0) break;
        var list: wasi.router_list_u8_t = .{ .ptr = @constCast(piece.ptr), .len = piece.len };
        var failure: wasi.wasi_io_streams_stream_error_t = .{};
        const borrowed = wasi.wasi_io_streams_borrow_output_stream(stream);
        if (!wasi.wasi_io_streams_method_output_stream_blocking_write_and_flush(borrowed, &list, &failure)) return false;
    }
    return true;
}

/// The common layout of bytes, strings and lists in the bindings.
fn slice(list: anytype) []const u8 {
    return if (list.len == 0) "" else list.ptr[0..list.len];
}

fn copy(arena: std.mem.Allocator, list: anytype) ![]const u8 {
    return arena.dupe(u8, slice(list));
}
