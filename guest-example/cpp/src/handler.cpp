// A router behind a load balancer, as a wasi:http component.
//
// The routes are plain functions from Request to Response, in router.cpp. Only this file talks to the host.

#include <algorithm>
#include <cstdio>
#include <expected>
#include <span>

#include "../bindings/router_cpp.h"
#include "router.hpp"

namespace {

namespace http = wasi::http::types;
namespace streams = wasi::io::streams;

// The number of bytes of a body that are read at once.
constexpr std::uint64_t piece_read = 65536;
// The most that the host takes in one call (wasi:io/streams, `blocking-write-and-flush`).
constexpr std::size_t piece_written = 4096;

std::string name(const http::Method &method) {
    // In the order of the variant.
    constexpr const char *names[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};
    if (auto *other = std::get_if<http::Method::Other>(&method.variants)) return other->value.to_string();
    return names[method.variants.index()];
}

std::string name(const http::Scheme &scheme) {
    if (auto *other = std::get_if<http::Scheme::Other>(&scheme.variants)) return other->value.to_string();
    return std::holds_alternative<http::Scheme::Http>(scheme.variants) ? "http" : "https";
}

// The body, or nothing if it ends early.
std::optional<std::string> read_body(const http::IncomingRequest &incoming) {
    auto body = incoming.Consume();
    if (!body) return std::nullopt;
    // Declared after the body, and so dropped before it.
    auto stream = body->Stream();
    if (!stream) return std::nullopt;
    std::string bytes;
    for (;;) {
        auto piece = stream->BlockingRead(piece_read);
        if (piece) {
            bytes.append(reinterpret_cast<const char *>(piece->data()), piece->size());
        } else if (std::holds_alternative<streams::StreamError::Closed>(piece.error().variants)) {
            return bytes;
        } else {
            return std::nullopt;
        }
    }
}

// Reads the request from the host. Nothing if the body ends early.
std::optional<Request> read(const http::IncomingRequest &incoming) {
    auto text = [](const wit::string &text) { return text.to_string(); };
    Request request;
    request.method = name(incoming.Method());
    request.path_with_query = incoming.PathWithQuery().transform(text).value_or("/");
    request.scheme = incoming.Scheme().transform([](const http::Scheme &scheme) { return name(scheme); });
    request.authority = incoming.Authority().transform(text);
    for (const auto &[name, value] : incoming.Headers().Entries().get_const_view()) {
        request.headers.emplace_back(name.get_view(), std::string(value.get_const_view().begin(), value.get_const_view().end()));
    }
    auto body = read_body(incoming);
    if (!body) return std::nullopt;
    request.body = std::move(*body);
    return request;
}

std::span<const std::uint8_t> bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t *>(text.data()), text.size()};
}

http::OutgoingResponse head(const Response &response) {
    http::Fields fields;
    for (const auto &[name, value] : response.headers) {
        if (!fields.Append(name, bytes(value))) std::fprintf(stderr, "the host does not take the header %s\n", name.c_str());
    }
    http::OutgoingResponse outgoing(std::move(fields));
    if (!outgoing.SetStatusCode(response.status)) std::fprintf(stderr, "the host does not take the status %u\n", response.status);
    return outgoing;
}

bool write(const http::OutgoingBody &body, std::string_view text) {
    auto stream = body.Write();
    if (!stream) return false;
    for (; !text.empty(); text.remove_prefix(std::min(text.size(), piece_written))) {
        if (!stream->BlockingWriteAndFlush(bytes(text.substr(0, piece_written)))) return false;
    }
    return true;
}

// Sends a response to the host: first status and headers, then the body.
void send(http::ResponseOutparam &&out, const Response &response) {
    auto outgoing = head(response);
    auto body = outgoing.Body();
    http::ResponseOutparam::Set(std::move(out), std::move(outgoing));
    bool written = body && write(*body, response.body) && http::OutgoingBody::Finish(std::move(*body), std::nullopt);
    if (!written) std::fprintf(stderr, "the host did not take the whole body\n");
}

} // namespace

void exports::wasi::http::incoming_handler::Handle(IncomingRequest &&incoming, ResponseOutparam &&out) {
    auto request = read(incoming);
    send(std::move(out), request ? answer(*request) : Response::text(400, "the request's body ended early\n"));
}
