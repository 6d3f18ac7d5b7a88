package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"

	"funcserver.example/guest"
)

// request tells what became of the request.
func request(w http.ResponseWriter, r *http.Request) {
	invocation, ok := guest.InvocationOf(r)
	deadline, hasDeadline := r.Context().Deadline()
	_ = json.NewEncoder(w).Encode(map[string]any{
		"method":      r.Method,
		"uri":         r.RequestURI,
		"path":        r.URL.Path,
		"host":        r.Host,
		"remote":      r.RemoteAddr,
		"length":      r.ContentLength,
		"tls":         r.TLS != nil,
		"header":      r.Header,
		"lambda":      ok,
		"invocation":  invocation,
		"hasDeadline": hasDeadline,
		"deadline":    deadline.UnixMilli(),
	})
}

// imported tells the invocation as the typed import does.
func imported(w http.ResponseWriter, r *http.Request) {
	_ = json.NewEncoder(w).Encode(guest.ImportedInvocation())
}

// environment tells what an instance has of its host.
func environment(w http.ResponseWriter, r *http.Request) {
	_, err := os.ReadFile("/etc/passwd")
	fmt.Fprintf(w, "%q %q %v %t", os.Environ(), os.Getenv("GREETING"), err, time.Now().Year() > 2020)
}
