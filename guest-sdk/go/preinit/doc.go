// Package preinit has a program's packages initialised when its component is compiled, not in every instance. Import it for
// that:
//
//	import _ "funcserver.example/guest/preinit"
//
// Go's runtime, the packages of the standard library and the program's own then begin as their variables and init functions
// have left them, which takes a good part of a cold start away. main still runs in each instance, with its first request.
//
// # What initialisation sees
//
// It runs in the tool, and sees the same wherever that is, so that the same program gives the same component:
//
//   - No environment but FUNCSERVER_PREINIT=1. Read variables in main or later: they are the function's own then.
//   - Clocks that stand at 1970. Ask for the time later.
//   - Random numbers that follow from the program. What is to be a secret, or not the same in every instance, must be drawn
//     later: all that is drawn after initialisation is new in each instance, from crypto/rand, math/rand and math/rand/v2
//     alike. A generator of one's own, made by rand.New, is as its source was.
//   - No files, arguments or network.
//
// It may take 60 seconds and 256 MiB of memory. What it prints is shown by the tool.
//
// # Files
//
// A program that is to read files (guest.assets, guest.tmp) is initialised in each instance nevertheless, as Go learns of
// folders only then; the tool says so. If they are granted to a component that was compiled without, requests fail, and the
// log says why. Files that go with the program can be embedded.
//
// # Other hosts
//
// Only funcserver's tool does this. Without it the import has no effect.
package preinit
