// Package preinit initialises a program's packages when its component is compiled, not in every instance. To use it,
// import it:
//
//	import _ "funcserver.example/guest/preinit"
//
// Go's runtime, the standard library and the program's packages then start with the values of their variables after all
// init functions, which saves a good part of a cold start. main still runs in each instance, with its first request.
//
// # What initialisation sees
//
// It runs in the tool. It sees the same surroundings on every machine, so that the same program gives the same
// component:
//
//   - No environment except FUNCSERVER_PREINIT=1. Read variables in main or later, where they are the function's own.
//   - Clocks that stand at 1970. Read the time later.
//   - Random numbers that are derived from the program. Draw secrets, and numbers that must differ between instances,
//     later: all numbers that are drawn after initialisation are new in each instance, from crypto/rand, math/rand and
//     math/rand/v2 alike. A generator of your own, made by rand.New, keeps its state.
//   - No files, arguments or network.
//
// The tool warns of reads of the environment and of the clock, and of random numbers, with file and line. A variable that
// [guest] grants in funcserver.toml and that is read then is an error.
//
// It may take 60 seconds and 256 MiB of memory. The tool shows its output.
//
// # Files
//
// If a program may read files (guest.assets, guest.tmp), it is initialised in each instance nevertheless, because Go
// looks for folders only then; the tool says so. If files are granted only after the component was compiled, requests
// fail, and the log says why. You can embed files that belong to the program.
//
// # Other hosts
//
// Only funcserver's tool does this. Without it the import has no effect.
package preinit
