// A web site on chi.
package main

import (
	"log/slog"
	"os"

	"funcserver.example/guest"
	_ "funcserver.example/guest/preinit"
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	guest.Serve(newSite())
}
