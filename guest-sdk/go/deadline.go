package guest

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// A deadlineContext is what context.WithDeadline makes, but its timer begins once somebody waits for it, which few handlers
// do: a timer is several calls of the host.
type deadlineContext struct {
	context.Context
	deadline time.Time
	once     sync.Once
	timed    atomic.Pointer[context.Context]
}

// withDeadline ends with the deadline, and when cancel is called.
func withDeadline(parent context.Context, deadline time.Time) (context.Context, context.CancelFunc) {
	parent, cancel := context.WithCancel(parent)
	return &deadlineContext{Context: parent, deadline: deadline}, cancel
}

func (c *deadlineContext) Deadline() (time.Time, bool) { return c.deadline, true }

func (c *deadlineContext) Done() <-chan struct{} { return c.begun().Done() }

func (c *deadlineContext) Err() error { return c.begun().Err() }

// Value leads contexts made of this one to the one with the timer, which they have to end with.
func (c *deadlineContext) Value(key any) any {
	if timed := c.timed.Load(); timed != nil {
		return (*timed).Value(key)
	}
	return c.Context.Value(key)
}

func (c *deadlineContext) begun() context.Context {
	c.once.Do(func() {
		timed, cancel := context.WithDeadline(c.Context, c.deadline)
		context.AfterFunc(c.Context, cancel)
		c.timed.Store(&timed)
	})
	return *c.timed.Load()
}
