package smppc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"ramier/internal/smpp"
	"ramier/internal/sms"
)

// A handover is a message whose parts are on their way to the operator.
type handover struct {
	c      *Carrier
	link   *link
	m      sms.Outbound
	parts  int
	answer func(sms.Answer)

	mu       sync.Mutex
	refs     []string  // of accepted parts, those of earlier attempts too
	verdicts []verdict // on the parts
	left     int       // parts of this attempt whose fate is open
}

// Submit hands a message to the operator. It blocks while the window is full, and not longer than ctx. The answer comes
// exactly once, maybe from another goroutine and maybe before Submit returns.
func (c *Carrier) Submit(ctx context.Context, m sms.Outbound, answer func(sms.Answer)) {
	h := &handover{c: c, m: m, answer: answer}
	frames, err := Frames(c.settings, m)
	if err != nil {
		h.parts = len(m.Refs)
		h.refs = slices.Clone(m.Refs)
		h.settle(verdict{fate: refused, ptt: sms.PTTFormat}.because(err.Error()))
		return
	}
	h.parts = len(frames)
	if len(m.Refs) != len(frames) {
		m.Refs = nil // the settings have changed since: parts of then and now would never make the message
	}
	h.refs, h.verdicts = make([]string, len(frames)), make([]verdict, len(frames))
	copy(h.refs, m.Refs)
	for _, ref := range h.refs {
		if ref == "" {
			h.left++
		}
	}
	if h.left == 0 {
		h.settle(verdict{fate: accepted})
		return
	}
	now := c.now()
	if !m.Expires.IsZero() && !now.Before(m.Expires) {
		h.settle(verdict{fate: outOfTime, ptt: sms.PTTExpired}.because("its validity ended before it was sent"))
		return
	}
	if v := c.begin(h); v.fate != accepted {
		h.settle(v)
		return
	}
	defer c.open.Done()
	h.send(ctx, frames, m.Refs, now)
}

// begin enters a message on the link. It must leave by c.open.
func (c *Carrier) begin(h *handover) verdict {
	c.mu.Lock()
	defer c.mu.Unlock()
	pause := c.brake.left()
	switch {
	case c.ended:
		return verdict{fate: unsent}.because("the carrier is stopped")
	case !c.taking:
		return verdict{fate: unsent}.because(strings.TrimSuffix("not connected: "+c.lastError, ": "))
	case pause > 0:
		return verdict{fate: slow}.because("the operator has asked to slow down").after(pause)
	}
	h.link = c.link
	c.underWay += h.left
	c.open.Add(2) // for Submit, and for the answer
	return verdict{}
}

// send hands over the parts that have no reference yet, until one of them fails: then the message cannot arrive whole by this
// attempt, and what was not sent costs nothing.
func (h *handover) send(ctx context.Context, frames []*smpp.SubmitSM, gone []string, now time.Time) {
	skipped := 0
	unsent := verdict{fate: retry}.because("not sent, since another part was not accepted")
	for i, p := range frames {
		if len(gone) > 0 && gone[i] != "" {
			continue
		}
		if h.failed() {
			h.mu.Lock()
			h.verdicts[i] = unsent
			h.mu.Unlock()
			skipped++
			continue
		}
		p.ValidityPeriod = timeLeft(p.ValidityPeriod, h.m.Expires.Sub(now))
		h.link.tx.SendPatiently(ctx, p, func(a smpp.Answer) { h.part(i, a) }, func(a smpp.Answer) { h.late(i, a) })
	}
	h.skip(skipped)
}

// timeLeft replaces a validity that is a point in time by the span that is left: the operator's clock may be wrong, and its
// zone another one. Spans of more than 31 days have no such form.
func timeLeft(validity string, left time.Duration) string {
	if validity == "" {
		return ""
	}
	period, err := smpp.FormatPeriod((left + time.Second - 1).Truncate(time.Second))
	if err != nil {
		return validity
	}
	return period
}

func (h *handover) failed() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.worst().fate != accepted
}

// worst is the verdict that decides, the first of the worst ones. The caller holds mu.
func (h *handover) worst() (w verdict) {
	for _, v := range h.verdicts {
		if v.fate > w.fate {
			w = v
		}
	}
	return w
}

// part takes the answer to one part.
func (h *handover) part(i int, a smpp.Answer) {
	v := judge(a)
	h.c.noted(h.link, &v, a.Err)
	h.take(i, a, v)
	h.resolved(1)
}

// late takes the answer to a part that was given up as lost, and says anew what is known about the message. If other parts have
// no answer yet, the answer to all of them says it.
func (h *handover) late(i int, a smpp.Answer) {
	if a.Err != nil || h.c.inbox.Late == nil {
		return
	}
	v := judge(a)
	if v.fate == slow {
		v = v.after(h.c.brake.left())
	}
	h.take(i, a, v)
	h.mu.Lock()
	open, said := h.left > 0, h.verdict(h.worst())
	h.mu.Unlock()
	if !open {
		h.c.inbox.Late(said)
	}
}

// take notes what the answer to a part means.
func (h *handover) take(i int, a smpp.Answer, v verdict) {
	if v.fate != accepted && h.parts > 1 {
		v.reason = fmt.Sprintf("part %d of %d: %s", i+1, h.parts, v.reason)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.verdicts[i] = v
	if v.fate == accepted {
		h.refs[i] = cmp.Or(reference(a.PDU), fmt.Sprintf("-%d.%d", h.m.MessageID, i+1))
	}
}

// reference gives what a receipt will name the part by. Some operators answer without one: then it is "-", the message and the
// part, so that the part counts as accepted; its receipts will match nothing and stay visible.
func reference(p smpp.PDU) string {
	if r, ok := p.(*smpp.SubmitSMResp); ok {
		return clean(strings.TrimSpace(r.MessageID), maxRef)
	}
	return ""
}

// skip gives up parts that were not sent.
func (h *handover) skip(n int) {
	if n == 0 {
		return
	}
	h.c.mu.Lock()
	h.c.underWay -= n
	h.c.mu.Unlock()
	h.resolved(n)
}

// resolved counts parts whose fate is known, and answers after the last one.
func (h *handover) resolved(n int) {
	h.mu.Lock()
	h.left -= n
	if h.left > 0 {
		h.mu.Unlock()
		return
	}
	v := h.worst()
	a := h.verdict(v)
	h.mu.Unlock()
	defer h.c.open.Done()
	h.give(a, v)
}

// noted keeps the books of the carrier about one answered part.
func (c *Carrier) noted(l *link, v *verdict, err error) {
	if v.fate == slow {
		*v = v.after(c.brake.pull())
	} else if v.fate == accepted {
		c.brake.release()
	}
	if errors.Is(err, smpp.ErrLeaving) || errors.Is(err, smpp.ErrClosed) {
		c.leave(l, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.underWay--
	if v.fate == slow {
		c.throttled++
	}
}

// settle gives the answer to a message of which nothing is sent now.
func (h *handover) settle(v verdict) { h.give(h.verdict(v), v) }

func (h *handover) give(a sms.Answer, v verdict) {
	if v.fate == accepted {
		h.c.mu.Lock()
		h.c.sent++
		h.c.mu.Unlock()
	}
	h.answer(a)
}

// verdict words the answer.
func (h *handover) verdict(v verdict) sms.Answer {
	a := sms.Answer{
		MessageID: h.m.MessageID, CarrierID: h.c.id, Refs: h.refs, PTT: v.ptt, Error: clean(v.reason, maxText), Attempt: h.m.Attempt,
		Rev: h.c.rev, At: h.c.now(),
	}
	if v.fate >= lost {
		a.Refs = slices.Clone(h.refs) // late answers may bring more
		a.Lost = slices.ContainsFunc(h.verdicts, func(v verdict) bool { return v.fate == lost })
	}
	switch v.fate {
	case accepted:
		a.State, a.PTT = sms.Sent, sms.PTTAccepted
	case unsent:
		a.State, a.RetryAt = sms.Queued, a.At
	case retry:
		a.State = sms.Queued
	case slow:
		a.State, a.RetryAt = sms.Queued, a.At.Add(v.wait)
	case lost:
		// It shows as handed over, like one that is accepted, until something settles it.
		a.State, a.PTT = sms.InDoubt, sms.PTTAccepted
	case outOfTime:
		a.State = sms.Expired
	case refused:
		// Not charged and never sent is only what left no trace at the operator.
		a.State = sms.Refused
		if a.Lost || strings.Join(slices.Concat(h.m.Refs, h.refs), "") != "" {
			a.State = sms.Failed
		}
	}
	return a
}
