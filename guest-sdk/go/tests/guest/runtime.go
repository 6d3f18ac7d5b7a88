package main

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"sync"
	"time"
)

// requests counts what this instance has answered.
var requests int

func count(w http.ResponseWriter, r *http.Request) {
	requests++
	fmt.Fprint(w, requests)
}

// goroutines adds the numbers up to n through a pipeline of n goroutines, while others read the body.
func goroutines(w http.ResponseWriter, r *http.Request) {
	n := number(r, "n")
	var group sync.WaitGroup
	var lock sync.Mutex
	numbers, total := make(chan int), 0
	for range n {
		group.Go(func() {
			i := <-numbers
			runtime.Gosched()
			lock.Lock()
			total += i
			lock.Unlock()
		})
	}
	for i := range n {
		numbers <- i + 1
	}
	group.Wait()
	fmt.Fprint(w, total)
}

// garbage allocates mb megabytes in pieces, keeps a few, and writes all the while.
func garbage(w http.ResponseWriter, r *http.Request) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	kept := map[int][]byte{}
	for i := range number(r, "mb") * 64 {
		piece := make([]byte, 16<<10)
		for j := range piece {
			piece[j] = byte(i)
		}
		kept[i%100] = piece
		if i%64 == 0 {
			fmt.Fprintf(w, "%d %s\n", i, r.Header.Get("X-Kept"))
		}
	}
	for i, piece := range kept {
		for _, b := range piece {
			if int(b)%100 != i && piece[0] != b {
				panic("memory is damaged")
			}
		}
	}
	runtime.ReadMemStats(&after)
	fmt.Fprintf(w, "collections %d\n", after.NumGC-before.NumGC)
}

// timers sleeps while others tick.
func timers(w http.ResponseWriter, r *http.Request) {
	ticks, done := 0, make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(2 * time.Millisecond)
		defer ticker.Stop()
		for range 5 {
			<-ticker.C
			ticks++
		}
	}()
	begin := time.Now()
	time.Sleep(20 * time.Millisecond)
	<-done
	fmt.Fprintf(w, "%d %t", ticks, time.Since(begin) >= 20*time.Millisecond)
}

func panics(w http.ResponseWriter, r *http.Request) {
	fmt.Fprint(w, "half of it")
	var m map[string]int
	m["a"] = 1
}

func panicsLate(w http.ResponseWriter, r *http.Request) {
	fmt.Fprint(w, "half of it")
	w.(http.Flusher).Flush()
	panic("on purpose")
}

func panicsElsewhere(w http.ResponseWriter, r *http.Request) {
	go panic("on purpose")
	time.Sleep(time.Second)
}

func aborts(w http.ResponseWriter, r *http.Request) {
	panic(http.ErrAbortHandler)
}

func goexits(w http.ResponseWriter, r *http.Request) {
	defer fmt.Fprint(w, "deferred")
	runtime.Goexit()
}

func exits(w http.ResponseWriter, r *http.Request) {
	os.Exit(3)
}

func deadlocks(w http.ResponseWriter, r *http.Request) {
	<-make(chan int)
}
