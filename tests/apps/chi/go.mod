module example.com/shop

go 1.26.0

require (
	funcserver.example/guest v0.0.0
	github.com/go-chi/chi/v5 v5.5.0
	github.com/gorilla/sessions v1.4.0
)

require github.com/gorilla/securecookie v1.1.2 // indirect

// The SDK is not published; this is a copy.
replace funcserver.example/guest => ./sdk
