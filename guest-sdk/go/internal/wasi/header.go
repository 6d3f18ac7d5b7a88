package wasi

import (
	"net/http"
	"net/textproto"
)

// header copies the list of names and values at that place.
func (v view) header(at int) http.Header {
	count := v.count(at)
	header := make(http.Header, count)
	// One array for all: most names have one value.
	values := make([]string, 0, count)
	for i := range count {
		entry := v.element(at, 16, i)
		name, value := canonical(entry.bytes(0)), entry.string(8)
		if others := header[name]; len(others) > 0 {
			header[name] = append(others, value)
			continue
		}
		values = append(values, value)
		header[name] = values[len(values)-1 : len(values) : len(values)]
	}
	return header
}

// canonical is the name as net/http has it.
func canonical(name []byte) string {
	if known, ok := known[string(name)]; ok {
		return known
	}
	return textproto.CanonicalMIMEHeaderKey(string(name))
}

// known has the canonical forms of the names that most requests have: they need no copy then.
var known = func() map[string]string {
	names := [...]string{
		"accept", "accept-charset", "accept-encoding", "accept-language", "authorization", "cache-control", "content-encoding",
		"content-length", "content-type", "cookie", "date", "dnt", "etag", "host", "if-match", "if-modified-since",
		"if-none-match", "if-unmodified-since", "last-modified", "location", "origin", "pragma", "priority", "range",
		"referer", "sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform", "sec-fetch-dest", "sec-fetch-mode",
		"sec-fetch-site", "sec-fetch-user", "server", "set-cookie", "te", "traceparent", "trailer",
		"upgrade-insecure-requests", "user-agent", "vary", "via", "x-amzn-lambda-context", "x-amzn-request-context",
		"x-amzn-trace-id", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto",
		"x-funcserver-client", "x-request-id", "x-requested-with",
	}
	known := make(map[string]string, len(names))
	for _, name := range names {
		known[name] = textproto.CanonicalMIMEHeaderKey(name)
	}
	return known
}()
