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
	Hold    Hold // of the carrier's lease; without it nothing is given
	// Most tells how many messages it takes at this moment. It must not block.
	Most func() int
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

// filled has carriers look for what may have become due in their queues.
func (s *Store) filled(carriers []int64) {
	for _, c := range carriers {
		s.offers.isFilled(c)
	}
	s.wake(carriers)
}

// serve claims what carriers have offered to take out of a group of new jobs, or what claims of the same group still lack, the higher
// lanes first. The rest goes to the queue.
func (s *Store) serve(ctx context.Context, t *tx, rows *acceptRows, hungry map[int64]*claimRequest) error {
	slices.SortStableFunc(rows.runs, func(a, b newRun) int { return cmp.Compare(a.Lane, b.Lane) })
	served := map[int64]*service{}
	for carrier, r := range hungry {
		served[carrier] = &r.served
	}
	for _, r := range rows.runs {
		if r.due && served[r.CarrierID] == nil {
			v := &service{offer: s.offers.take(r.CarrierID)}
			if v.offer != nil {
				v.most = v.offer.Most()
			}
			served[r.CarrierID] = v
			t.afterwards(func(committed bool) { s.give(v, committed) })
		}
	}
	if err := t.checkHolds(ctx, served); err != nil {
		return &unserved{err}
	}
	left := rows.runs[:0]
	for _, r := range rows.runs {
		if r.due {
			r.FirstID = served[r.CarrierID].take(r)
		}
		if r.FirstID <= r.LastID {
			left = append(left, r)
		}
	}
	rows.runs = left
	for _, v := range served {
		if v.offer == nil || len(v.runs) == 0 {
			continue
		}
		id, err := t.insertClaim(ctx, v.offer.Hold.Holder, v.offer.Carrier, v.at, v.runs)
		if err != nil {
			return &unserved{err}
		}
		v.claim = &Claim{ID: id, Messages: v.messages, holder: v.offer.Hold.Holder}
	}
	return nil
}

// unserved says that messages could be accepted if no carrier claimed them at once.
type unserved struct{ error }

func (e *unserved) Unwrap() error { return e.error }

// service is an offer that is being taken up, or the rest of what a claim asks for.
type service struct {
	offer    *Offer // nil: none
	most     int
	lost     bool // who made it no longer has the carrier
	claim    *Claim
	at       time.Time
	runs     []run
	messages []Claimed
}

// last tells that there was not enough to take.
func (v *service) last() bool { return len(v.messages) < v.most }

// checkHolds passes over the offers of those who no longer have the carrier.
func (t *tx) checkHolds(ctx context.Context, served map[int64]*service) error {
	if t.dialect.oneWriter {
		return nil // nobody else can have taken it
	}
	var names []string
	for _, v := range served {
		if v.offer != nil {
			names = append(names, v.offer.Hold.Name)
		}
	}
	slices.Sort(names)
	held, err := t.heldLeases(ctx, names)
	for carrier, v := range served {
		v.lost = v.offer != nil && (!held[v.offer.Hold] || v.offer.Hold.Name != CarrierLease(carrier))
	}
	return err
}

// take claims of a run what the offer still takes, and gives the first id that is left.
func (v *service) take(r newRun) (next int64) {
	if v.lost || len(v.messages) >= v.most {
		return r.FirstID
	}
	last := min(r.LastID, r.FirstID+int64(v.most-len(v.messages))-1)
	v.runs = append(v.runs, run{First: r.FirstID, Last: last})
	v.messages = r.job.claimed(v.messages, r.CarrierID, r.FirstID, last)
	v.at = r.job.job.CreatedAt
	return last + 1
}

// give answers an offer that was taken up.
func (s *Store) give(v *service, committed bool) {
	switch {
	case v.offer == nil:
	case committed && v.claim != nil:
		s.hand.take(v.offer.Carrier, v.claim)
		v.offer.Give(v.claim)
	default:
		v.offer.Give(nil)
	}
}

// insertClaim writes the claim that lists the runs.
func (t *tx) insertClaim(ctx context.Context, holder string, carrier int64, at time.Time, runs []run) (id int64, err error) {
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
		ID: id, Node: holder, CarrierID: carrier, At: micros(at), FirstID: first, LastID: last, Runs: string(text),
	})
}
