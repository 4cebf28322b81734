package smpp

import "time"

// Backoff gives the pauses between attempts that keep failing: they double from Min
// to Max, and each is drawn from the upper half of its span, so that many clients
// do not come back at the same moment.
type Backoff struct {
	Min, Max time.Duration
}

// Delay is the pause after the given number of earlier failures, 0 for the first.
// random gives numbers in [0, 1).
func (b Backoff) Delay(failures int, random func() float64) time.Duration {
	span := b.Min
	for ; failures > 0 && span < b.Max; failures-- {
		span *= 2
	}
	span = max(min(span, b.Max), b.Min)
	return span - time.Duration(random()*float64(span)/2)
}
