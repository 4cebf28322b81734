package smppc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"ramier/internal/smpp"
	"ramier/internal/sms"
)

// SMPP has no question about a number. Operators and hubs that answer one take a submit_sm without text for it, and bring what they
// know as its receipt: delivered means that the phone is on. The network comes in a parameter that several of them have, or as a
// word of the text.
const (
	lookupService          = "HLR"
	tagNetwork    smpp.Tag = 0x1402 // MCC and MNC, a C string
)

// lookups are the questions that wait for their answers.
type lookups struct {
	mu   sync.Mutex
	open []*lookup
}

// lookup is one question. Its receipt may overtake the answer that says which one it will be.
type lookup struct {
	number string
	ref    string
	early  []early
	told   chan sms.Receipt
	pdu    smpp.PDU // of the receipt
}

// early is a receipt of the number that came before the reference was known.
type early struct {
	r    sms.Receipt
	p    smpp.PDU
	ack  func(error)
	pass func() // to those who wait for receipts of messages
}

// LookUp asks the operator about a number. Errors: sms.ErrNoLookups if it answers no such questions, and others if there is no answer
// now.
func (c *Carrier) LookUp(ctx context.Context, number string) (sms.LookupAnswer, error) {
	if !c.settings.Lookups {
		return sms.LookupAnswer{}, sms.ErrNoLookups
	}
	c.mu.Lock()
	l, taking := c.link, c.taking
	c.mu.Unlock()
	if !taking {
		return sms.LookupAnswer{}, errors.New("not connected")
	}
	q := &lookup{number: number, told: make(chan sms.Receipt, 1)}
	c.lookups.add(q)
	defer c.lookups.remove(q)
	p, err := l.tx.Request(ctx, &smpp.SubmitSM{
		ServiceType: lookupService, Dest: destination(c.settings, number), RegisteredDelivery: smpp.RegisterReceipt,
	})
	if status, refused := errors.AsType[smpp.Status](err); refused {
		if status == smpp.InvalidDest {
			return sms.LookupAnswer{}, nil // nobody has it
		}
		return sms.LookupAnswer{}, errors.New(describe(status))
	}
	if err != nil {
		return sms.LookupAnswer{}, err
	}
	ref := reference(p)
	if ref == "" {
		return sms.LookupAnswer{}, fmt.Errorf("%w: it has given no reference", sms.ErrNoLookups)
	}
	c.lookups.named(q, ref)
	select {
	case r := <-q.told:
		return known(r, q.pdu)
	case <-l.tx.Done():
		return sms.LookupAnswer{}, errors.New("the connection ended before the answer came")
	case <-ctx.Done():
		return sms.LookupAnswer{}, errors.New("the operator has taken the question, and not answered it in time")
	}
}

// known reads an answer. A phone that cannot be reached is there all the same.
func known(r sms.Receipt, p smpp.PDU) (sms.LookupAnswer, error) {
	m, _ := delivered(p)
	a := sms.LookupAnswer{Valid: true, Reachable: r.State == sms.Delivered, Ported: word(r.Raw, "ported") == "1", Roaming: word(r.Raw, "roaming") == "1"}
	if a.Network, _ = m.tlvs.Text(tagNetwork); a.Network == "" {
		a.Network = word(r.Raw, "mccmnc")
	}
	if !isNumber(a.Network) || len(a.Network) < 5 || len(a.Network) > 6 {
		a.Network = ""
	}
	switch {
	case a.Reachable:
	case r.PTT == sms.PTTTemporary:
		return a, errors.New("the operator's network has failed: " + r.Error)
	case r.Error == "1" || r.Error == "5": // unknown, unidentified subscriber
		return sms.LookupAnswer{}, nil
	}
	return a, nil
}

// word gives what stands behind a name and a colon in a receipt's text.
func word(text, name string) string {
	for _, w := range strings.Fields(strings.ToLower(text)) {
		if value, ok := strings.CutPrefix(w, name+":"); ok {
			return value
		}
	}
	return ""
}

func (k *lookups) add(q *lookup) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.open = append(k.open, q)
}

// remove ends a question. What came for its number and was not its answer goes where it would have gone.
func (k *lookups) remove(q *lookup) {
	k.mu.Lock()
	k.open = slices.DeleteFunc(k.open, func(other *lookup) bool { return other == q })
	rest := q.early
	q.early = nil
	k.mu.Unlock()
	for _, e := range rest {
		e.pass()
	}
}

// named says which receipt answers a question; it may be there already.
func (k *lookups) named(q *lookup, ref string) {
	k.mu.Lock()
	q.ref = ref
	var rest []early
	for _, e := range q.early {
		if slices.Contains(e.r.Refs, ref) {
			q.tell(e.r, e.p)
			e.ack(nil)
		} else {
			rest = append(rest, e)
		}
	}
	q.early = nil
	k.mu.Unlock()
	for _, e := range rest {
		e.pass()
	}
}

func (q *lookup) tell(r sms.Receipt, p smpp.PDU) {
	if !r.State.Final() || len(q.told) > 0 {
		return // the operator still looks, or says it again
	}
	q.pdu = p
	q.told <- r
}

// take takes a receipt that answers a question, or may do so. It is called by the session's reader, and costs nothing while no
// question is open.
func (k *lookups) take(e early) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, q := range k.open {
		switch {
		case q.ref == "" && q.number == e.r.Receiver:
			q.early = append(q.early, e)
			return true
		case q.ref != "" && slices.Contains(e.r.Refs, q.ref):
			q.tell(e.r, e.p)
			e.ack(nil)
			return true
		}
	}
	return false
}
