package campaign_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"ramier/internal/campaign"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// ctx is that of all calls here: nothing is interrupted.
var ctx = context.Background()

var free = sms.Order{Text: "Bonjour", Sender: "Ramier", NoStop: true, Class: sms.PhoneDisplay}

func (d *desk) create(t fatal, r campaign.Request) sms.Batch {
	t.Helper()
	rules, err := d.store.FreshRules(ctx, d.shop.Service.Name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := d.batches.Create(ctx, rules, r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// look gives a batch as it is.
func (d *desk) look(t fatal, b sms.Batch) sms.Batch {
	t.Helper()
	now, err := d.store.Batch(ctx, d.shop.Service.ID, b.UUID)
	if err != nil {
		t.Fatal(err)
	}
	return now
}

// fatal is what helpers need of a test.
type fatal interface {
	Helper()
	Fatal(...any)
	Errorf(string, ...any)
}

// check compares a batch with its messages and the books. Nothing else was sent.
func (d *desk) check(t fatal, b sms.Batch) {
	t.Helper()
	a, err := d.store.Audit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range a.Findings {
		t.Errorf("%s: %s", f.Object, f.Text)
	}
	counts, err := d.store.CountBatch(ctx, &b)
	if err != nil {
		t.Fatal(err)
	}
	if counts.Messages != b.Messages || counts.Messages != int(a.Messages) {
		t.Errorf("the batch counts %d messages, there are %d of it and %d in all", b.Messages, counts.Messages, a.Messages)
	}
	balance, err := d.store.Balance(ctx, d.shop.Service.ID)
	if err != nil {
		t.Fatal(err)
	}
	if spent := balance.Held + balance.Used; spent != counts.Credits {
		t.Errorf("%v credits are held or used, and the messages cost %v", spent, counts.Credits)
	}
	seen := map[string]bool{}
	if err := d.store.BatchReceivers(ctx, b.ID, func(receiver string) {
		if seen[receiver] {
			t.Errorf("%s has two messages", receiver)
		}
		seen[receiver] = true
	}); err != nil {
		t.Fatal(err)
	}
}

func TestABatchGoesOnAfterACrash(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := newDesk(s, storetest.NewShop(t, s))
		to := []string{}
		for i := range 40 {
			to = append(to, fmt.Sprintf("+336%08d", 20_000_000+i%25)) // 15 are there twice, in other parts
		}
		to[7] = "x"
		b := d.create(t, campaign.Request{Order: free, To: to})
		for d.look(t, b).Status != sms.BatchInserted {
			d = newDesk(s, d.shop) // which knows nothing
			d.batches.SetRows(6)
			if _, err := d.batches.Step(ctx); err != nil {
				t.Fatal(err)
			}
		}
		b = d.look(t, b)
		if b.Messages != 25 || b.Errors != 1 || b.Credits != 25*sms.Credit || b.Next != 40 {
			t.Errorf("%+v", b)
		}
		refused, _, err := s.BatchErrors(ctx, b.ID, 0, 10)
		if err != nil || len(refused) != 1 || refused[0].Line != 8 || refused[0].Receiver != "x" {
			t.Errorf("%+v, %v", refused, err)
		}
		d.check(t, b)
	})
}

func TestTwoNodesPlanEachRowOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := newDesk(s, storetest.NewShop(t, s))
		to := []string{}
		for i := range 90 {
			to = append(to, fmt.Sprintf("+336%08d", 20_000_000+i))
		}
		b := d.create(t, campaign.Request{Order: free, To: to})
		var nodes sync.WaitGroup
		for range 3 {
			other := newDesk(s, d.shop)
			other.batches.SetRows(4)
			nodes.Go(func() {
				for d.look(t, b).Status != sms.BatchInserted {
					if _, err := other.batches.Step(ctx); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		nodes.Wait()
		if b = d.look(t, b); b.Messages != 90 || b.Errors != 0 {
			t.Errorf("%+v", b)
		}
		d.check(t, b)
	})
}

func TestABatchPausesWithoutCredits(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := newDesk(s, storetest.NewShop(t, s)) // with 100 credits
		d.batches.SetRows(50)
		to := []string{}
		for i := range 100 {
			to = append(to, fmt.Sprintf("+336%08d", 20_000_000+i))
		}
		b := d.create(t, campaign.Request{Order: free, To: to})
		d.shop.Accept(t, s, storetest.Order("something else", "+33639980001"), storetest.Noon)
		for range 4 {
			if _, err := d.batches.Step(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if b = d.look(t, b); !b.Paused || b.Messages != 50 || !strings.Contains(b.Reason, "Not enough credits") {
			t.Errorf("%+v", b)
		}
		if _, err := s.Grant(ctx, d.shop.Service.ID, sms.Credit, "", storetest.Noon); err != nil {
			t.Fatal(err)
		}
		if err := d.batches.Resume(ctx, &b); err != nil {
			t.Fatal(err)
		}
		if _, err := d.batches.Step(ctx); err != nil {
			t.Fatal(err)
		}
		if b = d.look(t, b); b.Messages != 100 || b.Paused || b.Reason != "" {
			t.Errorf("%+v", b)
		}
	})
}

// Whatever is done to a batch, each receiver gets at most one message, what it costs is in the books, and what is cancelled is given back.
func TestAnyBatchAddsUp(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := storetest.Open(t, storetest.URL(t, "sqlite"))
		d := newDesk(s, storetest.NewShop(t, s))
		to := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) string {
			if rapid.IntRange(0, 9).Draw(r, "kind") == 0 {
				return rapid.SampledFrom([]string{"x", "", "+33", "12"}).Draw(r, "bad")
			}
			return fmt.Sprintf("06%08d", 20_000_000+rapid.IntRange(0, 60).Draw(r, "number"))
		}), 1, 80).Draw(r, "to")
		request := campaign.Request{Order: free, To: to}
		request.Order.Text = rapid.SampledFrom([]string{"a", strings.Repeat("a", 161)}).Draw(r, "text")
		b := d.create(t, request)
		d.batches.SetRows(7)
		hold := d.shop.Hold(t, s)
		for _, act := range rapid.SliceOfN(rapid.SampledFrom([]string{"step", "step", "step", "crash", "pause", "resume", "cancel", "rest", "send"}), 1, 30).Draw(r, "acts") {
			now := d.look(t, b)
			var err error
			switch act {
			case "step":
				_, err = d.batches.Step(ctx)
			case "crash":
				d = newDesk(s, d.shop)
				d.batches.SetRows(7)
			case "pause":
				err = d.batches.Pause(ctx, &now)
			case "resume":
				err = d.batches.Resume(ctx, &now)
			case "cancel", "rest":
				err = d.batches.Cancel(ctx, &now, act == "rest")
			case "send":
				d.send(t, hold)
			}
			if err != nil && sms.CodeOf(err) != sms.Conflict {
				r.Fatalf("%s: %v", act, err)
			}
		}
		b = d.look(t, b)
		if b.Status == sms.BatchCanceling && !b.Paused {
			for range 3 {
				if _, err := d.batches.Step(ctx); err != nil {
					r.Fatal(err)
				}
			}
		}
		d.check(r, d.look(t, b))
		if err := s.Close(); err != nil {
			r.Fatal(err)
		}
	})
}

// send hands what is due to a carrier that accepts it.
func (d *desk) send(t *testing.T, hold store.Hold) {
	t.Helper()
	c, err := d.store.Claim(ctx, d.shop.Carrier.ID, hold, 5, d.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	if c == nil || len(c.Messages) == 0 {
		return
	}
	o := store.Outcome{Ended: []int64{c.ID}}
	for _, m := range c.Messages {
		refs := make([]string, m.Parts)
		for i := range refs {
			refs[i] = fmt.Sprint("r", m.ID, "-", i)
		}
		o.Answers = append(o.Answers, sms.Answer{
			MessageID: m.ID, CarrierID: d.shop.Carrier.ID, State: sms.Sent, Refs: refs, Attempt: m.Attempts, At: d.clock.Now(),
		})
	}
	if err := d.store.Settle(ctx, &o); err != nil {
		t.Fatal(err)
	}
}

func TestRowsSurviveBeingStored(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		rows := rapid.SliceOfN(rapid.SliceOfN(rapid.String(), 1, 5), 1, 20).Draw(r, "rows")
		var chunk []byte
		for i, row := range rows {
			chunk = campaign.AppendRow(chunk, 1+i%3, row)
		}
		n, line := 0, 0
		for row, err := range campaign.ChunkRowsOf(chunk, 0) {
			line += 1 + n%3
			if err != nil || !slices.Equal(row.Values, rows[n]) || row.Line != line {
				r.Fatalf("row %d is %+v, %v", n, row, err)
			}
			n++
		}
		if n != len(rows) {
			r.Fatalf("%d rows of %d", n, len(rows))
		}
	})
}

func FuzzChunk(f *testing.F) {
	f.Add(campaign.AppendRow(campaign.AppendRow(nil, 2, []string{"+33612345678", "é"}), 1, []string{""}))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, chunk []byte) {
		for row, err := range campaign.ChunkRowsOf(chunk, 0) {
			if err == nil && len(row.Values) == 0 {
				t.Error("a row without cells")
			}
		}
	})
}

func TestNumbersAreASet(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var set campaign.Numbers
		model := map[string]bool{}
		for _, n := range rapid.SliceOf(rapid.OneOf(rapid.StringMatching(`\+[1-9][0-9]{0,15}`), rapid.SampledFrom([]string{"", "+", "x", "+0", "36111"}))).Draw(r, "numbers") {
			if set.Has(n) != model[n] || set.Add(n) == model[n] || !set.Has(n) {
				r.Fatalf("%q", n)
			}
			model[n] = true
		}
	})
}
