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
	text := v.text(at, count)
	for i := range count {
		entry := v.element(at, 16, i)
		name, value := canonical(entry.bytes(0)), text.string(entry, 8)
		if others := header[name]; len(others) > 0 {
			header[name] = append(others, value)
			continue
		}
		values = append(values, value)
		header[name] = values[len(values)-1 : len(values) : len(values)]
	}
	return header
}

// A text is a copy of the part of memory in which the values of a list lie, made at once.
type text struct {
	copied string
	start  uint32
}

func (v view) text(at, count int) text {
	start, end := ^uint32(0), uint32(0)
	for i := range count {
		entry := v.element(at, 16, i)
		// One without length may lie anywhere.
		if address, length := entry.uint32(8), entry.uint32(12); length > 0 {
			start, end = min(start, address), max(end, address+length)
		}
	}
	if start >= end {
		return text{}
	}
	return text{string(v.memory(start, end-start)), start}
}

// string is the string whose address is at that place.
func (t text) string(v view, at int) string {
	length := v.uint32(at + 4)
	if length == 0 {
		return ""
	}
	return t.copied[v.uint32(at)-t.start:][:length]
}

// canonical is the name as net/http has it.
func canonical(name []byte) string {
	if len(name) < len(known) {
		for _, known := range known[len(name)] {
			if string(name) == known.asSent {
				return known.canonical
			}
		}
	}
	return textproto.CanonicalMIMEHeaderKey(string(name))
}

// A knownName is a name that many requests have: it needs no copy.
type knownName struct{ asSent, canonical string }

// known has them by their length.
var known = func() (known [26][]knownName) {
	for _, name := range [...]string{
		"accept", "accept-charset", "accept-encoding", "accept-language", "authorization", "cache-control", "content-encoding",
		"content-length", "content-type", "cookie", "date", "dnt", "etag", "host", "if-match", "if-modified-since",
		"if-none-match", "if-unmodified-since", "last-modified", "location", "origin", "pragma", "priority", "range",
		"referer", "sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform", "sec-fetch-dest", "sec-fetch-mode",
		"sec-fetch-site", "sec-fetch-user", "server", "set-cookie", "te", "traceparent", "trailer",
		"upgrade-insecure-requests", "user-agent", "vary", "via", "x-amzn-lambda-context", "x-amzn-request-context",
		"x-amzn-trace-id", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto",
		"x-funcserver-client", "x-request-id", "x-requested-with",
	} {
		known[len(name)] = append(known[len(name)], knownName{name, textproto.CanonicalMIMEHeaderKey(name)})
	}
	return known
}()
