package smppc

import (
	"sync"
	"time"

	"ramier/internal/smpp"
)

// A brake holds messages back for a while after the operator has asked for fewer. The pauses grow while that goes on, and
// shrink again as messages are accepted.
type brake struct {
	random func() float64
	pulled chan struct{} // told of each new pause

	mu       sync.Mutex
	level    int // pauses of late
	accepted int // messages accepted since the last change of level
	until    time.Time
}

var pauses = smpp.Backoff{Min: 200 * time.Millisecond, Max: 5 * time.Second}

const (
	maxLevel = 6  // of pauses that grow no more
	ease     = 10 // how many accepted PDUs make the pauses shorter
)

func newBrake(random func() float64) *brake {
	return &brake{random: random, pulled: make(chan struct{}, 1)}
}

// left is how long the pause still lasts, 0 if there is none.
func (b *brake) left() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return max(0, time.Until(b.until))
}

// pull begins a pause and gives its length. During one it only tells what is left: a full window brings its refusals together.
func (b *brake) pull() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if left := time.Until(b.until); left > 0 {
		return left
	}
	pause := pauses.Delay(b.level, b.random)
	b.until = time.Now().Add(pause)
	b.level, b.accepted = min(b.level+1, maxLevel), 0
	select {
	case b.pulled <- struct{}{}:
	default:
	}
	return pause
}

// release notes that a PDU was accepted.
func (b *brake) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.level == 0 {
		return
	}
	if b.accepted++; b.accepted == ease {
		b.level, b.accepted = b.level-1, 0
	}
}
