module example.com/example-go

go 1.26.0

toolchain go1.26.8

require funcserver.example/guest v0.0.0

// The SDK is not published; this is a copy.
replace funcserver.example/guest => ./sdk
