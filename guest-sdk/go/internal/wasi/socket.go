//go:build wasip1

package wasi

import (
	"errors"
	"io"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"unsafe"
)

// A Socket is an open TCP connection. One goroutine may read while another one writes.
type Socket struct {
	socket, input, output uint32
	reading, writing      sync.Mutex
	closed                chan struct{}
	closing               sync.Once
	// LocalPort is the connection's own port.
	LocalPort uint16
}

// wouldBlock is the error-code that means: not yet.
const wouldBlock = 8

// lookupErrors are the error-codes from name-unresolvable on.
const lookupErrors = 18

// errnos are the error-codes of wasi:sockets/network up to there, as the system calls tell them.
var errnos = [lookupErrors]syscall.Errno{
	syscall.EIO, syscall.EACCES, syscall.ENOTSUP, syscall.EINVAL, syscall.ENOMEM, syscall.ETIMEDOUT, syscall.EALREADY,
	syscall.EINVAL, syscall.EAGAIN, syscall.EINVAL, syscall.EMFILE, syscall.EADDRNOTAVAIL, syscall.EADDRINUSE,
	syscall.EHOSTUNREACH, syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EMSGSIZE,
}

func socketError(code byte) error {
	if int(code) < len(errnos) {
		return errnos[code]
	}
	return errors.New("the name cannot be resolved")
}

// LookUp returns an address of the name. The host's own may stand for the name: it resolves the name to connect.
func LookUp(name string) (netip.Addr, error) {
	network := instanceNetwork()
	defer networkDrop(network)
	resolveAddresses(network, name, begin())
	v := result()
	failed, code, stream := v.byte(0) != 0, v.byte(4), v.uint32(4)
	end()
	if failed {
		return netip.Addr{}, socketError(code)
	}
	defer resolveDrop(stream)
	for {
		address, code := nextAddress(stream)
		switch {
		case code == 0 && address.IsValid():
			return address, nil
		case code == 0:
			return netip.Addr{}, errors.New("the name has no address")
		case code != wouldBlock:
			return netip.Addr{}, socketError(code)
		}
		waitFor(nil, resolveSubscribe(stream))
	}
}

// nextAddress reads a result<option<ip-address>, error-code>. An error-code of 0 means that there is none.
func nextAddress(stream uint32) (netip.Addr, byte) {
	resolveNext(stream, begin())
	defer end()
	switch v := result(); {
	case v.byte(0) != 0:
		return netip.Addr{}, max(v.byte(2), 1)
	case v.byte(2) == 0:
		return netip.Addr{}, 0
	case v.byte(4) == 0:
		return netip.AddrFrom4([4]byte(v.area[6:10])), 0
	default:
		var bytes [16]byte
		for i := range 8 {
			// Each group is a number in the memory's own order.
			bytes[2*i], bytes[2*i+1] = v.area[7+2*i], v.area[6+2*i]
		}
		return netip.AddrFrom16(bytes), 0
	}
}

// Connect opens a connection, until done is closed.
func Connect(done <-chan struct{}, to netip.AddrPort) (*Socket, error) {
	family := uint32(0)
	if to.Addr().Is6() {
		family = 1
	}
	createSocket(family, begin())
	v := result()
	failed, code, socket := v.byte(0) != 0, v.byte(4), v.uint32(4)
	end()
	if failed {
		return nil, socketError(code)
	}
	if err := startConnect(socket, to); err != nil {
		socketDrop(socket)
		return nil, err
	}
	for {
		input, output, code := finishConnect(socket)
		switch code {
		case 0:
			return &Socket{
				socket: socket, input: input, output: output, closed: make(chan struct{}), LocalPort: localPort(socket),
			}, nil
		case wouldBlock:
		default:
			socketDrop(socket)
			return nil, socketError(code)
		}
		if !waitFor(done, socketSubscribe(socket)) {
			socketDrop(socket)
			return nil, os.ErrDeadlineExceeded
		}
	}
}

// startConnect passes an ip-socket-address, flattened: its case, and what holds the fields of both.
func startConnect(socket uint32, to netip.AddrPort) error {
	network := instanceNetwork()
	defer networkDrop(network)
	port := uint32(to.Port())
	if to.Addr().Is4() {
		a := to.Addr().As4()
		connectStart(socket, network, 0, port, uint32(a[0]), uint32(a[1]), uint32(a[2]), uint32(a[3]), 0, 0, 0, 0, 0, 0, begin())
	} else {
		a := to.Addr().As16()
		group := func(i int) uint32 { return uint32(a[2*i])<<8 | uint32(a[2*i+1]) }
		connectStart(socket, network, 1, port, 0, group(0), group(1), group(2), group(3), group(4), group(5), group(6), group(7), 0, begin())
	}
	defer end()
	if v := result(); v.byte(0) != 0 {
		return socketError(v.byte(1))
	}
	return nil
}

// finishConnect returns the streams. An error-code of 0 means that there is no error.
func finishConnect(socket uint32) (input, output uint32, code byte) {
	connectFinish(socket, begin())
	defer end()
	v := result()
	if v.byte(0) != 0 {
		return 0, 0, max(v.byte(4), 1)
	}
	return v.uint32(4), v.uint32(8), 0
}

// Read reads what has come, and waits for the first byte until done is closed.
func (s *Socket) Read(done func() <-chan struct{}, p []byte) (int, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	for {
		if err := s.check(done); err != nil {
			return 0, err
		}
		n, err := readStream(s.input, p)
		if n > 0 || err != nil || len(p) == 0 {
			return n, err
		}
		s.wait(done, inputSubscribe(s.input))
	}
}

// Write writes all of p, until done is closed.
func (s *Socket) Write(done func() <-chan struct{}, p []byte) (written int, err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	for len(p) > 0 {
		if err := s.check(done); err != nil {
			return written, err
		}
		room, err := checkWrite(s.output)
		if err != nil {
			return written, brokenPipe(err)
		}
		if room == 0 {
			s.wait(done, outputSubscribe(s.output))
			continue
		}
		chunk := p[:min(uint64(len(p)), room)]
		if err := writeChunk(s.output, chunk); err != nil {
			return written, brokenPipe(err)
		}
		written += len(chunk)
		p = p[len(chunk):]
	}
	return written, nil
}

func brokenPipe(err error) error {
	if err == errClosed {
		return syscall.EPIPE
	}
	return err
}

// check tells whether the socket is closed, or the time is over.
func (s *Socket) check(done func() <-chan struct{}) error {
	select {
	case <-s.closed:
		return io.ErrClosedPipe
	default:
	}
	select {
	case <-done():
		return os.ErrDeadlineExceeded
	default:
		return nil
	}
}

// wait waits for a pollable of the socket, until it is closed or the time is over.
func (s *Socket) wait(done func() <-chan struct{}, pollable uint32) {
	waitForAny(done(), s.closed, pollable)
}

// CloseWrite tells the server that nothing more comes.
func (s *Socket) CloseWrite() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.check(func() <-chan struct{} { return nil }); err != nil {
		return err
	}
	socketShutdown(s.socket, 1, begin())
	defer end()
	if v := result(); v.byte(0) != 0 {
		return socketError(v.byte(1))
	}
	return nil
}

// Close closes the connection. Goroutines that use it return.
func (s *Socket) Close() error {
	err := io.ErrClosedPipe
	s.closing.Do(func() {
		close(s.closed)
		s.reading.Lock()
		defer s.reading.Unlock()
		s.writing.Lock()
		defer s.writing.Unlock()
		inputDrop(s.input)
		outputDrop(s.output)
		socketDrop(s.socket)
		err = nil
	})
	return err
}

func localPort(socket uint32) uint16 {
	socketLocalAddress(socket, begin())
	defer end()
	v := result()
	if v.byte(0) != 0 {
		return 0
	}
	// A record in a variant in a result: each level is aligned to 4.
	return uint16(v.uint32(8))
}

//go:wasmimport wasi:sockets/instance-network@0.2.12 instance-network
func instanceNetwork() uint32

//go:wasmimport wasi:sockets/network@0.2.12 [resource-drop]network
func networkDrop(self uint32)

//go:wasmimport wasi:sockets/ip-name-lookup@0.2.12 resolve-addresses
func resolveAddresses(network uint32, name string, result unsafe.Pointer)

//go:wasmimport wasi:sockets/ip-name-lookup@0.2.12 [method]resolve-address-stream.resolve-next-address
func resolveNext(self uint32, result unsafe.Pointer)

//go:wasmimport wasi:sockets/ip-name-lookup@0.2.12 [method]resolve-address-stream.subscribe
func resolveSubscribe(self uint32) uint32

//go:wasmimport wasi:sockets/ip-name-lookup@0.2.12 [resource-drop]resolve-address-stream
func resolveDrop(self uint32)

//go:wasmimport wasi:sockets/tcp-create-socket@0.2.12 create-tcp-socket
func createSocket(family uint32, result unsafe.Pointer)

//go:wasmimport wasi:sockets/tcp@0.2.12 [method]tcp-socket.start-connect
func connectStart(self, network, which, p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10 uint32, result unsafe.Pointer)

//go:wasmimport wasi:sockets/tcp@0.2.12 [method]tcp-socket.finish-connect
func connectFinish(self uint32, result unsafe.Pointer)

//go:wasmimport wasi:sockets/tcp@0.2.12 [method]tcp-socket.local-address
func socketLocalAddress(self uint32, result unsafe.Pointer)

//go:wasmimport wasi:sockets/tcp@0.2.12 [method]tcp-socket.subscribe
func socketSubscribe(self uint32) uint32

//go:wasmimport wasi:sockets/tcp@0.2.12 [method]tcp-socket.shutdown
func socketShutdown(self, which uint32, result unsafe.Pointer)

//go:wasmimport wasi:sockets/tcp@0.2.12 [resource-drop]tcp-socket
func socketDrop(self uint32)
