package guest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"time"

	"funcserver.example/guest/internal/wasi"
)

func lookupHost(_ context.Context, name string) ([]string, error) { return []string{name}, nil }

func dial(ctx context.Context, network, address string) (net.Conn, error) {
	remote := dialed{network, address}
	fail := func(err error) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: remote, Err: err}
	}
	if network != "tcp" && network != "tcp4" && network != "tcp6" {
		return fail(net.UnknownNetworkError(network))
	}
	if err := ctx.Err(); err != nil {
		return fail(err)
	}
	to, err := resolve(address)
	if err != nil {
		return fail(err)
	}
	socket, err := wasi.Connect(ctx.Done(), to)
	if err != nil {
		if cause := ctx.Err(); cause != nil {
			err = cause
		}
		return fail(err)
	}
	return &conn{socket: socket, network: network, remote: net.TCPAddrFromAddrPort(to)}, nil
}

func resolve(address string) (netip.AddrPort, error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return netip.AddrPort{}, err
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		return netip.AddrPort{}, &net.AddrError{Err: "the port is no number", Addr: address}
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		ip, err = wasi.LookUp(host)
	}
	if err != nil {
		return netip.AddrPort{}, &net.DNSError{Err: err.Error(), Name: host, UnwrapErr: err}
	}
	return netip.AddrPortFrom(ip.Unmap().WithZone(""), uint16(port)), nil
}

// conn is an open connection.
type conn struct {
	socket        *wasi.Socket
	network       string
	remote        *net.TCPAddr
	reads, writes deadline
}

var _ net.Conn = (*conn)(nil)

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.socket.Read(c.reads.done, p)
	if err == io.EOF {
		return n, err
	}
	return n, c.failed("read", err)
}

func (c *conn) Write(p []byte) (int, error) {
	n, err := c.socket.Write(c.writes.done, p)
	return n, c.failed("write", err)
}

func (c *conn) Close() error { return c.failed("close", c.socket.Close()) }

// CloseWrite tells the server that nothing more comes, as that of [net.TCPConn].
func (c *conn) CloseWrite() error { return c.failed("close", c.socket.CloseWrite()) }

func (c *conn) failed(operation string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.ErrClosedPipe):
		err = net.ErrClosed
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = os.ErrDeadlineExceeded
	}
	return &net.OpError{Op: operation, Net: c.network, Addr: c.remote, Err: err}
}

func (c *conn) RemoteAddr() net.Addr { return c.remote }

// LocalAddr has the port alone: the host does not tell its addresses.
func (c *conn) LocalAddr() net.Addr { return &net.TCPAddr{Port: int(c.socket.LocalPort)} }

func (c *conn) SetDeadline(t time.Time) error {
	c.reads.set(t)
	c.writes.set(t)
	return nil
}

func (c *conn) SetReadDeadline(t time.Time) error {
	c.reads.set(t)
	return nil
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	c.writes.set(t)
	return nil
}
