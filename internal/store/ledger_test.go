package store_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// Whatever happens to the messages of a service, in whatever order, its books hold what its messages say.
func TestTheBooksAgreeWithTheMessages(t *testing.T) {
	s := storetest.Open(t, storetest.URL(t, "sqlite"))
	first := storetest.NewShop(t, s)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		h := history{t: t, s: s, shop: first, now: storetest.Noon, refs: map[string]string{}}
		h.shop.Service = newService(t, s, first, n)
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			h.step(rt)
			h.check(rt)
		}
		h.finish()
		h.check(rt)
		if a := audit(t, s); len(a.Findings) > 0 {
			rt.Fatalf("the audit finds %v", a.Findings)
		}
	})
}

func newService(t *testing.T, s *store.Store, shop storetest.Shop, n int) sms.Service {
	t.Helper()
	v := sms.Service{AccountID: shop.Account.ID, Account: shop.Account.Name, Country: "FR", Name: fmt.Sprintf("sms-p-%d", n), Channel: "marketing", Status: sms.Enabled}
	if err := s.AddService(t.Context(), &v); err != nil {
		t.Fatal(err)
	}
	if err := s.AddSender(t.Context(), sms.Sender{ServiceID: v.ID, Sender: "Ramier", Type: "alpha", Status: sms.Enabled, Referer: "custom"}); err != nil {
		t.Fatal(err)
	}
	return v
}

// history is a random life of a service.
type history struct {
	t      *testing.T
	s      *store.Store
	shop   storetest.Shop
	now    time.Time
	ids    []int64
	claims []*store.Claim
	refs   map[string]string // reference -> receiver
	lost   []sms.Answer      // that left their messages in doubt
	given  sms.Credits
}

func (h *history) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *history) step(rt *rapid.T) {
	ctx := h.t.Context()
	switch rapid.SampledFrom([]string{"grant", "take", "send", "send", "claim", "settle", "settle", "receipt", "query", "cancel", "decide", "late", "later"}).Draw(rt, "what") {
	case "grant", "take":
		amount := sms.Credits(rapid.Int64Range(-5000, 20000).Draw(rt, "amount"))
		if amount == 0 {
			return
		}
		if _, err := h.s.Grant(ctx, h.shop.Service.ID, amount, "test", h.now); err == nil {
			h.given += amount
		} else if sms.CodeOf(err) != sms.NoCredit {
			h.must(err)
		}
	case "send":
		h.send(rt)
	case "claim":
		c, err := h.s.Claim(ctx, h.shop.Carrier.ID, h.shop.Hold(h.t, h.s), rapid.IntRange(1, 5).Draw(rt, "most"), h.now)
		h.must(err)
		if c != nil && len(c.Messages) > 0 {
			h.claims = append(h.claims, c)
		}
	case "settle":
		h.settle(rt)
	case "receipt":
		h.receipt(rt, false)
	case "query":
		h.receipt(rt, true)
	case "decide":
		h.decide(rt)
	case "late":
		h.late(rt)
	case "cancel":
		if len(h.ids) > 0 {
			err := h.s.Cancel(ctx, h.shop.Service.ID, rapid.SampledFrom(h.ids).Draw(rt, "id"), h.now)
			if c := sms.CodeOf(err); c != "" && c != sms.NoObject && c != sms.Conflict {
				h.must(err)
			}
		}
	case "later":
		h.now = h.now.Add(time.Minute)
	}
}

func (h *history) send(rt *rapid.T) {
	receivers := make([]string, rapid.IntRange(1, 4).Draw(rt, "receivers"))
	for i := range receivers {
		receivers[i] = fmt.Sprintf("+3363998%04d", rapid.IntRange(0, 9999).Draw(rt, "number"))
	}
	o := storetest.Order(fmt.Sprintf("%0*d", rapid.IntRange(1, 400).Draw(rt, "length"), 0), receivers...)
	r, err := h.s.FreshRules(h.t.Context(), h.shop.Service.Name)
	h.must(err)
	p, err := sms.NewPlan(o, r, h.now)
	h.must(err)
	first, _, err := h.s.Accept(h.t.Context(), &store.Acceptance{Plan: p})
	if sms.CodeOf(err) == sms.NoCredit {
		return
	}
	h.must(err)
	for i := range p.Messages {
		h.ids = append(h.ids, first+int64(i))
	}
}

// settle answers the messages of one claim, some of them twice.
func (h *history) settle(rt *rapid.T) {
	if len(h.claims) == 0 {
		return
	}
	c := h.claims[0]
	h.claims = h.claims[1:]
	o := &store.Outcome{Ended: []int64{c.ID}}
	for _, m := range c.Messages {
		a := sms.Answer{MessageID: m.ID, CarrierID: h.shop.Carrier.ID, At: h.now, Refs: make([]string, m.Parts), Attempt: m.Attempts}
		a.State = rapid.SampledFrom([]sms.State{sms.Sent, sms.Sent, sms.Refused, sms.Failed, sms.Expired, sms.Queued, sms.InDoubt}).Draw(rt, "answer")
		accepted := m.Parts
		if a.State != sms.Sent {
			accepted = rapid.IntRange(0, m.Parts-1).Draw(rt, "accepted")
		}
		for i := range accepted {
			if i < len(m.Refs) && m.Refs[i] != "" {
				continue
			}
			a.Refs[i] = fmt.Sprintf("%d-%d-%d", m.ID, i, m.Attempts)
			h.refs[a.Refs[i]] = m.Receiver
		}
		if a.State == sms.Queued || (a.State == sms.InDoubt && rapid.Bool().Draw(rt, "resend")) {
			a.RetryAt = h.now
		}
		o.Answers = append(o.Answers, a)
		if a.State == sms.InDoubt {
			h.lost = append(h.lost, a)
		}
		if rapid.IntRange(0, 4).Draw(rt, "twice") == 0 {
			o.Answers = append(o.Answers, a)
		}
	}
	h.must(h.s.Settle(h.t.Context(), o))
}

// receipt brings one that may be awaited, may repeat another one or may have an unknown reference.
func (h *history) receipt(rt *rapid.T, asked bool) {
	refs := slices.Sorted(maps.Keys(h.refs))
	if len(refs) == 0 {
		return
	}
	ref := rapid.SampledFrom(refs).Draw(rt, "ref")
	state := rapid.SampledFrom([]sms.State{sms.Buffered, sms.Delivered, sms.Failed, sms.Expired}).Draw(rt, "receipt")
	r := receipt(h.shop, ref, h.refs[ref], state)
	if r.Asked = asked; !asked && rapid.IntRange(0, 3).Draw(rt, "unknown") == 0 {
		r.Refs = []string{fmt.Sprintf("new-%d", len(h.refs))}
		h.refs[r.Refs[0]] = h.refs[ref]
	}
	h.must(h.s.Settle(h.t.Context(), &store.Outcome{Receipts: []sms.Receipt{r}}))
}

func (h *history) decide(rt *rapid.T) {
	if len(h.ids) == 0 {
		return
	}
	r := store.Ruling{By: "somebody", At: h.now}
	r.Decision = rapid.SampledFrom([]sms.Decision{sms.DecidedSent, sms.DecidedFailed, sms.DecidedResend}).Draw(rt, "decision")
	ids := h.ids
	if rapid.Bool().Draw(rt, "one") {
		ids = []int64{rapid.SampledFrom(h.ids).Draw(rt, "id")}
	}
	_, refused, err := h.s.Decide(h.t.Context(), ids, r)
	h.must(err)
	for _, why := range refused {
		if sms.CodeOf(why) != sms.Conflict {
			h.must(why)
		}
	}
}

// late brings the answer to an attempt that was in doubt; the same one perhaps twice, as a whole or in part.
func (h *history) late(rt *rapid.T) {
	if len(h.lost) == 0 {
		return
	}
	a := rapid.SampledFrom(h.lost).Draw(rt, "late")
	m, _, err := h.s.Message(h.t.Context(), 0, a.MessageID)
	h.must(err)
	a.At, a.RetryAt, a.Refs = h.now, h.now, slices.Clone(a.Refs)
	a.State = rapid.SampledFrom([]sms.State{sms.Sent, sms.Sent, sms.Refused, sms.Queued, sms.InDoubt}).Draw(rt, "answer")
	for i := range a.Refs {
		if a.Refs[i] == "" && (a.State == sms.Sent || (a.State == sms.InDoubt && rapid.Bool().Draw(rt, "part"))) {
			a.Refs[i] = fmt.Sprintf("%d-%d-%d", m.ID, i, a.Attempt)
			h.refs[a.Refs[i]] = m.Receiver
		}
	}
	early, _, err := h.s.SettleLate(h.t.Context(), []sms.Answer{a})
	h.must(err)
	if len(early) > 0 {
		rt.Fatalf("too early: %+v, %+v", a, m)
	}
}

// finish settles what is open, so that it is not in the way of the next history.
func (h *history) finish() {
	for range 100 {
		c, err := h.s.Claim(h.t.Context(), h.shop.Carrier.ID, h.shop.Hold(h.t, h.s), 100, h.now.Add(time.Hour))
		h.must(err)
		if c != nil && len(c.Messages) > 0 {
			h.claims = append(h.claims, c)
		}
		if len(h.claims) == 0 {
			return
		}
		for _, c := range h.claims {
			o := &store.Outcome{Ended: []int64{c.ID}}
			for _, m := range c.Messages {
				o.Answers = append(o.Answers, sms.Answer{MessageID: m.ID, CarrierID: h.shop.Carrier.ID, State: sms.Refused, At: h.now, Attempt: m.Attempts})
			}
			h.must(h.s.Settle(h.t.Context(), o))
		}
		h.claims = nil
	}
	h.t.Fatal("the queue does not end")
}

func (h *history) check(rt *rapid.T) {
	b, err := h.s.Balance(h.t.Context(), h.shop.Service.ID)
	h.must(err)
	var held, used sms.Credits
	for _, id := range h.ids {
		m, _, err := h.s.Message(h.t.Context(), 0, id)
		h.must(err)
		switch {
		case m.State.Waiting(), m.State == sms.Sending, m.State == sms.InDoubt:
			held += m.Credits
		case m.State != sms.Cancelled:
			used += m.Credits
		}
	}
	if b.Held != held || b.Used != used || b.Available != h.given-held-used || b.Available+b.Held+b.Quota+b.Used+b.Issued != 0 {
		rt.Fatalf("books %+v; the messages say held %v, used %v, of %v given", b, held, used, h.given)
	}
}
