package bench

import (
	"cmp"
	"slices"
	"sort"

	"ramier/bench/load"
	"ramier/internal/simulator"
)

// counted is what a comparison of what was accepted with what arrived finds.
type counted struct {
	arrived, lost, duplicated, unexpected int
	onward, whole                         []int64 // microseconds, of each message that arrived
}

// count finds each message by its receiver and text among the arrivals. A request without an answer may have been taken or not;
// both are right, but once at most.
func count(requests []load.Request, arrivals []simulator.Arrival) counted {
	byMessage := func(a, b simulator.Arrival) int {
		return cmp.Or(cmp.Compare(a.Message, b.Message), cmp.Compare(a.At, b.At))
	}
	if !slices.IsSortedFunc(arrivals, byMessage) {
		arrivals = slices.Clone(arrivals)
		slices.SortFunc(arrivals, byMessage)
	}
	var c counted
	known := 0
	for _, r := range requests {
		text := r.Text()
		for n := range r.Receivers {
			hash := simulator.ArrivalHash(r.Receiver(n), text)
			at := sort.Search(len(arrivals), func(i int) bool { return arrivals[i].Message >= hash })
			times := 0
			for at+times < len(arrivals) && arrivals[at+times].Message == hash {
				times++
			}
			switch {
			case r.Status != 0 && !r.Accepted(): // refused: its arrivals are unexpected
				continue
			case times == 0 && r.Accepted():
				c.lost++
			case times > 1:
				c.duplicated++
			}
			known += times
			if times > 0 && r.Accepted() {
				c.arrived++
				c.onward = append(c.onward, max(arrivals[at].At-r.Answered, 0))
				c.whole = append(c.whole, arrivals[at].At-r.Sent)
			}
		}
	}
	c.unexpected = len(arrivals) - known
	return c
}
