package dispatch

import (
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// line is the way to one carrier: it claims what is due, paces it and hands it over.
type line struct {
	d       *Dispatcher
	carrier sms.Carrier
	hold    *hold
	port    Carrier
	gate    *gate
	queued  chan struct{}      // something may be in the queue
	freed   chan struct{}      // the carrier may take more
	ahead   atomic.Int64       // messages claimed and not handed over yet
	cancel  context.CancelFunc // ends claims and hand-overs
	quit    context.CancelFunc // ends the connection
	handed  chan struct{}      // closed when nothing more is handed over
	ended   chan struct{}      // closed when the carrier has answered everything
	tracks  [tracks]chan *portion
	flight  flight
	looked  time.Time    // by the system's clock, when nothing was found in the lane high; for claims
	alone   sync.RWMutex // written while a message is handed over with nothing else under way
}

// batch is a claim on its way through a line.
type batch struct {
	claim *store.Claim
	open  int // messages whose answer is not written; the desk counts
}

// portion is what goes by one track of a batch.
type portion struct {
	*batch
	track    track
	messages []store.Claimed
	asked    time.Time // by the system's clock, when the receivers' opt-outs were read
	hours    *sendingHours
}

// newLine starts a line. One that it replaces is stopped first, so that a carrier never sees two of ours.
func newLine(d *Dispatcher, c sms.Carrier, replaced *line, k *hold) *line {
	l := &line{
		d: d, carrier: c, hold: k, queued: make(chan struct{}, 1), freed: make(chan struct{}, 1), handed: make(chan struct{}),
		ended: make(chan struct{}),
	}
	for t := range tracks {
		l.tracks[t] = make(chan *portion, maxClaim)
	}
	l.port = d.cfg.NewCarrier(c, sms.Inbox{Receipt: d.desk.receipt, Incoming: d.desk.incoming, Late: d.lateAnswer, Wake: l.free})
	l.gate = newGate(&l.carrier.Settings, l.port.Room)
	base := d.ctx
	handing, cancel := context.WithCancel(base)
	connected, quit := context.WithCancel(base)
	l.cancel, l.quit = cancel, quit
	d.wg.Go(func() {
		defer close(l.ended)
		if replaced != nil {
			replaced.stop(base)
		}
		select {
		case <-k.recovered:
		case <-handing.Done():
		}
		d.wg.Go(func() { l.claims(handing) })
		d.wg.Go(func() { l.handOver(handing) })
		d.wg.Go(func() { l.asks(handing) })
		l.port.Run(connected)
		<-l.handed
		d.desk.ended(c.ID)
	})
	d.wg.Go(func() { l.guard(base) })
	return l
}

// guard ends the line before its lease does. What is left of the lease is for the answers to what was handed over; then the
// connection is cut, so that the next holder's is the only one.
func (l *line) guard(base context.Context) {
	select {
	case <-l.ended:
		return
	case <-l.hold.over:
	}
	rest, cancel := context.WithTimeout(base, l.hold.left())
	defer cancel()
	l.stop(rest)
	if !isClosed(l.ended) {
		l.port.Cut()
	}
	l.d.nudge()
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
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

// wake tells the line that something was queued, free that the carrier may take more.
func (l *line) wake() { ring(l.queued) }

func (l *line) free() {
	ring(l.freed)
	l.gate.freed()
}

func ring(bell chan struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}

const (
	// maxClaim is the most messages of one claim; all of a claim are in doubt after a crash, so it stays near what the window
	// and the rate allow in a quarter of a second.
	maxClaim = 1000
	// lookHigh is how often the lane high is looked at without a reason while enough of the others is claimed, and briefly how soon
	// again after a look that found nothing.
	lookHigh, briefly = 250 * time.Millisecond, 20 * time.Millisecond
)

// claimSize is a window ahead of what the carrier has, 0 while it takes nothing or enough is claimed.
func (l *line) claimSize() int {
	room := l.port.Room()
	if room == 0 {
		return 0
	}
	n := max(room, l.carrier.Settings.Window)
	if r := l.carrier.Settings.Rate; r > 0 {
		n = min(n, max(1, r/4))
	}
	return max(0, min(n, maxClaim)-int(l.ahead.Load()))
}

// urgentSize is how many messages of the lane high are claimed while enough of the others is: their share of a window and of a quarter
// of a second.
func (l *line) urgentSize() int {
	s := &l.carrier.Settings
	if s.HighReserve == 0 || l.port.Room() == 0 {
		return 0
	}
	n := min(s.Window*s.HighReserve/100, maxClaim/2)
	if s.Rate > 0 {
		n = min(n, s.Rate*s.HighReserve/400)
	}
	return max(0, max(1, n)-l.gate.count(urgent))
}

// claims takes batches for the carrier while it has room, ahead of what is being handed over: out of the queue, and when that is
// empty, from what is being accepted.
func (l *line) claims(ctx context.Context) {
	defer func() {
		for _, c := range l.tracks {
			close(c)
		}
	}()
	empty := false // nothing of the queue is due
	for ctx.Err() == nil {
		n, high := l.claimSize(), 0
		if l.d.desk.full() {
			l.wait(ctx, l.freed)
			continue
		}
		if n == 0 {
			var news bool
			high, news = l.waitFull(ctx)
			if empty = empty && !news; high == 0 {
				continue
			}
		}
		asked := time.Now()
		var claim *store.Claim
		var err error
		switch {
		case high > 0:
			claim, err = l.d.cfg.Store.ClaimHigh(ctx, l.carrier.ID, l.hold.Hold, high, l.d.cfg.Clock.Now())
			if claim == nil {
				l.looked = asked
			}
		case empty:
			claim, empty = l.offer(ctx)
		default:
			claim, err = l.d.cfg.Store.Claim(ctx, l.carrier.ID, l.hold.Hold, n, l.d.cfg.Clock.Now())
			empty = err == nil && (claim == nil || claim.Last)
		}
		if store.IsLost(err) {
			l.hold.lose()
			return
		}
		if err != nil && ctx.Err() == nil {
			l.d.cfg.Log.Error("cannot claim messages", "carrier", l.carrier.Name, "error", err)
			pause(ctx, time.Second)
		}
		if claim != nil && len(claim.Messages) > 0 {
			l.deal(claim, asked)
			if high > 0 {
				l.wake() // there may be more
			}
		}
	}
}

// waitFull waits while enough is claimed or the carrier has no room. It tells how many of the lane high are to be claimed all the
// same, and whether something was queued.
func (l *line) waitFull(ctx context.Context) (high int, news bool) {
	queued, look := l.queued, lookHigh
	if since := time.Since(l.looked); since < briefly {
		queued, look = nil, briefly-since
	} else if l.urgentSize() == 0 {
		queued = nil // it is looked at when one of them has left
	}
	alarm := time.NewTimer(look)
	defer alarm.Stop()
	select {
	case <-l.freed:
		return 0, false
	case <-queued:
		return l.urgentSize(), true
	case <-alarm.C:
		if look != lookHigh {
			return 0, false
		}
		return l.urgentSize(), false
	case <-ctx.Done():
		return 0, false
	}
}

// deal gives the messages of a claim to their tracks.
func (l *line) deal(claim *store.Claim, asked time.Time) {
	l.ahead.Add(int64(len(claim.Messages)))
	b := &batch{claim: claim, open: len(claim.Messages)}
	for t, messages := range split(claim.Messages) {
		if len(messages) > 0 {
			l.gate.add(track(t), len(messages))
			l.tracks[t] <- &portion{batch: b, track: track(t), messages: messages, asked: asked}
		}
	}
}

// split parts messages by their tracks. Most claims hold those of one only.
func split(messages []store.Claimed) (by [tracks][]store.Claimed) {
	first := trackOf(messages[0].Job.Priority)
	same := func(m store.Claimed) bool { return trackOf(m.Job.Priority) == first }
	i := slices.IndexFunc(messages, func(m store.Claimed) bool { return !same(m) })
	if i < 0 {
		by[first] = messages
		return by
	}
	for _, m := range messages {
		t := trackOf(m.Job.Priority)
		by[t] = append(by[t], m)
	}
	return by
}

// nextDue tells when the first message of the queue is due, zero for none. It is false if that is now: another node has in hand
// what the claim has not found.
func (l *line) nextDue(ctx context.Context) (due time.Time, empty bool) {
	due, err := l.d.cfg.Store.NextDue(ctx, l.carrier.ID)
	if err != nil {
		pause(ctx, time.Second)
		return due, false
	}
	if now := l.d.cfg.Clock.Now(); !due.IsZero() && !due.After(now) {
		pause(ctx, 20*time.Millisecond)
		return due, false
	}
	return due, true
}

// offer waits for messages that are accepted for the carrier while nothing in its queue is due. The queue has to be asked again
// when something was queued or is due, and after a while in case another node has queued something.
func (l *line) offer(ctx context.Context) (claim *store.Claim, empty bool) {
	given := make(chan *store.Claim, 1)
	o := &store.Offer{Carrier: l.carrier.ID, Hold: l.hold.Hold, Most: l.claimSize, Give: func(c *store.Claim) { given <- c }}
	if !l.d.cfg.Store.Offer(o) {
		return nil, false
	}
	alarm := time.NewTimer(brief)
	defer alarm.Stop()
	select {
	case claim = <-given:
		return claim, claim != nil
	case <-l.queued:
	case <-ctx.Done():
	case <-alarm.C:
		if due, empty := l.nextDue(ctx); empty {
			if claim, done := l.await(ctx, given, due); done {
				return claim, claim != nil
			}
		}
	}
	if !l.d.cfg.Store.Withdraw(o) {
		claim = <-given
	}
	return claim, false
}

// brief is how long an offer stands before it is looked up when the next message of the queue is due: under load it is taken up sooner.
const brief = 5 * time.Millisecond

// await waits for what an offer brings, until something was queued or is due; then it is not done.
func (l *line) await(ctx context.Context, given <-chan *store.Claim, due time.Time) (claim *store.Claim, done bool) {
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
	case claim = <-given:
		return claim, true
	case <-l.queued:
	case <-alarm.Done():
	}
	return nil, false
}

// poll is how often the queue is looked at without a reason.
const poll = time.Second

// wait returns when the bell rings, and after a while.
func (l *line) wait(ctx context.Context, bell chan struct{}) {
	alarm := time.NewTimer(poll)
	defer alarm.Stop()
	select {
	case <-bell:
	case <-alarm.C:
	case <-ctx.Done():
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

// handOver hands each message of each claim to the carrier, on both tracks. After a stop it gives back what it has not handed over.
func (l *line) handOver(ctx context.Context) {
	defer close(l.handed)
	var wg sync.WaitGroup
	for _, portions := range l.tracks {
		wg.Go(func() {
			var hours sendingHours
			for p := range portions {
				p.hours = &hours
				l.inOrder(ctx, p)
			}
		})
	}
	wg.Wait()
}

// fresh is how long it counts that a receiver had not answered STOP. A batch takes longer when the carrier is slow.
const fresh = time.Second

// askAgain reads anew whether the receivers from place i on have answered STOP, if that was read a while ago.
func (l *line) askAgain(ctx context.Context, b *portion, i int) {
	if !b.messages[i].Job.Marketing || time.Since(b.asked) < fresh || ctx.Err() != nil {
		return
	}
	b.asked = time.Now()
	// Without the database no STOP is stored either.
	if err := l.d.cfg.Store.AskOptOuts(ctx, b.messages[i:]); err != nil && ctx.Err() == nil {
		l.d.cfg.Log.Error("cannot read opt-outs", "carrier", l.carrier.Name, "error", err)
	}
}

// barredFor is how soon a message that may not be sent is looked at again, should nobody have set it aside in the queue.
const barredFor = time.Minute

func (l *line) hand(ctx context.Context, b *portion, m store.Claimed) {
	now := l.d.cfg.Clock.Now()
	expires := m.Job.DueAt.Add(m.Job.Validity)
	answer := func(a sms.Answer) {
		a.MessageID, a.CarrierID, a.Attempt, a.Handed = m.ID, l.carrier.ID, m.Attempts, now
		l.d.desk.answer(b.batch, l.complete(a, m))
		l.free()
	}
	switch {
	case m.OptedOut && m.Job.Marketing:
		answer(sms.Answer{State: sms.Refused, PTT: sms.PTTOptedOut, Error: "The receiver has answered STOP.", At: now})
	case !now.Before(expires):
		answer(l.overdue(m, now, expires))
	case l.d.cfg.Store.Barred(m.ServiceID):
		answer(sms.Answer{State: sms.Queued, RetryAt: now.Add(barredFor), Error: "Kept back: the account is suspended, or the service disabled.", At: now})
	case b.hours.closed(m.Job.Hours, m.Country, now):
		at, why := sms.NextSending(now, m.Country, m.Job.Hours)
		answer(sms.Answer{State: sms.Queued, RetryAt: at, Error: "Outside of the sending hours: " + why + ".", At: now})
	case l.gate.enter(ctx, b.track) != nil:
		answer(sms.Answer{State: sms.Queued, RetryAt: now, Error: "Given back at a stop, not handed over.", At: now})
	case !l.hold.valid():
		answer(sms.Answer{State: sms.Queued, RetryAt: now, Error: "Given back, not handed over: the node no longer has the carrier.", At: now})
	default:
		if f := l.d.cfg.Observe.Handed; f != nil {
			f(l.carrier.Name, now.Sub(later(m.Job.CreatedAt, m.Job.DueAt)))
		}
		l.underWay(ctx, suspect(m), func() {
			l.port.Submit(held{ctx, l.hold}, m.Outbound(*m.Job, expires), func(a sms.Answer) {
				l.flight.end()
				a.Rev = l.carrier.Rev
				answer(a)
			})
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
		return resolve(a, l.carrier.Settings, m)
	case a.State == sms.Queued && a.RetryAt.IsZero():
		wait := time.Duration(math.Pow(4, float64(min(m.Attempts, 5)))) * time.Second
		a.RetryAt = a.At.Add(min(wait, 10*time.Minute))
	}
	return a
}
