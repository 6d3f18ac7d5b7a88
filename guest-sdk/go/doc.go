// Package guest lets a program on net/http answer requests as a WebAssembly component of wasi:http 0.2, as funcserver runs
// it behind a load balancer. Any router will do:
//
//	func main() {
//		http.HandleFunc("GET /{$}", home)
//		guest.Serve(nil)
//	}
//
// Such a program is compiled as a library:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o router.wasm .
//
// The tool funcserver makes a component of what comes out, wherever it is given one. On any other system the same program is
// an ordinary server, so that go run and go test work as ever.
//
// # What is as in net/http
//
// Bodies stream both ways, Flush sends what there is, a panic is a 500 with its stack in the log, and HEAD, trailers,
// Content-Type and Content-Length are seen to. [http.Request.RemoteAddr] has the client's address as the load balancer tells
// it (the port is 0), and [http.Request.TLS] is set if the client came by https. [http.Request.Context] ends with the Lambda
// invocation.
//
// # What is not
//
//   - Nothing but HTTP: a component has no sockets, so net.Dial fails, and [http.Get] with it. Give clients a [Transport];
//     for those that cannot be given one: http.DefaultTransport = &guest.Transport{}.
//   - No Hijack, no informational responses (1xx), no HTTP/2 push.
//   - All goroutines stop when the handler returns, and with a fresh instance for each request they are gone. Work after the
//     answer belongs into the handler: a response with a Content-Length is complete once that many bytes are written.
//   - A handler that ends its goroutine (runtime.Goexit) ends the instance, as it ends a server's connection.
//   - Everything runs on one thread. While a goroutine waits for the network the others go on, but timers may be 5 ms late.
package guest
