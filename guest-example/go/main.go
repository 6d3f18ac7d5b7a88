// A router behind a load balancer, as a wasi:http component.
package main

import (
	"funcserver.example/guest"
	_ "funcserver.example/guest/preinit"
)

// A package's variables are made when the component is compiled, and there in every instance. The first request runs main.
var routes = router()

func main() {
	guest.Serve(routes)
}
