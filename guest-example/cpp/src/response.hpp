#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

// A complete response. The host sets its length.
struct Response {
    std::uint16_t status;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;

    static Response html(std::string page) { return of(200, "text/html; charset=utf-8", std::move(page)); }
    static Response json(std::string json) { return of(200, "application/json", std::move(json)); }
    static Response text(std::uint16_t status, std::string text) {
        return of(status, "text/plain; charset=utf-8", std::move(text));
    }
    static Response of(std::uint16_t status, std::string content_type, std::string body) {
        return {status, {{"content-type", std::move(content_type)}}, std::move(body)};
    }
};
