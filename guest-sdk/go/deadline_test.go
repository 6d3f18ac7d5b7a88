package guest

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"
)

func TestADeadlineEndsAContextAndItsChildren(t *testing.T) {
	ctx, cancel := withDeadline(context.Background(), time.Now().Add(20*time.Millisecond))
	defer cancel()
	before := runtime.NumGoroutine()
	child, stop := context.WithCancel(context.WithValue(ctx, t, "value"))
	defer stop()
	if now := runtime.NumGoroutine(); now != before {
		t.Errorf("a child takes %d goroutines", now-before)
	}
	if child.Err() != nil || child.Value(t) != "value" {
		t.Errorf("%v %v", child.Err(), child.Value(t))
	}
	select {
	case <-child.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("it does not end")
	}
	if !errors.Is(child.Err(), context.DeadlineExceeded) || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Errorf("%v %v", child.Err(), ctx.Err())
	}
}

func TestAContextEndsWhenItIsCancelled(t *testing.T) {
	for _, waits := range []bool{false, true} {
		ctx, cancel := withDeadline(context.Background(), time.Now().Add(time.Hour))
		if waits && ctx.Err() != nil {
			t.Error(ctx.Err())
		}
		cancel()
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Second):
			t.Fatal("it does not end")
		}
		if deadline, ok := ctx.Deadline(); ctx.Err() != context.Canceled || !ok || time.Until(deadline) < time.Minute {
			t.Errorf("%v %v %v", ctx.Err(), deadline, ok)
		}
	}
}
