package guest

import (
	"context"
	"log"
	"net/http"
	"os"
	"sync"
	_ "unsafe" // for go:linkname

	"funcserver.example/guest/internal/wake"
	"funcserver.example/guest/internal/wasi"
)

// programMain is the program's main. A component is a library, and Go initialises a library without running its main.
//
//go:linkname programMain main.main
func programMain()

var (
	// handlers receives the handler that main passes to Serve. It is nil until main runs.
	handlers chan http.Handler
	// handlerOnce runs main until it serves. It is nil if main ends without.
	handlerOnce = sync.OnceValue(func() http.Handler {
		handlers = make(chan http.Handler)
		go func() {
			defer close(handlers)
			programMain()
		}()
		return <-handlers
	})
	serving bool
)

func serve(handler http.Handler) {
	if handlers == nil {
		panic("guest: Serve was called before main: call it in main")
	}
	if serving {
		panic("guest: Serve was called twice")
	}
	serving = true
	handlers <- handler
	// main stays blocked in Serve, as in any server: its deferred calls would close values that the handler uses.
	select {}
}

// handle is the export of wasi:http/incoming-handler. All goroutines stop once it returns.
//
//go:wasmexport wasi:http/incoming-handler@0.2.12#handle
func handle(request, outparam uint32) {
	if wake.Do != nil {
		wake.Do()
		wake.Do = nil
	}
	returned := false
	defer func() {
		// This goroutine is the one that returns to the host: a handler that ends it (runtime.Goexit) ends the
		// instance.
		if !returned {
			os.Exit(1)
		}
	}()
	exchange(wasi.TakeRequest(request), wasi.Outparam(outparam))
	returned = true
}

// exchange answers one request.
func exchange(incoming wasi.IncomingRequest, outparam wasi.Outparam) {
	line := line{incoming.Method(), incoming.Target(), incoming.Authority, incoming.Secure()}
	header := incoming.Header()
	w := newResponse(&outgoing{outparam: outparam}, line.method == http.MethodHead)
	ctx := &exchangeContext{lambda: first(header, lambdaContext)}
	defer ctx.cancel()
	r, err := newRequest(ctx, line, header)
	if err != nil {
		incoming.Drop()
		w.fail(http.StatusBadRequest, err.Error()+"\n")
		return
	}
	body, err := incoming.Body(ctx, merge(r.Trailer))
	incoming.Drop()
	if err != nil {
		w.fail(http.StatusInternalServerError, err.Error()+"\n")
		return
	}
	defer body.Close()
	giveBody(r, body)

	handler := handlerOnce()
	if handler == nil {
		log.Print("guest: main has returned without calling guest.Serve")
		w.fail(http.StatusInternalServerError, "internal server error\n")
		return
	}
	answer(handler, w, r)
}

// giveBody sets the request's body and its ContentLength.
func giveBody(r *http.Request, body *wasi.IncomingBody) {
	if r.ContentLength < 0 && body.Empty() {
		r.ContentLength = 0
	}
	if r.ContentLength != 0 {
		r.Body = body
	}
}

// outgoing is the sink that writes to the host.
type outgoing struct {
	outparam wasi.Outparam
	body     *wasi.OutgoingBody
}

func (o *outgoing) head(status int, header http.Header) (err error) {
	o.body, err = o.outparam.Send(status, header, refused)
	return err
}

// Writing waits as long as the host makes it wait: the host ends the instance at its deadline.
func (o *outgoing) write(p []byte) error { return o.body.Write(context.Background(), p) }

func (o *outgoing) flush() error { return o.body.Flush() }

func (o *outgoing) finish(last []byte, trailer http.Header) error {
	return o.body.Finish(context.Background(), last, trailer, refused)
}

func (o *outgoing) abort() {
	if o.body == nil {
		o.outparam.Fail()
		return
	}
	o.body.Abort()
}

func refused(err error) { log.Printf("guest: %v", err) }
