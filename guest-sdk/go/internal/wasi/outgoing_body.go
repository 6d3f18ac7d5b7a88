//go:build wasip1

package wasi

import (
	"context"
	"net/http"
	"unsafe"
)

// An OutgoingBody is the body of a response that we give, or of a request that we make. It ends by Finish or Abort.
type OutgoingBody struct {
	body   uint32
	stream uint32
}

func newOutgoingBody(body uint32) (*OutgoingBody, error) {
	outgoingBodyWrite(body, begin())
	v := result()
	failed, stream := v.byte(0) != 0, v.uint32(4)
	end()
	if failed {
		outgoingBodyDrop(body)
		return nil, errTaken
	}
	return &OutgoingBody{body, stream}, nil
}

// Write writes all of p, and waits where the host wants it, until ctx ends.
func (b *OutgoingBody) Write(ctx context.Context, p []byte) error {
	return writeStream(ctx, b.stream, p)
}

// Flush makes the host pass on the written data.
func (b *OutgoingBody) Flush() error { return flushStream(b.stream) }

// Finish writes the last part and ends the body in good order, once the host has all of it. The stream goes first, else
// the host ends the instance.
func (b *OutgoingBody) Finish(ctx context.Context, last []byte, trailer http.Header, refused func(error)) error {
	if err := finishStream(ctx, b.stream, last); err != nil {
		b.Abort()
		return err
	}
	outputDrop(b.stream)
	var some, fields uint32
	if len(trailer) > 0 {
		some, fields = 1, newFields(trailer, refused)
	}
	outgoingBodyFinish(b.body, some, fields, begin())
	defer end()
	if v := result(); v.byte(0) != 0 {
		return v.error(8)
	}
	return nil
}

// Abort breaks the body off: its reader sees that it is incomplete.
func (b *OutgoingBody) Abort() {
	outputDrop(b.stream)
	outgoingBodyDrop(b.body)
}

//go:wasmimport wasi:http/types@0.2.12 [method]outgoing-body.write
func outgoingBodyWrite(self uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [static]outgoing-body.finish
func outgoingBodyFinish(self, some, trailers uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [resource-drop]outgoing-body
func outgoingBodyDrop(self uint32)
