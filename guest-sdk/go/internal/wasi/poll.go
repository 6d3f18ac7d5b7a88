//go:build wasip1

package wasi

import (
	"context"
	"runtime"
	"runtime/metrics"
	"slices"
	"sync"
	"time"
	"unsafe"
)

// pause is how long the host may hold all goroutines while some wait for it. It wakes us as soon as one can go on; the
// bound is for Go's timers, of which the host knows nothing.
const pause = 5 * time.Millisecond

// A waiter is a goroutine that waits for a pollable.
type waiter struct {
	pollable uint32
	ready    chan struct{}
}

// waiting are all waiters. While there are any, one goroutine waits for the host on their behalf, when no other
// goroutine can run: a call that blocks stops the whole instance.
var waiting struct {
	sync.Mutex
	waiters []*waiter
	polled  bool
}

// wait returns when the pollable is ready, or with the cause when ctx ends before. Other goroutines run meanwhile. The
// pollable is dropped.
func wait(ctx context.Context, pollable uint32) error {
	if waitFor(ctx.Done(), pollable) {
		return nil
	}
	return context.Cause(ctx)
}

// waitFor returns true when the pollable is ready, or false when done is closed before. The pollable is dropped.
func waitFor(done <-chan struct{}, pollable uint32) bool {
	return waitForAny(done, nil, pollable)
}

// waitForAny is waitFor with two channels.
func waitForAny(done, closed <-chan struct{}, pollable uint32) bool {
	w := &waiter{pollable, make(chan struct{})}
	waiting.Lock()
	waiting.waiters = append(waiting.waiters, w)
	if !waiting.polled {
		waiting.polled = true
		go pollAll()
	}
	waiting.Unlock()

	defer pollableDrop(pollable)
	select {
	case <-w.ready:
		return true
	case <-done:
	case <-closed:
	}
	waiting.Lock()
	waiting.waiters = slices.DeleteFunc(waiting.waiters, func(other *waiter) bool { return other == w })
	waiting.Unlock()
	return false
}

// pollAll wakes waiters until there are none.
func pollAll() {
	for {
		// Goroutines that can run go first.
		runtime.Gosched()
		waiting.Lock()
		if len(waiting.waiters) == 0 {
			waiting.polled = false
			waiting.Unlock()
			return
		}
		if runnable() == 0 {
			block(waiting.waiters)
		}
		waiting.waiters = slices.DeleteFunc(waiting.waiters, func(w *waiter) bool {
			ready := pollableReady(w.pollable) != 0
			if ready {
				close(w.ready)
			}
			return ready
		})
		waiting.Unlock()
	}
}

// block waits until one of the waiters can go on, for a pause at most.
func block(waiters []*waiter) {
	pollables := make([]uint32, 0, len(waiters)+1)
	for _, w := range waiters {
		pollables = append(pollables, w.pollable)
	}
	timer := clockSubscribe(uint64(pause))
	defer pollableDrop(timer)
	pollables = append(pollables, timer)
	poll(unsafe.Pointer(unsafe.SliceData(pollables)), uint32(len(pollables)), begin())
	result()
	end()
}

// runnable is the number of goroutines that could run now.
func runnable() uint64 {
	sample := []metrics.Sample{{Name: "/sched/goroutines/runnable:goroutines"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

//go:wasmimport wasi:io/poll@0.2.12 poll
func poll(list unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport wasi:io/poll@0.2.12 [method]pollable.ready
func pollableReady(self uint32) uint32

//go:wasmimport wasi:io/poll@0.2.12 [resource-drop]pollable
func pollableDrop(self uint32)

//go:wasmimport wasi:clocks/monotonic-clock@0.2.12 subscribe-duration
func clockSubscribe(nanoseconds uint64) uint32
