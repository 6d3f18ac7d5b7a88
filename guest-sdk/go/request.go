package guest

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// A line is the request line.
type line struct {
	method    string
	target    string        // path and query, as the client sent them
	authority func() string // called if no field has the host
	secure    bool          // the client used https
}

// newRequest makes the same request of line and header as net/http's server. The caller sets the body, and
// ContentLength if it is -1, that is, if the header does not state it. The request takes ownership of the header.
func newRequest(ctx context.Context, line line, header http.Header) (*http.Request, error) {
	target, err := url.ParseRequestURI(line.target)
	if err != nil {
		return nil, fmt.Errorf("the request's path is invalid: %w", err)
	}
	length, err := contentLength(header)
	if err != nil {
		return nil, err
	}
	host := first(header, "Host")
	if host == "" {
		host = line.authority()
	}
	// As in net/http, the host is not a field of the header.
	delete(header, "Host")
	r := &http.Request{
		Method:        line.method,
		URL:           target,
		RequestURI:    line.target,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Host:          host,
		ContentLength: length,
		Trailer:       announced(header),
		Body:          http.NoBody,
	}
	if address := first(header, client); address != "" {
		r.RemoteAddr = net.JoinHostPort(address, "0")
	}
	if line.secure {
		r.TLS = &tls.ConnectionState{HandshakeComplete: true, ServerName: hostname(host)}
	}
	// WithContext returns a copy; so r itself need not be on the heap.
	return r.WithContext(ctx), nil
}

// first is the field's first value; the name is canonical.
func first(header http.Header, name string) string {
	if values := header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// contentLength returns the length that the header states; -1 if it states none.
func contentLength(header http.Header) (int64, error) {
	text := first(header, "Content-Length")
	if text == "" {
		return -1, nil
	}
	// ParseUint refuses a sign; 63 bits keep the number within int64.
	length, err := strconv.ParseUint(strings.TrimSpace(text), 10, 63)
	if err != nil {
		return 0, fmt.Errorf("the Content-Length %q is invalid", text)
	}
	return int64(length), nil
}

// announced returns a key for each trailer that the header names; nil if it names none. As in net/http, the names are
// removed from the header.
func announced(header http.Header) http.Header {
	if _, told := header["Trailer"]; !told {
		return nil
	}
	var trailer http.Header
	for _, name := range elements(header, "Trailer") {
		if trailer == nil {
			trailer = http.Header{}
		}
		trailer[http.CanonicalHeaderKey(name)] = nil
	}
	delete(header, "Trailer")
	return trailer
}

// merge copies the trailers that arrived; it copies none if none were announced.
func merge(trailer http.Header) func(http.Header) {
	if trailer == nil {
		return nil
	}
	return func(came http.Header) {
		for name, values := range came {
			trailer[name] = values
		}
	}
}

func hostname(authority string) string {
	if host, _, err := net.SplitHostPort(authority); err == nil {
		return host
	}
	return authority
}
