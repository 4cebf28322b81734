package campaign_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ramier/internal/campaign"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// known steps until it is known what a batch costs, and is not late about it.
func (d *desk) known(t fatal, b sms.Batch, steps int) sms.Batch {
	t.Helper()
	for range steps {
		if b.Exact {
			return b
		}
		if _, err := d.batches.Step(ctx); err != nil {
			t.Fatal(err)
		}
		b = d.look(t, b)
	}
	t.Fatal("it is not known what the batch costs: ", b)
	return b
}

// mixed gives receivers of whom the later ones cost more, and some stand there twice.
func mixed(n int) []string {
	to := make([]string, n)
	for i := range to {
		to[i] = fmt.Sprintf("+336%08d", 20_000_000+i%(n-3))
		if i >= n/2 {
			to[i] = fmt.Sprintf("+324%08d", 70_000_000+i%(n-3))
		}
	}
	return to
}

func TestWhatALongBatchCostsBecomesKnown(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := newDesk(s, storetest.NewShop(t, s))
		if err := s.SetRate(ctx, "BE", 1700); err != nil {
			t.Fatal(err)
		}
		d.batches.SetRows(5)
		d.batches.SetExact(10)
		if b := d.create(t, campaign.Request{Order: free, To: mixed(10), Hold: time.Hour}); !b.Exact || b.Estimate != 13500 {
			t.Errorf("a short one: %+v", b)
		}
		b := d.create(t, campaign.Request{Order: free, To: mixed(40), Hold: time.Hour})
		if b.Exact || b.Estimate != 40*sms.Credit {
			t.Errorf("made: %+v", b)
		}
		d.batches.Step(ctx)
		d = newDesk(s, d.shop) // a crash in the middle
		d.batches.SetRows(5)
		d.batches.SetExact(10)
		const exact = 20*sms.Credit + 17*1700 + 3*1700 // the three last are other numbers, since they are Belgian
		if b = d.known(t, b, 10); b.Estimate != exact || b.Status != sms.BatchPending || b.Credits != 0 || !b.WakeAt.Equal(b.HoldUntil) {
			t.Errorf("known: %+v", b)
		}
		edited := b
		edited.Order.Text = strings.Repeat("x", 161)
		if err := d.batches.Edit(ctx, edited, b); err != nil {
			t.Fatal(err)
		}
		if err := d.batches.Edit(ctx, edited, b); sms.CodeOf(err) != sms.Conflict {
			t.Errorf("an edit of what another has changed: %v", err)
		}
		if b = d.look(t, b); b.Exact || b.Estimate != 80*sms.Credit {
			t.Errorf("edited: %+v", b)
		}
		if b = d.known(t, b, 10); b.Estimate != 2*exact {
			t.Errorf("known again: %+v", b)
		}
		if _, err := s.Grant(ctx, d.shop.Service.ID, 1000*sms.Credit, "", storetest.Noon); err != nil {
			t.Fatal(err)
		}
		d.clock.Advance(2 * time.Hour)
		if b = d.toEnd(t, b); b.Status != sms.BatchInserted || b.Credits != 2*exact || b.Estimate != b.Credits || !b.Exact {
			t.Errorf("charged: %+v", b)
		}
	})
}

// A batch that has stopped in the middle says what it would cost in all, at the prices of now.
func TestWhatTheRestOfABatchCostsBecomesKnown(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := newDesk(s, storetest.NewShop(t, s)) // with 100 credits
		d.batches.SetRows(20)
		d.batches.SetExact(20)
		to := handsets(130)
		to = append(to, to[:5]...)
		b := d.create(t, campaign.Request{Order: free, To: to, Settings: sms.BatchSettings{Canary: 30}})
		for !b.InCanary() {
			d.batches.Step(ctx)
			b = d.look(t, b)
		}
		if b.Exact || b.Credits != 30*sms.Credit {
			t.Errorf("in the canary: %+v", b)
		}
		if b = d.known(t, b, 10); !b.InCanary() || b.Estimate != 130*sms.Credit || b.Credits != 30*sms.Credit {
			t.Errorf("known in the canary: %+v", b)
		}
		if err := d.batches.Pause(ctx, &b); err != nil {
			t.Fatal(err)
		}
		if b = d.look(t, b); !b.Exact {
			t.Errorf("paused: %+v", b)
		}
		if _, err := s.Grant(ctx, d.shop.Service.ID, 1000*sms.Credit, "", storetest.Noon); err != nil {
			t.Fatal(err)
		}
		q := d.quote(t, campaign.Request{Order: free, To: to})
		bound := d.create(t, campaign.Request{Order: free, To: to, QuoteID: q.ID})
		for bound.Next < 40 {
			d.batches.Step(ctx)
			bound = d.look(t, bound)
		}
		if err := s.SetRate(ctx, "FR", 1500); err != nil {
			t.Fatal(err)
		}
		if bound = d.toEnd(t, bound); !bound.Paused || bound.Exact && bound.Estimate == q.Credits {
			t.Errorf("stopped: %+v", bound)
		}
		if bound = d.known(t, bound, 20); bound.Estimate != bound.Credits+(130*sms.Credit-bound.Credits)*3/2 {
			t.Errorf("what it would cost now: %+v", bound)
		}
	})
}

func handsets(n int) []string {
	to := make([]string, n)
	for i := range to {
		to[i] = fmt.Sprintf("+336%08d", 20_000_000+i)
	}
	return to
}
