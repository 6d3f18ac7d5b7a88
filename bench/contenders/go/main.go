// A router behind a load balancer, as a typical Go function. The pages come from guest-example/go.
package main

import (
	"net/http"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/awslabs/aws-lambda-go-api-proxy/gorillamux"
	"github.com/gorilla/mux"
)

func main() {
	routes := mux.NewRouter()
	routes.HandleFunc("/", page("Home", home)).Methods(http.MethodGet, http.MethodHead)
	routes.HandleFunc("/products", page("Products", products)).Methods(http.MethodGet, http.MethodHead)
	routes.HandleFunc("/articles", page("Articles", articles)).Methods(http.MethodGet, http.MethodHead)
	lambda.Start(gorillamux.NewALB(routes).ProxyWithContext)
}
