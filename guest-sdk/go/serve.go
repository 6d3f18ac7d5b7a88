package guest

import "net/http"

// Serve answers requests with handler, or with [http.DefaultServeMux] if it is nil. Call it once, in main. It does not
// return: code after it in main does not run.
//
// In a component it waits for the host's requests. On any other system it is an ordinary server, on 127.0.0.1:8080, or
// on the address in the environment variable LISTEN.
func Serve(handler http.Handler) {
	if handler == nil {
		handler = http.DefaultServeMux
	}
	serve(handler)
}

// answer calls handler for a request, and completes the response even if the handler panics.
func answer(handler http.Handler, w *response, r *http.Request) {
	returned := false
	defer func() {
		reason := recover()
		if reason == nil {
			reason = "the handler has ended its goroutine"
		}
		switch {
		case returned:
			w.finish()
		case reason == http.ErrAbortHandler:
			w.abort()
		default:
			logPanic(r, reason)
			if w.sent {
				w.abort()
			} else {
				w.fail(http.StatusInternalServerError, "internal server error\n")
			}
		}
	}()
	handler.ServeHTTP(w, r)
	returned = true
}
