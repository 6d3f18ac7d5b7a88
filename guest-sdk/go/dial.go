package guest

import (
	"context"
	"net"
)

// Dial opens a TCP connection to a server that the host allows: an entry of network.allow begins with tcp://, tls:// or
// postgres://. It has the type that clients of databases take in place of a net.Dialer: DialFunc of pgx, Dialer of
// go-redis, and others.
//
// Where the entry is tls:// or postgres://, the host makes TLS, and the program speaks as on a plain connection. On any
// other system Dial is that of a net.Dialer.
//
// Deadlines and contexts end it, and reading and writing, as usual.
func Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return dial(ctx, network, address)
}

// LookupHost returns the name itself, for clients that look a name up before they call Dial, such as pgx by its
// LookupFunc: in a component, Dial takes names. On any other system it is that of [net.DefaultResolver].
func LookupHost(ctx context.Context, name string) ([]string, error) {
	return lookupHost(ctx, name)
}
