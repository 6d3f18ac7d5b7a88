package main

import (
	"encoding/json"
	"log"
	"net/http"
	"strings"
)

// seen is the request and its invocation as the handler sees them.
type seen struct {
	Method        string              `json:"method"`
	PathWithQuery string              `json:"path_with_query"`
	Scheme        string              `json:"scheme"`
	Authority     string              `json:"authority"`
	Headers       map[string][]string `json:"headers"`
	LambdaContext json.RawMessage     `json:"lambda_context"`
}

func headers(w http.ResponseWriter, r *http.Request) {
	seen := seen{
		Method:        r.Method,
		PathWithQuery: r.RequestURI,
		Scheme:        "http",
		Authority:     r.Host,
		// net/http removes this one from the headers.
		Headers:       map[string][]string{"host": {r.Host}},
		LambdaContext: lambdaContext(r.Header.Get("X-Amzn-Lambda-Context")),
	}
	if r.TLS != nil {
		seen.Scheme = "https"
	}
	for name, values := range r.Header {
		seen.Headers[strings.ToLower(name)] = values
	}
	w.Header().Set("Content-Type", "application/json")
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(seen); err != nil {
		log.Printf("headers: %v", err)
	}
}

// lambdaContext is the header as it is; guest.InvocationOf reads it into a struct. Null outside Lambda.
func lambdaContext(header string) json.RawMessage {
	if !json.Valid([]byte(header)) {
		return json.RawMessage("null")
	}
	return json.RawMessage(header)
}
