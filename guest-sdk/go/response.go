package guest

import (
	"errors"
	"fmt"
	"log"
	"net/http"
	"strconv"
	"strings"
)

// A sink receives a response.
type sink interface {
	// head sends status and header. If it returns an error, it has sent nothing.
	head(status int, header http.Header) error
	// write sends a part of the body completely.
	write(p []byte) error
	// flush makes the host pass on the written data.
	flush() error
	// finish sends the last part of the body, and completes it.
	finish(last []byte, trailer http.Header) error
	// abort breaks off the body; if nothing was sent, the whole answer.
	abort()
}

// bufferSize is the size of the buffer for a body. A body that fits is sent in one piece, with its Content-Length.
const bufferSize = 8 << 10

// sniffSize is the number of bytes that determine a body's type ([http.DetectContentType]).
const sniffSize = 512

var errEnded = errors.New("guest: the response has ended")

// A response is an [http.ResponseWriter] over a sink that behaves like net/http's server.
type response struct {
	sink sink
	// toHead is set if the request was HEAD: the body is counted and dropped.
	toHead bool
	header http.Header

	status  int         // 0: not set yet
	sending http.Header // the header as it was when the status was set
	length  int64       // the Content-Length in it; -1 if there is none
	written int64       // by the handler
	buffer  []byte      // not sent yet
	sent    bool        // status and header are out
	ended   bool        // nothing more goes out
	err     error       // the sink's first error
}

func newResponse(sink sink, toHead bool) *response {
	return &response{sink: sink, toHead: toHead, header: http.Header{}, length: -1}
}

// Header returns the header to be sent. Fields that are set after WriteHeader count only as trailers.
func (w *response) Header() http.Header { return w.header }

// WriteHeader sets the status. Informational statuses (1xx) are dropped, because the host cannot send them.
func (w *response) WriteHeader(status int) {
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("guest: invalid status %d in WriteHeader", status))
	}
	if w.status != 0 {
		log.Printf("guest: superfluous WriteHeader(%d): the status is %d already", status, w.status)
		return
	}
	if status < 200 && status != http.StatusSwitchingProtocols {
		return
	}
	w.status = status
	w.sending = carried(w.header)
	for name := range w.sending {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			delete(w.sending, name)
		}
	}
	length, err := contentLength(w.sending)
	if err != nil {
		log.Printf("guest: %v", err)
		w.sending.Del("Content-Length")
		length = -1
	}
	w.length = length
}

// Write adds to the body.
func (w *response) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if len(p) == 0 {
		return 0, nil
	}
	if !w.bodyAllowed() {
		return 0, http.ErrBodyNotAllowed
	}
	if w.length >= 0 && int64(len(p)) > w.length-w.written {
		return 0, http.ErrContentLength
	}
	if w.err != nil {
		return 0, w.err
	}
	if w.ended {
		return 0, errEnded
	}
	w.written += int64(len(p))
	w.take(p)
	if w.err != nil {
		return 0, w.err
	}
	if w.written == w.length && !w.toHead {
		// The client has all of it, whatever the handler does besides.
		w.finish()
	}
	return len(p), w.err
}

// WriteString adds to the body ([io.StringWriter]).
func (w *response) WriteString(text string) (int, error) { return w.Write([]byte(text)) }

// Flush sends the written data ([http.Flusher]).
func (w *response) Flush() { _ = w.FlushError() }

// FlushError sends the written data ([http.ResponseController]).
func (w *response) FlushError() error {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.ended {
		return w.err
	}
	w.send()
	if w.err == nil {
		w.err = w.sink.flush()
	}
	return w.err
}

// EnableFullDuplex does nothing ([http.ResponseController]): a handler may always read while it writes.
func (w *response) EnableFullDuplex() error { return nil }

// CloseNotify returns a channel that receives nothing ([http.CloseNotifier], which gin's streams ask for): a component
// is not told that the client has gone. The request's context ends with the invocation.
func (w *response) CloseNotify() <-chan bool { return make(chan bool) }

// take buffers p, or sends it with the buffered data.
func (w *response) take(p []byte) {
	if w.toHead {
		w.buffer = append(w.buffer, p[:min(len(p), sniffSize-len(w.buffer))]...)
		return
	}
	if len(w.buffer)+len(p) <= bufferSize {
		w.buffer = append(w.buffer, p...)
		return
	}
	if !w.sent {
		// The type is determined by the body's first bytes, which may not be in the buffer yet.
		n := bufferSize - len(w.buffer)
		w.buffer = append(w.buffer, p[:n]...)
		p = p[n:]
	}
	w.send()
	if w.err == nil {
		w.err = w.sink.write(p)
	}
}

// send sends status and header, unless they were sent before, and the buffered data.
func (w *response) send() {
	w.sendHead()
	if len(w.buffer) > 0 && w.err == nil && !w.toHead {
		w.err = w.sink.write(w.buffer)
		w.buffer = w.buffer[:0]
	}
}

func (w *response) sendHead() {
	if w.sent || w.err != nil {
		return
	}
	w.sniff()
	w.err = w.sink.head(w.status, w.sending)
	w.sent = w.err == nil
}

// sniff sets the type of the body if the handler does not. A handler that wants none sets the field to nil.
func (w *response) sniff() {
	_, told := w.header["Content-Type"]
	if _, early := w.sending["Content-Type"]; told || early || len(w.buffer) == 0 || first(w.sending, "Content-Encoding") != "" {
		return
	}
	w.sending["Content-Type"] = []string{http.DetectContentType(w.buffer)}
}

// finish ends the response, once the handler has returned.
func (w *response) finish() {
	if w.ended {
		return
	}
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	trailer := w.trailer()
	if !w.sent && w.length < 0 && len(trailer) == 0 && w.bodyAllowed() && (!w.toHead || w.written > 0) {
		w.sending["Content-Length"] = []string{strconv.FormatInt(w.written, 10)}
	}
	w.sendHead()
	w.ended = true
	if w.err != nil {
		log.Printf("guest: the response was not sent: %v", w.err)
		w.sink.abort()
		return
	}
	last := w.buffer
	if w.toHead {
		last = nil
	}
	// Without a body, the stated length is that of another answer, and the host may report it.
	if err := w.sink.finish(last, trailer); err != nil && !w.toHead && w.bodyAllowed() {
		w.err = err
		log.Printf("guest: the response is not whole: %v", err)
	}
}

// fail answers instead of a handler that did not answer.
func (w *response) fail(status int, text string) {
	w.status, w.written, w.buffer = 0, 0, nil
	w.header = http.Header{"Content-Type": {"text/plain; charset=utf-8"}}
	w.WriteHeader(status)
	_, _ = w.WriteString(text)
	w.finish()
}

// abort breaks the response off.
func (w *response) abort() {
	if !w.ended {
		w.ended = true
		w.sink.abort()
	}
}

// trailer returns the trailers: announced before the body in the field Trailer, or named with [http.TrailerPrefix].
func (w *response) trailer() http.Header {
	var trailer http.Header
	add := func(name string, values []string) {
		if trailer == nil {
			trailer = http.Header{}
		}
		trailer[http.CanonicalHeaderKey(name)] = values
	}
	for _, name := range elements(w.sending, "Trailer") {
		if values := w.header.Values(name); len(values) > 0 {
			add(name, values)
		}
	}
	for name, values := range w.header {
		if name, ok := strings.CutPrefix(name, http.TrailerPrefix); ok {
			add(name, values)
		}
	}
	if trailer == nil {
		return nil
	}
	return carried(trailer)
}

// bodyAllowed reports whether a response with the status may have a body (RFC 9110, sections 15.3.5 and 15.4.5).
func (w *response) bodyAllowed() bool {
	return w.status >= 200 && w.status != http.StatusNoContent && w.status != http.StatusNotModified
}
