package guest

import (
	"net/http"
	"time"

	"funcserver.example/guest/internal/wasi"
)

// A Transport is an [http.RoundTripper] over wasi:http/outgoing-handler, with which a component reaches the servers
// that the host allows. The zero value is ready to use. On any other system it passes requests to
// [http.DefaultTransport].
//
// Requests can run at the same time, each in its own goroutine, as usual. The host makes connections and does TLS. A
// response is not decompressed.
type Transport struct {
	// Timeouts that the host enforces: for connecting, for the first byte of the response, and between two of its
	// bytes. With 0 the host's defaults apply. A request's context applies as well.
	ConnectTimeout, FirstByteTimeout, BetweenBytesTimeout time.Duration
}

var _ http.RoundTripper = (*Transport)(nil)

// An Error is the host's reason why a request was not answered. Find it with [errors.As].
type Error = wasi.Error
