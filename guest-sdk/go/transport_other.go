//go:build !wasip1

package guest

import "net/http"

// native is taken before a program can make a Transport the default one.
var native = http.DefaultTransport

// RoundTrip has [http.DefaultTransport] make the request.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	return native.RoundTrip(r)
}
