package guest

import (
	"net/http"
	"time"

	"funcserver.example/guest/internal/wasi"
)

// A Transport is an [http.RoundTripper] over wasi:http/outgoing-handler, by which a component reaches other servers, as far
// as the host lets it. The zero value is ready to use. On any other system it hands requests to [http.DefaultTransport].
//
// Requests go on at the same time: each in a goroutine of its own, as ever. Connections and TLS are the host's
// affair. A response is not decompressed.
type Transport struct {
	// The host's own time limits: for connecting, for the first byte of the response, and between two of its bytes. 0 leaves
	// them to the host. A request's context counts besides.
	ConnectTimeout, FirstByteTimeout, BetweenBytesTimeout time.Duration
}

var _ http.RoundTripper = (*Transport)(nil)

// An Error is what the host says of a request that was not answered. Find it with [errors.As].
type Error = wasi.Error
