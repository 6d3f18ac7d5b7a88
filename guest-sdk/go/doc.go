// Package guest lets a program on net/http answer requests as a WebAssembly component of wasi:http 0.2, as funcserver
// runs it behind a load balancer. Any router will do:
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
// The output is a core module, and every command of the tool funcserver makes a component of it. On any other system
// the same program is an ordinary server, so that go run and go test work as usual.
//
// # What works as in net/http
//
// Bodies stream both ways, Flush sends the buffered data, a panic is a 500 and one record with its stack in the log, and HEAD,
// trailers, Content-Type and Content-Length are handled. [http.Request.RemoteAddr] has the client's address from the
// load balancer (the port is 0), and [http.Request.TLS] is set if the client used https. [http.Request.Context] ends
// with the Lambda invocation.
//
// # What differs
//
//   - Only HTTP works: a component has no sockets. [http.Get], [http.DefaultClient], and every client without a transport
//     of its own send their requests through the host, because the default transport hands them to a [Transport]. A
//     client with an http.Transport of its own, and net.Dial, fail: give the client a [Transport]. If the program
//     replaces http.DefaultTransport, its own counts.
//   - There is no Hijack, no informational response (1xx), and no HTTP/2 push.
//   - All goroutines stop when the handler returns, and with a fresh instance for each request they are gone. Do work
//     after the answer in the handler: a response with a Content-Length is complete once that many bytes are written.
//   - A handler that ends its goroutine (runtime.Goexit) ends the instance, as it ends a server's connection.
//   - Everything runs on one thread. While a goroutine waits for the network the others run, but timers may be 5 ms
//     late.
package guest
