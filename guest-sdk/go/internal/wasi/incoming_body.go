//go:build wasip1

package wasi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"unsafe"
)

// An IncomingBody is the body of a request that we answer, or of a response that we asked for.
type IncomingBody struct {
	ctx context.Context
	// cancel ends a read that waits. It is made with the first such read: most bodies are there at once.
	cancel atomic.Pointer[context.CancelCauseFunc]
	closed atomic.Bool
	// trailer receives the trailers at the end; nil if none were announced.
	trailer func(http.Header)

	lock   sync.Mutex
	body   uint32
	stream uint32
	// peeked is the data that was read to see whether the body is empty.
	peeked []byte
	// err is the error that every further read returns.
	err error
}

// newIncomingBody takes over a body. Reads that wait end with ctx.
func newIncomingBody(ctx context.Context, body uint32, trailer func(http.Header)) (*IncomingBody, error) {
	incomingBodyStream(body, begin())
	v := result()
	failed, stream := v.byte(0) != 0, v.uint32(4)
	end()
	if failed {
		incomingBodyDrop(body)
		return nil, errTaken
	}
	return &IncomingBody{ctx: ctx, body: body, stream: stream, trailer: trailer}, nil
}

// Empty reports whether the end is reached already, without waiting.
func (b *IncomingBody) Empty() bool {
	b.lock.Lock()
	defer b.lock.Unlock()
	if b.err == nil && b.peeked == nil {
		b.note(receive(b.stream, 512, func(came []byte) { b.peeked = bytes.Clone(came) }))
	}
	return b.err == io.EOF && len(b.peeked) == 0
}

// Read waits until there is something, as [io.Reader] says.
func (b *IncomingBody) Read(p []byte) (int, error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	if len(p) == 0 {
		return 0, nil
	}
	if len(b.peeked) > 0 {
		n := copy(p, b.peeked)
		b.peeked = b.peeked[n:]
		return n, nil
	}
	for b.err == nil {
		n, err := readStream(b.stream, p)
		b.note(err)
		if n > 0 {
			return n, nil
		}
		if b.err == nil {
			b.note(b.wait())
		}
	}
	return 0, b.err
}

// wait waits until there is something, or the end; and no longer than until Close.
func (b *IncomingBody) wait() error {
	if b.cancel.Load() == nil {
		ctx, cancel := context.WithCancelCause(b.ctx)
		b.ctx = ctx
		b.cancel.Store(&cancel)
	}
	if b.closed.Load() {
		return http.ErrBodyReadAfterClose
	}
	return wait(b.ctx, inputSubscribe(b.stream))
}

// Close drops the rest of the body. A read that waits ends.
func (b *IncomingBody) Close() error {
	b.closed.Store(true)
	if cancel := b.cancel.Load(); cancel != nil {
		(*cancel)(http.ErrBodyReadAfterClose)
	}
	b.lock.Lock()
	defer b.lock.Unlock()
	b.peeked = nil
	b.note(http.ErrBodyReadAfterClose)
	return nil
}

// note keeps the first error, and drops the host's resources then: nothing comes after it.
func (b *IncomingBody) note(err error) {
	if err == nil || b.err != nil {
		return
	}
	b.err = err
	inputDrop(b.stream)
	if err == io.EOF && b.trailer != nil {
		if trailer := finishIncoming(b.ctx, b.body); trailer != nil {
			b.trailer(trailer)
		}
		return
	}
	incomingBodyDrop(b.body)
}

// finishIncoming gives up a body for its trailers; nil if there are none, or if they are lost.
func finishIncoming(ctx context.Context, body uint32) http.Header {
	future := incomingBodyFinish(body)
	defer futureTrailersDrop(future)
	for {
		fields, done := trailersFields(future)
		if done {
			if fields == 0 {
				return nil
			}
			return takeFields(fields)
		}
		if wait(ctx, futureTrailersSubscribe(future)) != nil {
			return nil
		}
	}
}

// trailersFields reads option<result<result<option<trailers>, error-code>>>: each level is aligned to 8.
func trailersFields(future uint32) (fields uint32, done bool) {
	futureTrailersGet(future, begin())
	defer end()
	v := result()
	if v.byte(0) == 0 {
		return 0, false
	}
	if v.byte(8) == 0 && v.byte(16) == 0 && v.byte(24) == 1 {
		return v.uint32(28), true
	}
	return 0, true
}

var errTaken = errors.New("wasi:http: the body was taken before")

//go:wasmimport wasi:http/types@0.2.12 [method]incoming-body.stream
func incomingBodyStream(self uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [static]incoming-body.finish
func incomingBodyFinish(self uint32) uint32

//go:wasmimport wasi:http/types@0.2.12 [resource-drop]incoming-body
func incomingBodyDrop(self uint32)

//go:wasmimport wasi:http/types@0.2.12 [method]future-trailers.subscribe
func futureTrailersSubscribe(self uint32) uint32

//go:wasmimport wasi:http/types@0.2.12 [method]future-trailers.get
func futureTrailersGet(self uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [resource-drop]future-trailers
func futureTrailersDrop(self uint32)
