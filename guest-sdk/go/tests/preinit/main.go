// A handler whose initialisation is kept, and that tells what it saw then and what it sees now: what ../preinit.rs runs.
package main

import (
	cryptorand "crypto/rand"
	"encoding/json"
	"log"
	oldrand "math/rand"
	"math/rand/v2"
	"net/http"
	"os"
	"time"

	"funcserver.example/guest"
	_ "funcserver.example/guest/preinit"
)

type sight struct {
	Year        int
	Environment []string
	Numbers     []uint64
	Text        string
}

var (
	atInit = see()
	frozen = os.Getenv("FROZEN")
	begun  = time.Now()
	number = rand.Uint64()
)

func init() { log.Print("initialised") }

func main() {
	atMain := os.Environ()
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{"init": atInit, "main": atMain, "now": see(), "frozen": []any{frozen, begun, number}})
	})
	guest.Serve(nil)
}

func see() sight {
	seen := sight{time.Now().Year(), os.Environ(), nil, cryptorand.Text()}
	// More than the generator keeps in advance, and more than it gives out before it follows from others.
	for range 300 {
		seen.Numbers = append(seen.Numbers, rand.Uint64(), oldrand.Uint64())
	}
	return seen
}
