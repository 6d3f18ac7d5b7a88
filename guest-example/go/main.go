// A router behind a load balancer, as a wasi:http component.
package main

import "funcserver.example/guest"

func main() {
	guest.Serve(router())
}
