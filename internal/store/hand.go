package store

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"ramier/internal/sms"
)

// hand is what this node has claimed and is not done with: messages that wait for their answer, and sent ones of one part whose
// reference nobody but this memory knows for its receipt. The claim that lists them stays open meanwhile, so that the next start,
// or the node that takes over, finds them in the database.
//
// It holds what is committed, and is only a short cut: whoever writes by it compares the state that the row has.
type hand struct {
	mu       sync.Mutex
	messages map[int64]*inHand
	refs     map[reference]*inHand
	claims   map[int64]*claimInHand
	byAge    []*claimInHand // the oldest first, with ended ones among them
	noted    []notedAt      // the oldest first, with such among them that are written
}

// reference is what a carrier calls a part.
type reference struct {
	carrier int64
	ref     string
}

// inHand is one message as the database has it.
type inHand struct {
	sms.Message
	claim *claimInHand
	tally jobTally
	// awaited: it was sent, and its reference is known only here.
	awaited bool
	// answer says that it was sent, and is only noted: the row still waits.
	answer *sms.Answer
	ref    string // under which it is found
	// suspect: the database did not have it as it is here. It is read from there.
	suspect bool
	other   *inHand // another message with the same reference
}

func (m *inHand) reference() reference { return reference{m.CarrierID, m.ref} }

// claimInHand is an open claim with the number of its messages in hand.
type claimInHand struct {
	id, carrier int64
	holder      string    // of the carrier's lease
	since       time.Time // by the system's clock
	messages    []*inHand
	left        int
	noted       bool // some answers were
}

func newHand() *hand {
	return &hand{messages: map[int64]*inHand{}, refs: map[reference]*inHand{}, claims: map[int64]*claimInHand{}}
}

// take takes a committed claim.
func (h *hand) take(carrier int64, c *Claim) {
	h.mu.Lock()
	defer h.mu.Unlock()
	held := &claimInHand{id: c.ID, carrier: carrier, holder: c.holder, since: time.Now(), left: len(c.Messages), messages: make([]*inHand, len(c.Messages))}
	all := make([]inHand, len(c.Messages))
	var job *sms.Job
	var counted jobTally
	for i, m := range c.Messages {
		if m.Job != job {
			job, counted = m.Job, tallyOf(m.Job)
		}
		all[i] = inHand{Message: m.Message, claim: held, tally: counted}
		held.messages[i] = &all[i]
		h.messages[m.ID] = &all[i]
	}
	h.claims[c.ID] = held
	h.byAge = append(h.byAge, held)
}

// message gives a message that is in hand, nil if it is not.
func (h *hand) message(id int64) *inHand {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.messages[id]
}

// named gives the parts in hand that await a receipt with the reference.
func (h *hand) named(ref reference) (all []awaited) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for m := h.refs[ref]; m != nil; m = m.other {
		if m.awaited {
			all = append(all, awaited{m.CarrierID, m.ID, 0, ref.ref})
		}
	}
	return all
}

// hasClaim tells whether a claim is in hand, and so ends by itself.
func (h *hand) hasClaim(id int64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.claims[id] != nil
}

// keep puts a message's new form in the place of the old.
func (h *hand) keep(m *inHand, now sms.Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	m.Message, m.suspect, m.awaited = now, false, true
	h.register(m, now.Refs[0])
}

// register has a message found by its reference. It must be called with mu.
func (h *hand) register(m *inHand, ref string) {
	if m.ref == "" {
		m.ref = ref
		m.other = h.refs[m.reference()]
		h.refs[m.reference()] = m
	}
}

// change notes what has become of a message that still waits for its answer.
func (h *hand) change(m *inHand, now sms.Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	m.Message, m.suspect = now, false
}

// drop takes a message out.
func (h *hand) drop(m *inHand) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.remove(m)
}

// remove must be called with mu.
func (h *hand) remove(m *inHand) {
	if m.ref != "" {
		h.forgetRef(m)
	}
	if h.messages[m.ID] == m { // it may have been claimed anew
		delete(h.messages, m.ID)
	}
	if m.claim.left--; m.claim.left == 0 {
		delete(h.claims, m.claim.id)
	}
}

func (h *hand) forgetRef(m *inHand) {
	ref := m.reference()
	if h.refs[ref] == m {
		if m.other == nil {
			delete(h.refs, ref)
		} else {
			h.refs[ref] = m.other
		}
		return
	}
	for before := h.refs[ref]; before != nil; before = before.other {
		if before.other == m {
			before.other = m.other
			return
		}
	}
}

// suspect makes sure that messages are read from the database.
func (h *hand) suspect(all map[int64]*inHand) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range all {
		m.suspect = true
	}
}

// outdated says that a row was not as the hand had it.
type outdated struct{ rows, want int64 }

func (e *outdated) Error() string {
	return fmt.Sprintf("%d of %d messages were not as this node knew them", e.want-e.rows, e.want)
}

// maxInHand is how many messages may be in hand before the references of the oldest claims go to the table.
const maxInHand = 30_000

func (h *hand) tooMany() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.messages) > maxInHand
}

// old gives the messages whose references are due for the table: those of claims from before the time, of one carrier or of all
// for 0, and of the oldest half if there are too many.
func (h *hand) old(carrier int64, before time.Time) (all []*inHand) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.byAge = slices.DeleteFunc(h.byAge, func(c *claimInHand) bool { return c.left == 0 })
	spare := 0
	if len(h.messages) > maxInHand {
		spare = len(h.messages) / 2
	}
	for _, c := range h.byAge {
		if (carrier != 0 && c.carrier != carrier) || (!c.since.Before(before) && spare <= 0) {
			continue
		}
		for _, m := range c.messages {
			if m.awaited && h.messages[m.ID] == m {
				all = append(all, m)
				spare--
			}
		}
	}
	return all
}

// empty forgets everything.
func (h *hand) empty() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.messages)
	clear(h.refs)
	clear(h.claims)
	h.byAge, h.noted = nil, nil
}

// letGo forgets the claims of a carrier that others than the holder made.
func (h *hand) letGo(carrier int64, holder string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.byAge {
		if c.carrier != carrier || c.holder == holder {
			continue
		}
		for _, m := range c.messages {
			if h.messages[m.ID] == m {
				h.remove(m)
			}
		}
	}
}
