package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"net/http"
	"strconv"
)

// number is a number in the query.
func number(r *http.Request, name string) int {
	n, err := strconv.Atoi(r.URL.Query().Get(name))
	if err != nil {
		panic(err)
	}
	return n
}

// echo streams the body back.
func echo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/octet-stream")
	if _, err := io.Copy(w, r.Body); err != nil {
		log.Print(err)
	}
}

// sum reads the body in parts of an odd size, and tells what it was.
func sum(w http.ResponseWriter, r *http.Request) {
	hash, buffer, reads := sha256.New(), make([]byte, 1237), 0
	for {
		n, err := r.Body.Read(buffer)
		hash.Write(buffer[:n])
		reads++
		if err == io.EOF {
			break
		}
		if err != nil {
			panic(err)
		}
	}
	fmt.Fprintf(w, "%x %d", hash.Sum(nil), r.ContentLength)
}

// bytes writes n bytes in parts of a size.
func bytes(w http.ResponseWriter, r *http.Request) {
	n, size := number(r, "n"), number(r, "size")
	part := make([]byte, size)
	for i := 0; i < n; i += size {
		for j := range part {
			part[j] = byte((i + j) % 251)
		}
		if _, err := w.Write(part[:min(size, n-i)]); err != nil {
			panic(err)
		}
	}
}

// unread answers without looking at the body.
func unread(w http.ResponseWriter, r *http.Request) {
	fmt.Fprint(w, "not read")
}

// stream flushes each of n lines.
func stream(w http.ResponseWriter, r *http.Request) {
	controller := http.NewResponseController(w)
	for i := range number(r, "n") {
		fmt.Fprintf(w, "line %d\n", i)
		if err := controller.Flush(); err != nil {
			panic(err)
		}
	}
}

// trailers sends a trailer of each kind.
func trailers(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Trailer", "X-Sum")
	fmt.Fprint(w, "text")
	w.Header().Set("X-Sum", "4")
	w.Header().Set(http.TrailerPrefix+"X-Late", "5")
}

// status answers with a status, and a body where one may be.
func status(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(number(r, "code"))
	_, err := fmt.Fprint(w, "body")
	log.Printf("body: %v", err)
}

// short writes less than it has stated.
func short(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "10")
	fmt.Fprint(w, "short")
}

// early writes all that it has stated, and works on.
func early(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "5")
	fmt.Fprint(w, "early")
	log.Print("working on")
}
