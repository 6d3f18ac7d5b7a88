package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"funcserver.example/guest"
)

var client = &http.Client{Transport: &guest.Transport{ConnectTimeout: 5 * time.Second}}

// fetch requests a URL, in the method and within the time of the query, and tells what came.
func fetch(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	ctx := r.Context()
	if query.Has("ms") {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(number(r, "ms"))*time.Millisecond)
		defer cancel()
	}
	outgoing, err := http.NewRequestWithContext(ctx, query.Get("method"), query.Get("url"), nil)
	if err != nil {
		panic(err)
	}
	outgoing.Header["X-Twice"] = []string{"1", "2"}
	response, err := client.Do(outgoing)
	if err != nil {
		var known *guest.Error
		fmt.Fprintf(w, "known %t late %t: %v", errors.As(err, &known), errors.Is(err, context.DeadlineExceeded), err)
		return
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	fmt.Fprintf(w, "%s %d %v %q %v", response.Status, response.ContentLength, response.Header["X-Twice"], body, err)
}

// fetchAll requests a URL n times at once.
func fetchAll(w http.ResponseWriter, r *http.Request) {
	var group sync.WaitGroup
	begin, answers := time.Now(), make([]string, number(r, "n"))
	for i := range answers {
		group.Go(func() {
			response, err := client.Get(r.URL.Query().Get("url"))
			if err != nil {
				answers[i] = err.Error()
				return
			}
			defer response.Body.Close()
			body, _ := io.ReadAll(response.Body)
			answers[i] = string(body)
		})
	}
	group.Wait()
	fmt.Fprintf(w, "%d %s", time.Since(begin).Milliseconds(), strings.Join(answers, ","))
}

// proxy streams the request's body to a URL, and the answer back.
func proxy(w http.ResponseWriter, r *http.Request) {
	response, err := client.Post(r.URL.Query().Get("url"), "application/octet-stream", r.Body)
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(w, response.Body); err != nil {
		panic(err)
	}
}
