//go:build !wasip1

package guest

import "net/http"

// native is saved before a program can make a Transport the default one.
var native = http.DefaultTransport

// RoundTrip passes the request to [http.DefaultTransport].
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	return native.RoundTrip(r)
}
