package cli

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// heapTarget is how large the heap may grow, in bytes, before it is collected, as long as less than half of it is alive. A server
// under load makes many short-lived things and keeps few, so a collector that only looks at what is alive would run all the time.
const heapTarget = 96 << 20

// tuneGC sets the collector's pace after each of its runs. GOGC or GOMEMLIMIT, if they are set, decide instead.
func tuneGC() {
	if os.Getenv("GOGC")+os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	var again func(*[16]byte)
	again = func(next *[16]byte) {
		metrics.Read(live)
		debug.SetGCPercent(gcPercent(live[0].Value.Uint64()))
		runtime.SetFinalizer(next, again) // rings after the next run
	}
	again(new([16]byte))
}

// gcPercent lets a heap of so many live bytes grow to heapTarget, at least to twice its size and at most to nine times.
func gcPercent(live uint64) int {
	growth := (heapTarget - float64(live)) / math.Max(float64(live), 1)
	return int(100 * min(8, max(1, growth)))
}
