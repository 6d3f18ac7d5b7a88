// A handler that does, well or badly, what the path of a request says: what the tests in ../main.rs run.
package main

import (
	"net/http"

	"funcserver.example/guest"
)

func main() {
	http.HandleFunc("/echo", echo)
	http.HandleFunc("/sum", sum)
	http.HandleFunc("/bytes", bytes)
	http.HandleFunc("/unread", unread)
	http.HandleFunc("/stream", stream)
	http.HandleFunc("/trailers", trailers)
	http.HandleFunc("/status", status)
	http.HandleFunc("/short", short)
	http.HandleFunc("/early", early)

	http.HandleFunc("/goroutines", goroutines)
	http.HandleFunc("/garbage", garbage)
	http.HandleFunc("/timers", timers)
	http.HandleFunc("/count", count)

	http.HandleFunc("/panic", panics)
	http.HandleFunc("/panic-late", panicsLate)
	http.HandleFunc("/panic-elsewhere", panicsElsewhere)
	http.HandleFunc("/abort", aborts)
	http.HandleFunc("/goexit", goexits)
	http.HandleFunc("/exit", exits)
	http.HandleFunc("/deadlock", deadlocks)

	http.HandleFunc("/request", request)
	http.HandleFunc("/imported", imported)
	http.HandleFunc("/environment", environment)

	http.HandleFunc("/fetch", fetch)
	http.HandleFunc("/fetch-all", fetchAll)
	http.HandleFunc("/proxy", proxy)
	guest.Serve(nil)
}
