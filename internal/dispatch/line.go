package dispatch

import (
	"context"
	"math"
	"time"

	"golang.org/x/time/rate"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// line is the way to one carrier: it claims what is due, paces it and hands it over.
type line struct {
	d       *Dispatcher
	carrier sms.Carrier
	port    Carrier
	limit   *rate.Limiter
	nudge   chan struct{}
	cancel  context.CancelFunc // ends claims and hand-overs
	quit    context.CancelFunc // ends the connection
	handed  chan struct{}      // closed when nothing more is handed over
	ended   chan struct{}      // closed when the carrier has answered everything
	batches chan *batch
	hours   sendingHours // of what is being handed over
}

// batch is a claim on its way through a line.
type batch struct {
	claim *store.Claim
	open  int       // messages whose answer is not written; the desk counts
	asked time.Time // by the system's clock, when the receivers' opt-outs were read
}

// newLine starts a line. One that it replaces is stopped first, so that a carrier never sees two of ours.
func newLine(d *Dispatcher, c sms.Carrier, replaced *line) *line {
	l := &line{
		d: d, carrier: c, nudge: make(chan struct{}, 1), handed: make(chan struct{}), ended: make(chan struct{}),
		batches: make(chan *batch), limit: rate.NewLimiter(rate.Inf, 0),
	}
	if c.Settings.Rate > 0 {
		l.limit = rate.NewLimiter(rate.Limit(c.Settings.Rate), max(1, c.Settings.Rate/10))
	}
	l.port = d.cfg.NewCarrier(c, sms.Inbox{Receipt: d.desk.receipt, Incoming: d.desk.incoming, Wake: l.wake})
	base := d.ctx
	handing, cancel := context.WithCancel(base)
	connected, quit := context.WithCancel(base)
	l.cancel, l.quit = cancel, quit
	d.wg.Go(func() {
		defer close(l.ended)
		if replaced != nil {
			replaced.stop(base)
		}
		d.wg.Go(func() { l.claims(handing) })
		d.wg.Go(func() { l.handOver(handing) })
		l.port.Run(connected)
		<-l.handed
	})
	return l
}

// stop hands over nothing more, lets the carrier answer what it has, and closes the connection.
func (l *line) stop(ctx context.Context) {
	l.cancel()
	select {
	case <-l.handed:
	case <-ctx.Done():
	}
	l.quit()
	select {
	case <-l.ended:
	case <-ctx.Done():
	}
}

func (l *line) wake() {
	select {
	case l.nudge <- struct{}{}:
	default:
	}
}

// maxClaim is the most messages of one claim; all of a claim are in doubt after a crash, so it stays near what the window
// and the rate allow in a quarter of a second.
const maxClaim = 1000

// claimSize is a window ahead of what is being handed over, 0 while the carrier takes nothing.
func (l *line) claimSize() int {
	room := l.port.Room()
	if room == 0 {
		return 0
	}
	n := max(room, l.carrier.Settings.Window)
	if r := l.carrier.Settings.Rate; r > 0 {
		n = min(n, max(1, r/4))
	}
	return min(n, maxClaim)
}

// claims takes batches out of the queue while the carrier has room, one ahead of what is being handed over.
func (l *line) claims(ctx context.Context) {
	defer close(l.batches)
	for ctx.Err() == nil {
		n := l.claimSize()
		if n == 0 || l.d.desk.full() {
			l.wait(ctx, time.Time{})
			continue
		}
		asked := time.Now()
		claim, err := l.d.cfg.Store.Claim(ctx, l.carrier.ID, n, l.d.cfg.Clock.Now())
		switch {
		case err != nil:
			if ctx.Err() == nil {
				l.d.cfg.Log.Error("cannot claim messages", "carrier", l.carrier.Name, "error", err)
				pause(ctx, time.Second)
			}
		case claim == nil:
			l.idle(ctx)
		case len(claim.Messages) > 0:
			l.batches <- &batch{claim: claim, open: len(claim.Messages), asked: asked}
		}
	}
}

// idle waits until something is queued or due.
func (l *line) idle(ctx context.Context) {
	for again := false; ctx.Err() == nil; again = true {
		due, err := l.d.cfg.Store.NextDue(ctx, l.carrier.ID)
		if err != nil {
			pause(ctx, time.Second)
			return
		}
		if now := l.d.cfg.Clock.Now(); !due.IsZero() && !due.After(now) {
			if !again {
				pause(ctx, 20*time.Millisecond) // another node has in hand what the claim has not found
			}
			return
		}
		if l.wait(ctx, due) {
			return
		}
	}
}

// wait tells whether the line was woken. It also returns when it is due, if that is not zero, and after a while in case another
// node has queued something.
func (l *line) wait(ctx context.Context, due time.Time) bool {
	const poll = time.Second
	alarm, cancel := context.WithTimeout(ctx, poll)
	defer cancel()
	if !due.IsZero() {
		go func() {
			if l.d.cfg.Clock.Sleep(alarm, due) == nil {
				cancel()
			}
		}()
	}
	select {
	case <-l.nudge:
		return true
	case <-alarm.Done():
		return false
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// handOver hands each message of each batch to the carrier. After a stop it gives back what it has not handed over.
func (l *line) handOver(ctx context.Context) {
	defer close(l.handed)
	for b := range l.batches {
		for i := range b.claim.Messages {
			l.askAgain(ctx, b, i)
			l.hand(ctx, b, b.claim.Messages[i])
		}
	}
}

// fresh is how long it counts that a receiver had not answered STOP. A batch takes longer when the carrier is slow.
const fresh = time.Second

// askAgain reads anew whether the receivers from place i of a batch on have answered STOP, if that was read a while ago.
func (l *line) askAgain(ctx context.Context, b *batch, i int) {
	if !b.claim.Messages[i].Job.Marketing || time.Since(b.asked) < fresh || ctx.Err() != nil {
		return
	}
	b.asked = time.Now()
	// Without the database no STOP is stored either.
	if err := l.d.cfg.Store.AskOptOuts(ctx, b.claim.Messages[i:]); err != nil && ctx.Err() == nil {
		l.d.cfg.Log.Error("cannot read opt-outs", "carrier", l.carrier.Name, "error", err)
	}
}

func (l *line) hand(ctx context.Context, b *batch, m store.Claimed) {
	now := l.d.cfg.Clock.Now()
	expires := m.Job.DueAt.Add(m.Job.Validity)
	answer := func(a sms.Answer) {
		a.MessageID, a.CarrierID, a.Attempt, a.Handed = m.ID, l.carrier.ID, m.Attempts, now
		l.d.desk.answer(b, l.complete(a, m))
		l.wake()
	}
	switch {
	case m.OptedOut && m.Job.Marketing:
		answer(sms.Answer{State: sms.Refused, PTT: sms.PTTOptedOut, Error: "The receiver has answered STOP.", At: now})
	case !now.Before(expires):
		answer(sms.Answer{State: sms.Expired, PTT: sms.PTTExpired, Error: "Its validity ended before the carrier took it.", At: now})
	case l.hours.closed(m.Job.Hours, m.Country, now):
		at, why := sms.NextSending(now, m.Country, m.Job.Hours)
		answer(sms.Answer{State: sms.Queued, RetryAt: at, Error: "Outside of the sending hours: " + why + ".", At: now})
	case l.limit.Wait(ctx) != nil:
		answer(sms.Answer{State: sms.Queued, RetryAt: now, Error: "Given back at a stop, not handed over.", At: now})
	default:
		if f := l.d.cfg.Observe.Handed; f != nil {
			f(l.carrier.Name, now.Sub(later(m.Job.CreatedAt, m.Job.DueAt)))
		}
		l.port.Submit(ctx, m.Outbound(*m.Job, expires), func(a sms.Answer) {
			a.Rev = l.carrier.Rev
			answer(a)
		})
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// complete adds to an answer what the carrier leaves open: the time of the next attempt, 1 s after the first, then four
// times as long each time, at most 10 minutes; and what becomes of a doubt.
func (l *line) complete(a sms.Answer, m store.Claimed) sms.Answer {
	if a.At.IsZero() {
		a.At = l.d.cfg.Clock.Now()
	}
	switch {
	case a.State == sms.InDoubt:
		return resolve(a, l.carrier.Settings.InDoubt, m)
	case a.State == sms.Queued && a.RetryAt.IsZero():
		wait := time.Duration(math.Pow(4, float64(min(m.Attempts, 5)))) * time.Second
		a.RetryAt = a.At.Add(min(wait, 10*time.Minute))
	}
	return a
}
