package main

import (
	"io"
	"log"
	"net/http"
)

// router routes requests by patterns of net/http. GET also answers HEAD; the server drops the body. A path that is known
// with another method is answered with 405 and the methods in Allow, and any other path with 404.
func router() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /{$}", page("Home", home))
	routes.HandleFunc("GET /products", page("Products", products))
	routes.HandleFunc("GET /articles", page("Articles", articles))
	routes.HandleFunc("GET /headers", headers)
	routes.HandleFunc("POST /echo", echo)
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
