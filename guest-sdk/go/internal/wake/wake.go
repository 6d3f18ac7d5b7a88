// Package wake is where what must be done in an instance whose memory was kept meets what knows when it begins.
package wake

// Do is called once, before an instance's first request. It is nil where nothing is to be done.
var Do func()
