package guest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"funcserver.example/guest/internal/wasi"
)

// userAgent is sent where a request names none: some servers want one.
const userAgent = "funcserver-guest-go"

// RoundTrip makes one request, as [http.RoundTripper] says.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, future, err := t.send(r)
	if err != nil {
		closeBody(r)
		return nil, err
	}
	defer future.Drop()
	ctx, stop := context.WithCancelCause(r.Context())
	if body != nil {
		// The server may answer before it has the whole body.
		go func() {
			if err := writeBody(ctx, body, r); err != nil {
				stop(err)
			}
		}()
	}
	incoming, err := future.Wait(ctx)
	if err != nil {
		stop(err)
		return nil, err
	}
	response, err := received(ctx, stop, r, incoming)
	if err != nil {
		stop(err)
	}
	return response, err
}

// send passes the request to the host. The body that it returns is nil if there is none to write.
func (t *Transport) send(r *http.Request) (*wasi.OutgoingBody, *wasi.FutureResponse, error) {
	if r.URL == nil || r.URL.Host == "" || r.URL.Scheme != "http" && r.URL.Scheme != "https" {
		return nil, nil, fmt.Errorf("guest: cannot request %v: it needs http or https, and a host", r.URL)
	}
	header := carried(r.Header)
	if _, told := r.Header["User-Agent"]; !told {
		header.Set("User-Agent", userAgent)
	}
	hasBody := r.Body != nil && r.Body != http.NoBody
	switch {
	case r.ContentLength > 0:
		header.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	case !hasBody && (r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch):
		header.Set("Content-Length", "0")
	}
	outgoing := wasi.OutgoingRequest{
		Method:              r.Method,
		Secure:              r.URL.Scheme == "https",
		Authority:           r.URL.Host,
		Target:              r.URL.RequestURI(),
		Header:              header,
		HasBody:             hasBody,
		ConnectTimeout:      t.ConnectTimeout,
		FirstByteTimeout:    t.FirstByteTimeout,
		BetweenBytesTimeout: t.BetweenBytesTimeout,
		Refused:             refused,
	}
	if outgoing.Method == "" {
		outgoing.Method = http.MethodGet
	}
	return outgoing.Send()
}

// writeBody writes a request's body, and closes it. Its error is the reader's: the server's own comes with the
// response.
func writeBody(ctx context.Context, body *wasi.OutgoingBody, r *http.Request) error {
	defer closeBody(r)
	writer := &bodyWriter{ctx: ctx, body: body}
	_, err := io.Copy(writer, r.Body)
	if err != nil {
		body.Abort()
		if writer.failed {
			return nil
		}
		return err
	}
	// This fails if the length differs from the stated one.
	return body.Finish(ctx, nil, carried(r.Trailer), refused)
}

// bodyWriter remembers on which side a copy failed.
type bodyWriter struct {
	ctx    context.Context
	body   *wasi.OutgoingBody
	failed bool
}

func (w *bodyWriter) Write(p []byte) (int, error) {
	if err := w.body.Write(w.ctx, p); err != nil {
		w.failed = true
		return 0, err
	}
	return len(p), nil
}

// received converts the host's response to one of net/http.
func received(
	ctx context.Context, stop context.CancelCauseFunc, r *http.Request, incoming *wasi.IncomingResponse,
) (*http.Response, error) {
	defer incoming.Drop()
	status, header := incoming.Status(), incoming.Header()
	length, err := contentLength(header)
	if err != nil {
		return nil, err
	}
	trailer := announced(header)
	body, err := incoming.Body(ctx, merge(trailer))
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", status, http.StatusText(status)),
		StatusCode:    status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		ContentLength: length,
		Body:          &responseBody{body, stop},
		Trailer:       trailer,
		Request:       r,
	}, nil
}

// responseBody ends the exchange when it is closed.
type responseBody struct {
	*wasi.IncomingBody
	stop context.CancelCauseFunc
}

func (b *responseBody) Close() error {
	b.stop(errEnded)
	return b.IncomingBody.Close()
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
}
