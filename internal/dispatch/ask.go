package dispatch

import (
	"context"
	"errors"
	"math/bits"
	"time"

	"golang.org/x/time/rate"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// Asker is a Carrier whose operator can be asked what became of a part that it has accepted.
type Asker interface {
	// Ask asks for the part with a reference, which was sent from a source. The receipt names no receiver. Errors:
	// sms.ErrUnknownReference, sms.ErrNoQueries, and others when there is no answer now.
	Ask(ctx context.Context, ref, source string) (sms.Receipt, error)
}

const (
	// asksPerSecond keeps questions from being a burden: they are for stragglers. One is open at a time.
	asksPerSecond = 5
	// askedPage is how many awaited parts are read at once.
	askedPage = 500
	// remembered is how long after the end of a message's validity operators are thought to know it still.
	remembered = 3 * 24 * time.Hour
)

// asks asks for messages that have had no final receipt for as long as the carrier's settings say, and again when that
// time has doubled. It ends when the operator answers no such questions.
func (l *line) asks(ctx context.Context) {
	asker, can := l.port.(Asker)
	wait := time.Duration(l.carrier.Settings.QueryMinutes) * time.Minute
	if !can || wait <= 0 {
		return
	}
	pace := rate.NewLimiter(asksPerSecond, 1)
	var last time.Time
	for {
		now := l.d.cfg.Clock.Now()
		if l.port.Status().State == connected {
			err := l.askAll(ctx, asker, pace, span{last, now, wait})
			if errors.Is(err, sms.ErrNoQueries) {
				l.d.cfg.Log.Warn("the operator does not answer query_sm, so it is not asked any more until the carrier is restarted or changed", "carrier", l.carrier.Name, "error", err)
				return
			}
			if err != nil && ctx.Err() == nil {
				l.d.cfg.Log.Error("cannot ask for messages without a receipt", "carrier", l.carrier.Name, "error", err)
			}
			last = now
		}
		if l.d.cfg.Clock.Sleep(ctx, now.Add(max(wait/4, time.Minute))) != nil {
			return
		}
	}
}

// span is the time between two rounds of asking. last is zero before the first.
type span struct {
	last, now time.Time
	wait      time.Duration
}

// due tells whether a part is to be asked for in this round.
func (s span) due(p store.AwaitedPart) bool {
	if p.SentAt.IsZero() || p.State.Waiting() || p.State.Final() || sms.MadeUp(p.Message, p.Ref) || s.now.After(p.Expires.Add(remembered)) {
		return false
	}
	times := func(at time.Time) int { return bits.Len64(uint64(max(0, at.Sub(p.SentAt)) / s.wait)) } //nolint:gosec // not below 0
	return times(s.now) > 0 && (s.last.IsZero() || times(s.now) > times(s.last))
}

// askAll is one round.
func (l *line) askAll(ctx context.Context, asker Asker, pace *rate.Limiter, s span) error {
	if err := l.d.cfg.Store.WriteRefs(ctx, l.carrier.ID, 0); err != nil { // what is only in memory is not in the list
		return err
	}
	for behind := (store.AwaitedPart{}); ; {
		page, err := l.d.cfg.Store.Awaited(ctx, l.carrier.ID, behind, askedPage)
		if err != nil {
			return err
		}
		for _, p := range page {
			if !s.due(p) {
				continue
			}
			if err := pace.Wait(ctx); err != nil {
				return err
			}
			if err := l.ask(ctx, asker, p); err != nil {
				return err
			}
		}
		if len(page) < askedPage {
			return nil
		}
		behind = page[len(page)-1]
	}
}

// ask asks for one part and brings what is final to the desk like any receipt. Only an error that ends the round is one.
func (l *line) ask(ctx context.Context, asker Asker, p store.AwaitedPart) error {
	r, err := asker.Ask(ctx, p.Ref, p.Source)
	result := "final"
	switch {
	case errors.Is(err, sms.ErrNoQueries):
		result = "unsupported"
	case errors.Is(err, sms.ErrUnknownReference):
		result, err = "unknown", nil
	case err != nil:
		result = "error"
	case !r.State.Final():
		result = "underWay"
	default:
		r.CarrierID, r.Receiver = l.carrier.ID, p.Receiver
		written := make(chan error, 1)
		l.d.desk.receipt(r, func(err error) { written <- err })
		if <-written != nil {
			result = "error" // it is asked for again
		}
	}
	if f := l.d.cfg.Observe.Asked; f != nil {
		f(l.carrier.Name, result)
	}
	return err
}
