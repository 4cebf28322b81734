package dispatch

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"ramier/internal/sms"
)

// track is one of the two ways through a line: urgent for the lane high, common for all others. Each hands over in order, so that
// an urgent message never waits behind what was claimed before it.
type track int

const (
	urgent track = iota
	common
	tracks
)

// trackOf tells by which way messages of a priority go.
func trackOf(p sms.Priority) track {
	if p == sms.High {
		return urgent
	}
	return common
}

// gate says which track may hand over the next message: by the carrier's rate, by what is kept for urgent ones, and in turns when both
// have something. Urgent messages go first, 8 of 15 or their reserved share if that is more, so that neither track starves.
type gate struct {
	room   func() int // of the carrier's window, 0 also while it takes nothing
	places int        // of the window that are kept for urgent messages

	mu       sync.Mutex
	rate     float64 // tokens a second, 0 = no limit
	capacity float64 // the most tokens
	kept     float64 // tokens that only urgent messages take
	level    float64 // tokens, at the time at
	at       time.Time
	step     float64      // what an urgent message adds to the debt
	debt     float64      // what the common track is owed
	pending  [tracks]int  // messages claimed and not handed over
	waiting  [tracks]bool // somebody waits in enter
	bells    [tracks]chan struct{}
	narrow   atomic.Bool // the common track waits for room in the window
}

const (
	// round is in how many turns each lane has its share, of which the lanes below high have lower.
	round, lower = 15, 7
	// patient is how many urgent messages may go in a row before the common track has its turn.
	patient = 8
	// mostPlaces bounds what is kept of a window: urgent messages have every place that gets free anyway.
	mostPlaces = 10
)

// newGate makes the gate of a carrier. Bursts are a tenth of the rate, at least 1; what is kept for urgent messages comes out of that,
// or on top of it where the rest would have nothing.
func newGate(s *sms.CarrierSettings, room func() int) *gate {
	reserve := float64(s.HighReserve) / 100
	g := &gate{room: room, step: min(lower, round*(1-reserve)), rate: float64(s.Rate), at: time.Now()}
	if s.HighReserve > 0 && s.Window > 1 {
		g.places = min(max(1, s.Window*s.HighReserve/100), mostPlaces, s.Window-1)
	}
	if s.Rate > 0 {
		g.capacity = float64(max(1, s.Rate/10))
		if s.HighReserve > 0 {
			g.kept = max(1, float64(int(g.capacity*reserve)))
			g.capacity = max(g.capacity, 1+g.kept)
		}
		g.level = g.capacity
	}
	for t := range tracks {
		g.bells[t] = make(chan struct{}, 1)
	}
	return g
}

// due tells that the common track has its turn. The caller holds mu.
func (g *gate) due() bool { return g.debt >= patient*lower }

// add counts messages that were claimed, and done one that was handed over or needs no handing over.
func (g *gate) add(t track, n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pending[t] += n
}

func (g *gate) done(t track) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pending[t]--
	g.wake(1 - t)
}

// count tells how many messages of a track are claimed and not handed over.
func (g *gate) count(t track) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.pending[t]
}

// wake lets a track look again. The caller holds mu.
func (g *gate) wake(t track) {
	if g.waiting[t] {
		ring(g.bells[t])
	}
}

// freed tells that the carrier may have room.
func (g *gate) freed() {
	if g.narrow.Load() {
		ring(g.bells[common])
	}
}

// enter waits for the turn of a track and takes a token.
func (g *gate) enter(ctx context.Context, t track) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		wait := g.try(t)
		if wait == 0 {
			return nil
		}
		alarm := time.NewTimer(wait)
		select {
		case <-alarm.C:
		case <-g.bells[t]:
		case <-ctx.Done():
			g.leave(t)
		}
		alarm.Stop()
	}
}

// leave gives up the place of a track that waits.
func (g *gate) leave(t track) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting[t] = false
	g.wake(1 - t)
}

// try takes a token and gives 0, or tells how long to wait before the next look.
func (g *gate) try(t track) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	wait := g.turn(t)
	if wait == 0 {
		wait = g.take(t)
	}
	g.waiting[t] = wait > 0
	if wait > 0 {
		return wait
	}
	switch {
	case t == common:
		g.debt = max(0, g.debt-(round-g.step))
	case g.pending[common] > 0:
		g.debt += g.step
	default:
		g.debt = 0
	}
	g.wake(1 - t)
	return 0
}

// turn tells how long a track has to let the other go first. The caller holds mu.
func (g *gate) turn(t track) time.Duration {
	switch {
	case t == urgent && g.waiting[common] && g.due():
		return poll
	case t == common && !g.due() && (g.pending[urgent] > 0 || g.isNarrow()):
		return poll
	}
	return 0
}

// isNarrow tells that what is left of the window is kept. Without any room the carrier itself says what becomes of a message.
func (g *gate) isNarrow() bool {
	if g.places == 0 {
		return false
	}
	if room := g.room(); room == 0 || room > g.places {
		g.narrow.Store(false)
		return false
	}
	g.narrow.Store(true)
	room := g.room() // an answer may have come before the bell was wanted
	return room > 0 && room <= g.places
}

// take takes a token, or tells how long until there is one. The caller holds mu.
func (g *gate) take(t track) time.Duration {
	if g.rate == 0 {
		return 0
	}
	now := time.Now()
	g.level = min(g.capacity, g.level+g.rate*now.Sub(g.at).Seconds())
	g.at = now
	need := 1.0
	if t == common && !g.due() {
		need += g.kept
	}
	// A token is there a little early rather than late: what is lost in rounding must not cost another wait.
	if missing := need - g.level; missing > 1e-9 {
		return max(time.Duration(missing/g.rate*float64(time.Second)), time.Microsecond)
	}
	g.level--
	return 0
}
