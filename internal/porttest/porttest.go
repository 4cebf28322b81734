// Package porttest finds ports for tests that have to know one before somebody listens on it, and again after a restart.
package porttest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// The ports below those that connections begin at by themselves (32768 on Linux, 49152 elsewhere): one of these could take a free port away.
const (
	lowest  = 10_000
	highest = 32_767
)

// Free gives a port of 127.0.0.1 that nobody listens on.
func Free(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := lowest + rand.IntN(highest-lowest+1) //nolint:gosec // chance is enough
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("no port of 127.0.0.1 is free")
	return 0
}
