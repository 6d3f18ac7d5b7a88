//go:build wasip1

package wasi

import (
	"fmt"
	"net/http"
	"unsafe"
)

// An Outparam is where the answer to a request goes: once.
type Outparam uint32

// Send sends status and header, and returns the body that is to follow. A field that the host does not take is left out,
// and told to refused. On an error no answer was given yet.
func (o Outparam) Send(status int, header http.Header, refused func(error)) (*OutgoingBody, error) {
	response := outgoingResponseNew(newFields(header, refused))
	// 200 is what it begins with.
	if status != http.StatusOK && outgoingResponseSetStatus(response, uint32(status)) != 0 {
		outgoingResponseDrop(response)
		return nil, fmt.Errorf("wasi:http: the host does not take the status %d", status)
	}
	outgoingResponseBody(response, begin())
	v := result()
	failed, body := v.byte(0) != 0, v.uint32(4)
	end()
	if failed {
		outgoingResponseDrop(response)
		return nil, errTaken
	}
	outparamSet(uint32(o), 0, response, 0, 0, 0, 0, 0, 0)
	return newOutgoingBody(body)
}

// Fail tells the host that there is no answer.
func (o Outparam) Fail() { outparamSet(uint32(o), 1, responseIncomplete, 0, 0, 0, 0, 0, 0) }

//go:wasmimport wasi:http/types@0.2.12 [constructor]outgoing-response
func outgoingResponseNew(headers uint32) uint32

//go:wasmimport wasi:http/types@0.2.12 [method]outgoing-response.set-status-code
func outgoingResponseSetStatus(self, status uint32) uint32

//go:wasmimport wasi:http/types@0.2.12 [method]outgoing-response.body
func outgoingResponseBody(self uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [resource-drop]outgoing-response
func outgoingResponseDrop(self uint32)

// The arguments after the outparam are a result<outgoing-response, error-code>, flattened: its case; the response or the
// error's case; and what holds every error's payload.
//
//go:wasmimport wasi:http/types@0.2.12 [static]response-outparam.set
func outparamSet(self, failed, responseOrCase, p0 uint32, p1 uint64, p2, p3, p4, p5 uint32)
