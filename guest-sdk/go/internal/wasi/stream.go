//go:build wasip1

package wasi

import (
	"context"
	"errors"
	"io"
	"unsafe"
)

// maxRead is the most that is read at once: it must fit into scratch.
const maxRead = 256 << 10

var errClosed = errors.New("wasi:io: the other side has closed the stream")

// readStream reads without waiting: no bytes and no error mean that none are there yet. io.EOF at the end.
func readStream(stream uint32, p []byte) (n int, err error) {
	err = receive(stream, min(len(p), maxRead), func(came []byte) { n = copy(p, came) })
	return n, err
}

// receive reads at most so much without waiting. The data that take gets is valid until the next call.
func receive(stream uint32, most int, take func([]byte)) error {
	inputRead(stream, uint64(most), begin())
	defer end()
	v := result()
	if v.byte(0) == 0 {
		take(v.bytes(4))
		return nil
	}
	err := v.streamError(4)
	if err == errClosed {
		err = io.EOF
	}
	return err
}

// writeStream writes all of p, and waits where the host wants it.
func writeStream(ctx context.Context, stream uint32, p []byte) error {
	for len(p) > 0 {
		n, err := checkWrite(stream)
		if err != nil {
			return err
		}
		if n == 0 {
			if err := wait(ctx, outputSubscribe(stream)); err != nil {
				return err
			}
			continue
		}
		chunk := p[:min(uint64(len(p)), n)]
		if err := writeChunk(stream, chunk); err != nil {
			return err
		}
		p = p[len(chunk):]
	}
	return nil
}

// maxBlocking is how much can be written and flushed by one call of the host.
const maxBlocking = 4096

// finishStream writes the last part, and waits until the host has passed on all data.
func finishStream(ctx context.Context, stream uint32, last []byte) error {
	if len(last) == 0 {
		drainStream(ctx, stream)
		return nil
	}
	rest := max(len(last)-maxBlocking, 0)
	if err := writeStream(ctx, stream, last[:rest]); err != nil {
		return err
	}
	// One call in place of four. Until it returns no goroutine runs, but there is little left to do for them.
	last = last[rest:]
	outputBlockingWriteAndFlush(stream, unsafe.Pointer(unsafe.SliceData(last)), uint32(len(last)), begin())
	defer end()
	return result().writeResult()
}

// flushStream makes the host pass on the written data, and does not wait for it: the next write does.
func flushStream(stream uint32) error {
	outputFlush(stream, begin())
	defer end()
	return result().writeResult()
}

// drainStream waits until the host has passed on the written data. It tells no errors: a host that knows the length
// closes the stream after the last byte, and whether the body is whole is for its end to say.
func drainStream(ctx context.Context, stream uint32) {
	for err := flushStream(stream); err == nil; err = wait(ctx, outputSubscribe(stream)) {
		if n, err := checkWrite(stream); n > 0 || err != nil {
			return
		}
	}
}

func checkWrite(stream uint32) (uint64, error) {
	outputCheckWrite(stream, begin())
	defer end()
	v := result()
	if v.byte(0) != 0 {
		return 0, v.streamError(8)
	}
	return v.uint64(8), nil
}

func writeChunk(stream uint32, chunk []byte) error {
	outputWrite(stream, unsafe.Pointer(unsafe.SliceData(chunk)), uint32(len(chunk)), begin())
	defer end()
	return result().writeResult()
}

// writeResult reads a result<_, stream-error>.
func (v view) writeResult() error {
	if v.byte(0) == 0 {
		return nil
	}
	return v.streamError(4)
}

// streamError reads the stream-error at that place, and drops the resource in it. It uses the return area again.
func (v view) streamError(at int) error {
	if v.byte(at) != 0 {
		return errClosed
	}
	failure := v.uint32(at + 4)
	defer errorDrop(failure)

	calling, scratchEnd = true, 0
	httpErrorCode(failure, unsafe.Pointer(&area))
	if v := result(); v.byte(0) == 1 {
		return v.error(8)
	}
	calling, scratchEnd = true, 0
	errorToDebugString(failure, unsafe.Pointer(&area))
	return errors.New("wasi:io: " + result().string(0))
}

//go:wasmimport wasi:io/streams@0.2.12 [method]input-stream.read
func inputRead(self uint32, length uint64, result unsafe.Pointer)

//go:wasmimport wasi:io/streams@0.2.12 [method]input-stream.subscribe
func inputSubscribe(self uint32) uint32

//go:wasmimport wasi:io/streams@0.2.12 [resource-drop]input-stream
func inputDrop(self uint32)

//go:wasmimport wasi:io/streams@0.2.12 [method]output-stream.check-write
func outputCheckWrite(self uint32, result unsafe.Pointer)

//go:wasmimport wasi:io/streams@0.2.12 [method]output-stream.write
func outputWrite(self uint32, contents unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport wasi:io/streams@0.2.12 [method]output-stream.blocking-write-and-flush
func outputBlockingWriteAndFlush(self uint32, contents unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport wasi:io/streams@0.2.12 [method]output-stream.flush
func outputFlush(self uint32, result unsafe.Pointer)

//go:wasmimport wasi:io/streams@0.2.12 [method]output-stream.subscribe
func outputSubscribe(self uint32) uint32

//go:wasmimport wasi:io/streams@0.2.12 [resource-drop]output-stream
func outputDrop(self uint32)

//go:wasmimport wasi:io/error@0.2.12 [method]error.to-debug-string
func errorToDebugString(self uint32, result unsafe.Pointer)

//go:wasmimport wasi:io/error@0.2.12 [resource-drop]error
func errorDrop(self uint32)

//go:wasmimport wasi:http/types@0.2.12 http-error-code
func httpErrorCode(failure uint32, result unsafe.Pointer)
