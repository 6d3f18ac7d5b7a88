// A router behind a load balancer, as a wasi:http component.
package main

import (
	"funcserver.example/guest"
	_ "funcserver.example/guest/preinit"
)

// The first request runs main. A package's variables are there before, when the host makes the instance ready.
var routes = router()

func main() {
	guest.Serve(routes)
}
