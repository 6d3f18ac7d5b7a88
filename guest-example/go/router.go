package main

import (
	"io"
	"log"
	"net/http"

	"github.com/gorilla/mux"
)

// router routes requests. HEAD is answered as GET; the server drops the body.
func router() http.Handler {
	// Use the path as the client sent it, without redirects to a cleaned one.
	routes := mux.NewRouter().SkipClean(true)
	get := func(path string, handler http.HandlerFunc) {
		routes.HandleFunc(path, handler).Methods(http.MethodGet, http.MethodHead)
		routes.Handle(path, notAllowed("GET, HEAD"))
	}
	get("/", page("Home", home))
	get("/products", page("Products", products))
	get("/articles", page("Articles", articles))
	get("/headers", headers)
	routes.HandleFunc("/echo", echo).Methods(http.MethodPost)
	routes.Handle("/echo", notAllowed("POST"))
	routes.NotFoundHandler = http.HandlerFunc(notFound)
	return routes
}

// echo sends the body back as it arrives, with its type.
func echo(w http.ResponseWriter, r *http.Request) {
	contentType := r.Header.Get("Content-Type")
	if contentType == "" {
		contentType = "application/octet-stream"
	}
	w.Header().Set("Content-Type", contentType)
	if _, err := io.Copy(w, r.Body); err != nil {
		log.Printf("echo: %v", err)
	}
}

// notAllowed answers a wrong method, and names the allowed ones.
func notAllowed(allow string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", allow)
		text(w, http.StatusMethodNotAllowed, "method not allowed\n")
	})
}

func notFound(w http.ResponseWriter, _ *http.Request) {
	text(w, http.StatusNotFound, "not found\n")
}

func text(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}
