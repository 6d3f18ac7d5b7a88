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

// A line is what a request says before its header.
type line struct {
	method    string
	target    string        // path and query, as the client sent them
	authority func() string // asked where no field tells the host
	secure    bool          // the client came by https
}

// newRequest makes of line and header what net/http's server would have made of them. The body is still to be set, and so
// is ContentLength where it is -1, which is where the header does not tell it. The header is taken over.
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
	// As in net/http, the host is no field of the header.
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
	// A copy, of which there is no other way: r itself is none of the heap's then.
	return r.WithContext(ctx), nil
}

// first is the field's first value; the name is canonical.
func first(header http.Header, name string) string {
	if values := header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// contentLength is what the header states; -1 if it states nothing.
func contentLength(header http.Header) (int64, error) {
	text := first(header, "Content-Length")
	if text == "" {
		return -1, nil
	}
	// Without a sign, which ParseUint sees to; and within int64.
	length, err := strconv.ParseUint(strings.TrimSpace(text), 10, 63)
	if err != nil {
		return 0, fmt.Errorf("the Content-Length %q is invalid", text)
	}
	return int64(length), nil
}

// announced has a key for each trailer that the header names; nil if it names none. As in net/http, the header does not keep
// the names.
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

// merge takes the trailers over that came; nothing if none were announced.
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
