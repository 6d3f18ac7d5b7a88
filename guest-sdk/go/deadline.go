package guest

import (
	"sync"
	"time"
)

// A deadline is a time that can be moved while goroutines wait for it.
type deadline struct {
	mu      sync.Mutex
	timer   *time.Timer
	expired chan struct{}
}

// set moves the deadline. The zero time is none.
func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil && !d.timer.Stop() {
		// It has fired, or is about to: what it closes is no longer ours.
		d.expired = nil
	}
	d.timer = nil
	if d.isOver() {
		d.expired = nil
	}
	if t.IsZero() {
		return
	}
	expired := d.channel()
	if left := time.Until(t); left > 0 {
		d.timer = time.AfterFunc(left, func() { close(expired) })
	} else {
		close(expired)
	}
}

// done is closed when the deadline has passed.
func (d *deadline) done() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.channel()
}

func (d *deadline) channel() chan struct{} {
	if d.expired == nil {
		d.expired = make(chan struct{})
	}
	return d.expired
}

func (d *deadline) isOver() bool {
	select {
	case <-d.channel():
		return true
	default:
		return false
	}
}
