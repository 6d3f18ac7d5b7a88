package guest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"
)

func until(deadline time.Time) *exchangeContext {
	return &exchangeContext{lambda: fmt.Sprintf(`{"request_id":"8476","deadline":%d,"xray_trace_id":null}`, deadline.UnixMilli())}
}

func TestADeadlineEndsAContextAndItsChildren(t *testing.T) {
	ctx := until(time.Now().Add(20 * time.Millisecond))
	defer ctx.cancel()
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

func TestAContextEndsWithTheExchange(t *testing.T) {
	for _, waits := range []bool{false, true} {
		ctx := until(time.Now().Add(time.Hour))
		if waits && ctx.Err() != nil {
			t.Error(ctx.Err())
		}
		ctx.cancel()
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

func TestAContextWithoutADeadlineEndsWithTheExchange(t *testing.T) {
	ctx := &exchangeContext{}
	child, stop := context.WithCancel(ctx)
	defer stop()
	if deadline, ok := ctx.Deadline(); ok || ctx.Err() != nil {
		t.Errorf("%v %v", deadline, ctx.Err())
	}
	ctx.cancel()
	select {
	case <-child.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("it does not end")
	}
	if ctx.Err() != context.Canceled || child.Err() != context.Canceled {
		t.Errorf("%v %v", ctx.Err(), child.Err())
	}
}
