package cli

import "testing"

func TestTheHeapGrowsToItsTargetAndNeverLessThanTwice(t *testing.T) {
	for live, want := range map[uint64]int{0: 800, 1 << 20: 800, 20 << 20: 380, 40 << 20: 140, 500 << 20: 100} {
		if got := gcPercent(live); got != want {
			t.Errorf("%d MiB alive: %d, want %d", live>>20, got, want)
		}
	}
}
