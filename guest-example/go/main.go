// A router behind a load balancer, as a wasi:http component.
package main

import (
	"funcserver.example/guest"
	_ "funcserver.example/guest/preinit"
)

// Package variables are initialised when the component is compiled, and are in every instance. The first request runs
// main.
var routes = router()

func main() {
	guest.Serve(routes)
}
