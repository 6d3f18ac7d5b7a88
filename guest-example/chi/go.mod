module example.com/example-chi

go 1.26.0

require (
	funcserver.example/guest v0.0.0
	github.com/go-chi/chi/v5 v5.5.0
)

// The SDK is not published; this is a copy.
replace funcserver.example/guest => ./sdk
