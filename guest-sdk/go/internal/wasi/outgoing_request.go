//go:build wasip1

package wasi

import (
	"context"
	"fmt"
	"net/http"
	"time"
	"unsafe"
)

// An OutgoingRequest is a request to another server.
type OutgoingRequest struct {
	Method    string
	Secure    bool // https
	Authority string
	Target    string // path and query
	Header    http.Header
	HasBody   bool
	// The host's own time limits; 0 is the host's choice.
	ConnectTimeout, FirstByteTimeout, BetweenBytesTimeout time.Duration
	// Refused is told which header fields the host does not take.
	Refused func(error)
}

// Send passes the request to the host. The body is nil if HasBody is false; the response comes once it is written, or
// before.
func (r *OutgoingRequest) Send() (*OutgoingBody, *FutureResponse, error) {
	request := outgoingRequestNew(newFields(r.Header, r.Refused))
	if err := r.describe(request); err != nil {
		outgoingRequestDrop(request)
		return nil, nil, err
	}
	var body *OutgoingBody
	if r.HasBody {
		var err error
		if body, err = takeRequestBody(request); err != nil {
			outgoingRequestDrop(request)
			return nil, nil, err
		}
	}
	some, options := r.options()
	outgoingHandle(request, some, options, begin())
	defer end()
	v := result()
	if v.byte(0) != 0 {
		err := v.error(8)
		if body != nil {
			body.Abort()
		}
		return nil, nil, err
	}
	return body, &FutureResponse{v.uint32(8)}, nil
}

// describe sets all but the header.
func (r *OutgoingRequest) describe(request uint32) error {
	which, other := methodCase(r.Method)
	if outgoingRequestSetMethod(request, which, other) != 0 {
		return fmt.Errorf("wasi:http: the host does not take the method %q", r.Method)
	}
	if outgoingRequestSetPathWithQuery(request, 1, r.Target) != 0 {
		return fmt.Errorf("wasi:http: the host does not take the path %q", r.Target)
	}
	scheme := uint32(0)
	if r.Secure {
		scheme = 1
	}
	if outgoingRequestSetScheme(request, 1, scheme, "") != 0 {
		return fmt.Errorf("wasi:http: the host does not take the scheme")
	}
	if outgoingRequestSetAuthority(request, 1, r.Authority) != 0 {
		return fmt.Errorf("wasi:http: the host does not take the authority %q", r.Authority)
	}
	return nil
}

// options are the time limits as an option<request-options>. A limit that the host does not support is left to the
// context.
func (r *OutgoingRequest) options() (some, options uint32) {
	if r.ConnectTimeout <= 0 && r.FirstByteTimeout <= 0 && r.BetweenBytesTimeout <= 0 {
		return 0, 0
	}
	options = requestOptionsNew()
	if r.ConnectTimeout > 0 {
		requestOptionsSetConnect(options, 1, uint64(r.ConnectTimeout))
	}
	if r.FirstByteTimeout > 0 {
		requestOptionsSetFirstByte(options, 1, uint64(r.FirstByteTimeout))
	}
	if r.BetweenBytesTimeout > 0 {
		requestOptionsSetBetweenBytes(options, 1, uint64(r.BetweenBytesTimeout))
	}
	return 1, options
}

func takeRequestBody(request uint32) (*OutgoingBody, error) {
	outgoingRequestBody(request, begin())
	v := result()
	failed, body := v.byte(0) != 0, v.uint32(4)
	end()
	if failed {
		return nil, errTaken
	}
	return newOutgoingBody(body)
}

// A FutureResponse is a response that is awaited. It has to be dropped.
type FutureResponse struct{ handle uint32 }

// Drop gives it up.
func (f *FutureResponse) Drop() { futureResponseDrop(f.handle) }

// Wait waits for the response, until ctx ends.
func (f *FutureResponse) Wait(ctx context.Context) (*IncomingResponse, error) {
	for {
		response, err := f.get()
		if response != nil || err != nil {
			return response, err
		}
		if err := wait(ctx, futureResponseSubscribe(f.handle)); err != nil {
			return nil, err
		}
	}
}

// get reads option<result<result<incoming-response, error-code>>>: each level is aligned to 8. Neither response nor
// error while there is none.
func (f *FutureResponse) get() (*IncomingResponse, error) {
	futureResponseGet(f.handle, begin())
	defer end()
	switch v := result(); {
	case v.byte(0) == 0:
		return nil, nil
	case v.byte(8) != 0:
		return nil, errTaken
	case v.byte(16) != 0:
		return nil, v.error(24)
	default:
		return &IncomingResponse{v.uint32(24)}, nil
	}
}

// An IncomingResponse is a response that we asked for.
type IncomingResponse struct{ handle uint32 }

// Drop gives the response back; its body lives on.
func (r *IncomingResponse) Drop() { incomingResponseDrop(r.handle) }

// Status is the status code.
func (r *IncomingResponse) Status() int { return int(incomingResponseStatus(r.handle)) }

// Header is a copy of the header.
func (r *IncomingResponse) Header() http.Header { return takeFields(incomingResponseHeaders(r.handle)) }

// Body takes the body; it can be taken once.
func (r *IncomingResponse) Body(ctx context.Context, trailer func(http.Header)) (*IncomingBody, error) {
	incomingResponseConsume(r.handle, begin())
	v := result()
	failed, body := v.byte(0) != 0, v.uint32(4)
	end()
	if failed {
		return nil, errTaken
	}
	return newIncomingBody(ctx, body, trailer)
}

//go:wasmimport wasi:http/types@0.2.12 [constructor]outgoing-request
func outgoingRequestNew(headers uint32) uint32

//go:wasmimport wasi:http/types@0.2.12 [method]outgoing-request.set-method
func outgoingRequestSetMethod(self, which uint32, other string) uint32

//go:wasmimport wasi:http/types@0.2.12 [method]outgoing-request.set-path-with-query
func outgoingRequestSetPathWithQuery(self, some uint32, target string) uint32

//go:wasmimport wasi:http/types@0.2.12 [method]outgoing-request.set-scheme
func outgoingRequestSetScheme(self, some, which uint32, other string) uint32

//go:wasmimport wasi:http/types@0.2.12 [method]outgoing-request.set-authority
func outgoingRequestSetAuthority(self, some uint32, authority string) uint32

//go:wasmimport wasi:http/types@0.2.12 [method]outgoing-request.body
func outgoingRequestBody(self uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [resource-drop]outgoing-request
func outgoingRequestDrop(self uint32)

//go:wasmimport wasi:http/types@0.2.12 [constructor]request-options
func requestOptionsNew() uint32

//go:wasmimport wasi:http/types@0.2.12 [method]request-options.set-connect-timeout
func requestOptionsSetConnect(self, some uint32, nanoseconds uint64) uint32

//go:wasmimport wasi:http/types@0.2.12 [method]request-options.set-first-byte-timeout
func requestOptionsSetFirstByte(self, some uint32, nanoseconds uint64) uint32

//go:wasmimport wasi:http/types@0.2.12 [method]request-options.set-between-bytes-timeout
func requestOptionsSetBetweenBytes(self, some uint32, nanoseconds uint64) uint32

//go:wasmimport wasi:http/outgoing-handler@0.2.12 handle
func outgoingHandle(request, some, options uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [method]future-incoming-response.subscribe
func futureResponseSubscribe(self uint32) uint32

//go:wasmimport wasi:http/types@0.2.12 [method]future-incoming-response.get
func futureResponseGet(self uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [resource-drop]future-incoming-response
func futureResponseDrop(self uint32)

//go:wasmimport wasi:http/types@0.2.12 [method]incoming-response.status
func incomingResponseStatus(self uint32) uint32

//go:wasmimport wasi:http/types@0.2.12 [method]incoming-response.headers
func incomingResponseHeaders(self uint32) uint32

//go:wasmimport wasi:http/types@0.2.12 [method]incoming-response.consume
func incomingResponseConsume(self uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [resource-drop]incoming-response
func incomingResponseDrop(self uint32)
