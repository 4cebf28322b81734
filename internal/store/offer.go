package store

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"ramier/internal/store/query"
)

// Offer is what a carrier that has nothing in its queue takes as soon as it is accepted: the transaction that accepts the messages
// claims them as well, and they never enter the queue.
type Offer struct {
	Carrier int64
	Most    int // messages
	// Give is called once with the committed claim, or with nil when nothing came of it: then the queue has something.
	Give func(*Claim)
}

// offers holds at most one offer of each carrier, and for which carriers the queue may hold something that is due. Those go through
// the queue, so that nothing overtakes.
type offers struct {
	mu    sync.Mutex
	open  map[int64]*Offer
	empty map[int64]bool
}

// Offer makes an offer. It is refused when the queue may hold something for the carrier.
func (s *Store) Offer(o *Offer) bool {
	f := &s.offers
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.empty[o.Carrier] {
		return false
	}
	if f.open == nil {
		f.open = map[int64]*Offer{}
	}
	f.open[o.Carrier] = o
	return true
}

// Withdraw takes an offer back. It is false if it was taken up: then Give has been called, or will be.
func (s *Store) Withdraw(o *Offer) bool {
	f := &s.offers
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open[o.Carrier] != o {
		return false
	}
	delete(f.open, o.Carrier)
	return true
}

// take takes up the offer of a carrier, nil if there is none.
func (f *offers) take(carrier int64) *Offer {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.open[carrier]
	delete(f.open, carrier)
	return o
}

// isEmpty notes that nothing is due in the queue of a carrier, and isFilled that something may be.
func (f *offers) isEmpty(carrier int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.empty == nil {
		f.empty = map[int64]bool{}
	}
	f.empty[carrier] = true
}

func (f *offers) isFilled(carrier int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.empty, carrier)
}

// serve claims what carriers have offered to take out of a group of new jobs, the higher lanes first. The rest goes to the queue.
func (s *Store) serve(ctx context.Context, t *tx, rows *acceptRows) error {
	slices.SortStableFunc(rows.runs, func(a, b newRun) int { return cmp.Compare(a.Lane, b.Lane) })
	served := map[int64]*service{}
	left := rows.runs[:0]
	for _, r := range rows.runs {
		if !r.due {
			left = append(left, r)
			continue
		}
		v, ok := served[r.CarrierID]
		if !ok {
			v = &service{offer: s.offers.take(r.CarrierID)}
			served[r.CarrierID] = v
		}
		if r.FirstID = v.take(r); r.FirstID <= r.LastID {
			left = append(left, r)
		}
	}
	rows.runs = left
	for carrier, v := range served {
		if err := s.claimServed(ctx, t, carrier, v); err != nil {
			return &unserved{err}
		}
	}
	return nil
}

// unserved says that messages could be accepted if no carrier claimed them at once.
type unserved struct{ error }

func (e *unserved) Unwrap() error { return e.error }

// service is an offer that is being taken up.
type service struct {
	offer    *Offer // nil: none
	at       time.Time
	runs     []run
	messages []Claimed
}

// take claims of a run what the offer still takes, and gives the first id that is left.
func (v *service) take(r newRun) (next int64) {
	if v.offer == nil || len(v.messages) >= v.offer.Most {
		return r.FirstID
	}
	last := min(r.LastID, r.FirstID+int64(v.offer.Most-len(v.messages))-1)
	v.runs = append(v.runs, run{First: r.FirstID, Last: last})
	v.messages = r.job.claimed(v.messages, r.CarrierID, r.FirstID, last)
	v.at = r.job.job.CreatedAt
	return last + 1
}

func (s *Store) claimServed(ctx context.Context, t *tx, carrier int64, v *service) error {
	if v.offer == nil {
		return nil
	}
	var c *Claim
	t.afterwards(func(committed bool) {
		if !committed {
			c = nil
		}
		if c != nil {
			s.hand.take(carrier, c)
		}
		v.offer.Give(c)
	})
	if len(v.runs) == 0 {
		return nil
	}
	id, err := t.insertClaim(ctx, s.node, carrier, v.at, v.runs)
	if err == nil {
		c = &Claim{ID: id, Messages: v.messages}
	}
	return err
}

// insertClaim writes the claim that lists the runs.
func (t *tx) insertClaim(ctx context.Context, node string, carrier int64, at time.Time, runs []run) (id int64, err error) {
	if id, err = t.id(ctx); err != nil {
		return 0, err
	}
	text, err := json.Marshal(runs)
	if err != nil {
		return 0, err
	}
	first, last := runs[0].First, runs[0].Last
	for _, r := range runs {
		first, last = min(first, r.First), max(last, r.Last)
	}
	return id, t.InsertClaim(ctx, query.InsertClaimParams{
		ID: id, Node: node, CarrierID: carrier, At: micros(at), FirstID: first, LastID: last, Runs: string(text),
	})
}
