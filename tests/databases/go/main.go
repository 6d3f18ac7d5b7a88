// A handler that uses PostgreSQL by pgx and by database/sql, and Redis by go-redis, as docs/databases.md shows it.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/redis/go-redis/v9"

	"funcserver.example/guest"
)

var pool = sync.OnceValue(func() *pgxpool.Pool {
	config, err := pgxpool.ParseConfig(os.Getenv("DATABASE_URL"))
	if err != nil {
		panic(err)
	}
	config.ConnConfig.DialFunc = guest.Dial
	config.ConnConfig.LookupFunc = guest.LookupHost
	config.MaxConns = 4
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		panic(err)
	}
	return pool
})

var database = sync.OnceValue(func() *sql.DB {
	config, err := pgx.ParseConfig(os.Getenv("DATABASE_URL"))
	if err != nil {
		panic(err)
	}
	config.DialFunc = guest.Dial
	config.LookupFunc = guest.LookupHost
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(4)
	return db
})

var cache = sync.OnceValue(func() *redis.Client {
	options, err := redis.ParseURL(os.Getenv("REDIS_URL"))
	if err != nil {
		panic(err)
	}
	options.Dialer = guest.Dial
	return redis.NewClient(options)
})

func main() {
	http.HandleFunc("/pgx", func(w http.ResponseWriter, r *http.Request) {
		var user string
		var pid int
		var tls bool
		query := "select current_user, pg_backend_pid(), ssl from pg_stat_ssl where pid = pg_backend_pid()"
		err := pool().QueryRow(r.Context(), query).Scan(&user, &pid, &tls)
		answer(w, map[string]any{"user": user, "connection": pid, "tls": tls}, err)
	})
	http.HandleFunc("/sql", func(w http.ResponseWriter, r *http.Request) {
		var sum int
		err := database().QueryRowContext(r.Context(), "select sum(i) from generate_series(1, $1) i", 1000).Scan(&sum)
		answer(w, map[string]any{"sum": sum}, err)
	})
	http.HandleFunc("/redis", func(w http.ResponseWriter, r *http.Request) {
		if err := cache().Set(r.Context(), "go", "stored", time.Minute).Err(); err != nil {
			answer(w, nil, err)
			return
		}
		value, err := cache().Get(r.Context(), "go").Result()
		answer(w, map[string]any{"value": value}, err)
	})
	// Four queries of 200 ms run at once.
	http.HandleFunc("/together", func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		failed := make(chan error)
		for range 4 {
			go func() {
				_, err := pool().Exec(r.Context(), "select pg_sleep(0.2)")
				failed <- err
			}()
		}
		var err error
		for range 4 {
			err = firstOf(err, <-failed)
		}
		answer(w, map[string]any{"ms": time.Since(begin).Milliseconds()}, err)
	})
	// A context ends a query, and the server learns of it.
	http.HandleFunc("/cancel", func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		ctx, cancel := context.WithTimeout(r.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := pool().Exec(ctx, "select pg_sleep(30)")
		answer(w, map[string]any{"error": fmt.Sprint(err), "ms": time.Since(begin).Milliseconds()}, nil)
	})
	http.HandleFunc("/rows", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.FormValue("n"))
		rows, err := pool().Query(r.Context(), "select i, repeat('x', 1000) from generate_series(1, $1) i", n)
		if err != nil {
			answer(w, nil, err)
			return
		}
		count, bytes := 0, 0
		var i int
		var text string
		_, err = pgx.ForEachRow(rows, []any{&i, &text}, func() error {
			count, bytes = count+1, bytes+len(text)
			return nil
		})
		answer(w, map[string]any{"rows": count, "bytes": bytes}, err)
	})
	guest.Serve(nil)
}

func firstOf(one, other error) error {
	if one != nil {
		return one
	}
	return other
}

func answer(w http.ResponseWriter, value map[string]any, err error) {
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		value = map[string]any{"error": err.Error()}
	}
	w.Header().Set("content-type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}
