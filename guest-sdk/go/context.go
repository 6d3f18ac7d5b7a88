package guest

import (
	"context"
	"sync"
	"time"
)

// An exchangeContext is the context of a request: it ends with the exchange, and with the invocation. Its channel and
// timer are created only when they are used, which few handlers do: a timer costs several calls of the host.
type exchangeContext struct {
	// lambda is the header with the deadline.
	lambda string

	lock  sync.Mutex
	ended bool
	// told is done at the end, and end ends it; both are nil until they are used.
	told context.Context
	end  context.CancelFunc
}

// cancel ends the exchange.
func (c *exchangeContext) cancel() {
	c.lock.Lock()
	c.ended = true
	end := c.end
	c.lock.Unlock()
	if end != nil {
		end()
	}
}

func (c *exchangeContext) Deadline() (time.Time, bool) { return deadlineOf(c.lambda) }

func (c *exchangeContext) Done() <-chan struct{} { return c.begun().Done() }

func (c *exchangeContext) Err() error { return c.begun().Err() }

// Value returns the context that derived contexts must end with: they call Done first.
func (c *exchangeContext) Value(key any) any {
	c.lock.Lock()
	told := c.told
	c.lock.Unlock()
	if told == nil {
		return nil
	}
	return told.Value(key)
}

func (c *exchangeContext) begun() context.Context {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.told != nil {
		return c.told
	}
	if deadline, ok := c.Deadline(); ok {
		c.told, c.end = context.WithDeadline(context.Background(), deadline)
	} else {
		c.told, c.end = context.WithCancel(context.Background())
	}
	if c.ended {
		c.end()
	}
	return c.told
}
