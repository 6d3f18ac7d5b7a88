// A shop on chi.
package main

import (
	"log/slog"
	"os"

	"example.com/shop/internal/shop"
	"funcserver.example/guest"
	_ "funcserver.example/guest/preinit"
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	settings, err := shop.SettingsFromEnvironment()
	if err != nil {
		slog.Error("cannot start", "error", err)
		os.Exit(1)
	}
	guest.Serve(shop.New(settings))
}
