package preinit

import (
	"os"
	"strings"

	"funcserver.example/guest/internal/wake"
)

// ask makes the tool run the initialisation at build time: the tool looks for this export.
//
//go:wasmexport funcserver:preinit
func ask() {}

// variable is set during an initialisation at build time.
const variable = "FUNCSERVER_PREINIT"

func init() {
	if os.Getenv(variable) == "" {
		return
	}
	random := findRandom()
	if random == nil {
		panic("guest/preinit: this version of Go keeps its random numbers in another way")
	}
	wake.Do = func() {
		random.renew()
		readEnvironment()
		refuseFiles()
	}
}

// readEnvironment replaces the environment of the initialisation by the instance's.
func readEnvironment() {
	os.Clearenv()
	var count, size uint32
	if environSizesGet(&count, &size) != 0 || count == 0 {
		return
	}
	addresses, text := make([]uint32, count), make([]byte, size)
	if environGet(&addresses[0], &text[0]) != 0 {
		return
	}
	for variable := range strings.SplitSeq(string(text), "\x00") {
		if name, value, ok := strings.Cut(variable, "="); ok {
			os.Setenv(name, value)
		}
	}
}

// refuseFiles ends an instance that has files: Go looked for folders when it was initialised, and there were none.
func refuseFiles() {
	const firstFolder = 3
	if fdPrestatGet(firstFolder, new(uint64)) == 0 {
		panic("guest/preinit: the function has files (guest.assets, guest.tmp), and its initialisation was kept without: " +
			"set them when the component is compiled, or leave out the import of guest/preinit")
	}
}

//go:wasmimport wasi_snapshot_preview1 environ_sizes_get
//go:noescape
func environSizesGet(count, size *uint32) uint32

//go:wasmimport wasi_snapshot_preview1 environ_get
//go:noescape
func environGet(addresses *uint32, text *byte) uint32

//go:wasmimport wasi_snapshot_preview1 fd_prestat_get
//go:noescape
func fdPrestatGet(fd int32, prestat *uint64) uint32
