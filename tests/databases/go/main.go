// A handler that uses PostgreSQL by pgx and by database/sql, MySQL by go-sql-driver, and Redis by go-redis, as
// docs/databases.md shows it.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
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

// The program makes TLS itself, with the certificates that it has.
var shop = sync.OnceValue(func() *sql.DB {
	config, err := mysql.ParseDSN(os.Getenv("MYSQL_DSN"))
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(os.Getenv("MYSQL_ROOTS")))
	config.DialFunc = guest.Dial
	config.TLS = &tls.Config{RootCAs: roots, ServerName: os.Getenv("MYSQL_NAME")}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		panic(err)
	}
	db := sql.OpenDB(connector)
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
	http.HandleFunc("/mysql", func(w http.ResponseWriter, r *http.Request) {
		var sum int
		var name, cipher string
		err := shop().QueryRowContext(r.Context(), "select sum(seq) from shop.seq_1_to_1000 where seq <= ?", 1000).Scan(&sum)
		if err == nil {
			err = shop().QueryRowContext(r.Context(), "show status like 'Ssl_version'").Scan(&name, &cipher)
		}
		answer(w, map[string]any{"sum": sum, "tls": cipher}, err)
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
	// The times of queries on a warm connection, in nanoseconds: bench/databases compares them with those of this program
	// without WebAssembly.
	http.HandleFunc("/time", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.FormValue("n"))
		var times []int64
		var sum int
		var err error
		for i := range n {
			begin := time.Now()
			err = firstOf(err, pool().QueryRow(r.Context(), "select $1::int + 1", i).Scan(&sum))
			times = append(times, time.Since(begin).Nanoseconds())
		}
		answer(w, map[string]any{"ns": times}, err)
	})
	// The deadline of the request ends it.
	http.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		_, err := pool().Exec(r.Context(), "select pg_sleep(60)")
		answer(w, nil, err)
	})
	// More connections than the handler may have.
	http.HandleFunc("/many", func(w http.ResponseWriter, r *http.Request) {
		var open []net.Conn
		var err error
		for range 60 {
			var conn net.Conn
			if conn, err = guest.Dial(r.Context(), "tcp", os.Getenv("CACHE")); err != nil {
				break
			}
			open = append(open, conn)
		}
		for _, conn := range open {
			_ = conn.Close()
		}
		answer(w, map[string]any{"opened": len(open)}, err)
	})
	// A server that is named in the query, and sends nothing of use.
	http.HandleFunc("/bad", func(w http.ResponseWriter, r *http.Request) {
		config, err := pgx.ParseConfig(fmt.Sprintf("postgres://owner@%s/postgres?sslmode=disable", r.FormValue("at")))
		if err == nil {
			config.DialFunc = guest.Dial
			config.LookupFunc = guest.LookupHost
			ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
			defer cancel()
			_, err = pgx.ConnectConfig(ctx, config)
		}
		answer(w, map[string]any{"connected": true}, err)
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
