//go:build wasip1

package wasi

import (
	"context"
	"net/http"
	"unsafe"
)

// An IncomingRequest is a request that we are to answer.
type IncomingRequest struct{ handle uint32 }

// TakeRequest takes ownership of the request from the host.
func TakeRequest(handle uint32) IncomingRequest { return IncomingRequest{handle} }

// Drop gives the request back; its body lives on.
func (r IncomingRequest) Drop() { incomingRequestDrop(r.handle) }

// Method is the method, in its own letter case.
func (r IncomingRequest) Method() string {
	incomingRequestMethod(r.handle, begin())
	defer end()
	return result().method(0)
}

// Target is path and query as the client sent them; "/" if there is none.
func (r IncomingRequest) Target() string {
	incomingRequestPathWithQuery(r.handle, begin())
	defer end()
	if target := result().optionalString(0); target != "" {
		return target
	}
	return "/"
}

// Secure reports whether the client used https.
func (r IncomingRequest) Secure() bool {
	incomingRequestScheme(r.handle, begin())
	defer end()
	v := result()
	return v.byte(0) == 1 && v.byte(4) == 1
}

// Authority is the host that the client asked for; empty if it named none.
func (r IncomingRequest) Authority() string {
	incomingRequestAuthority(r.handle, begin())
	defer end()
	return result().optionalString(0)
}

// Header is a copy of the header.
func (r IncomingRequest) Header() http.Header { return takeFields(incomingRequestHeaders(r.handle)) }

// Body takes the body; it can be taken once.
func (r IncomingRequest) Body(ctx context.Context, trailer func(http.Header)) (*IncomingBody, error) {
	incomingRequestConsume(r.handle, begin())
	v := result()
	failed, body := v.byte(0) != 0, v.uint32(4)
	end()
	if failed {
		return nil, errTaken
	}
	return newIncomingBody(ctx, body, trailer)
}

//go:wasmimport wasi:http/types@0.2.12 [method]incoming-request.method
func incomingRequestMethod(self uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [method]incoming-request.path-with-query
func incomingRequestPathWithQuery(self uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [method]incoming-request.scheme
func incomingRequestScheme(self uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [method]incoming-request.authority
func incomingRequestAuthority(self uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [method]incoming-request.headers
func incomingRequestHeaders(self uint32) uint32

//go:wasmimport wasi:http/types@0.2.12 [method]incoming-request.consume
func incomingRequestConsume(self uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [resource-drop]incoming-request
func incomingRequestDrop(self uint32)
