package guest

import (
	"context"
	"sync"
	"time"
)

// An exchangeContext is the context of a request: it ends with the exchange, and with the invocation. What tells others of
// its end is made once somebody asks for it, which few handlers do: a timer is several calls of the host.
type exchangeContext struct {
	// lambda is the header that tells the deadline.
	lambda string

	lock  sync.Mutex
	ended bool
	// told tells of the end, and end brings it; nil until somebody asks.
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

// Value leads contexts made of this one to the one that they have to end with: they ask for Done before.
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
