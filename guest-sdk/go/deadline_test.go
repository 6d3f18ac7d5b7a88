package guest

import (
	"testing"
	"time"
)

func over(d *deadline, patience time.Duration) bool {
	select {
	case <-d.done():
		return true
	case <-time.After(patience):
		return false
	}
}

func TestADeadlineCanBeMovedWhileSomebodyWaits(t *testing.T) {
	var d deadline
	if over(&d, 10*time.Millisecond) {
		t.Fatal("it has passed, but was never set")
	}
	waiting := d.done()
	d.set(time.Now().Add(time.Hour))
	d.set(time.Now().Add(-time.Second))
	select {
	case <-waiting:
	case <-time.After(time.Second):
		t.Fatal("who waits does not learn of a deadline in the past")
	}
	d.set(time.Time{})
	if over(&d, 10*time.Millisecond) {
		t.Fatal("it has passed, but was removed")
	}
	d.set(time.Now().Add(20 * time.Millisecond))
	if !over(&d, time.Second) {
		t.Fatal("it does not pass")
	}
	d.set(time.Now().Add(time.Hour))
	if over(&d, 10*time.Millisecond) {
		t.Fatal("it has passed, but was moved")
	}
}

func TestADeadlineThatIsMovedOftenClosesNothingTwice(t *testing.T) {
	var d deadline
	for range 1000 {
		d.set(time.Now().Add(50 * time.Microsecond))
		time.Sleep(40 * time.Microsecond)
	}
	if !over(&d, time.Second) {
		t.Fatal("it does not pass")
	}
}
