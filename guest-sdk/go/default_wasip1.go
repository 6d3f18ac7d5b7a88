package guest

import (
	"context"
	"errors"
	"net"
	"net/http"
)

var errSockets = errors.New("net.Dial has no sockets in a component; use guest.Dial, and for HTTP http.DefaultClient or guest.Transport")

// The default transport hands its requests to the host, so that http.Get and the clients of libraries work. It stays
// an *http.Transport, because programs assert that, and a program that sets its own keeps it.
func init() {
	if transport, ok := http.DefaultTransport.(*http.Transport); ok {
		transport.RegisterProtocol("http", &Transport{})
		transport.RegisterProtocol("https", &Transport{})
		// HTTP/2 would register itself for https.
		transport.ForceAttemptHTTP2 = false
		transport.Protocols = new(http.Protocols)
		transport.Protocols.SetHTTP1(true)
		// A clone has no registered protocols: it dials.
		transport.DialContext = func(_ context.Context, network, address string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: network, Addr: dialed{network, address}, Err: errSockets}
		}
	}
	// net.Dial looks a name up first.
	net.DefaultResolver.PreferGo = true
	net.DefaultResolver.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, errSockets }
}

// dialed is an address that was not looked up.
type dialed struct{ network, address string }

func (n dialed) Network() string { return n.network }
func (n dialed) String() string  { return n.address }
