package campaign_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"ramier/internal/campaign"
	"ramier/internal/clock"
	"ramier/internal/fetch"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
	"ramier/internal/submit"
)

// desk is everything that works at batches, over one store.
type desk struct {
	store   *store.Store
	shop    storetest.Shop
	clock   *clock.Clock
	slots   *campaign.Slots
	batches *campaign.Batches
}

func newDesk(s *store.Store, shop storetest.Shop) *desk {
	d := &desk{store: s, shop: shop, clock: clock.At(storetest.Noon)}
	submitter := submit.New(s, d.clock.Now)
	d.slots = campaign.NewSlots(s, fetch.New(fetch.Config{}), d.clock.Now)
	d.batches = campaign.NewBatches(d.slots, s, submitter, d.clock, slog.New(slog.DiscardHandler))
	return d
}

// text makes a file of so many rows as it is read.
type text struct {
	rows, next int
	row        func(i int) string
	rest       string
}

func (f *text) Read(p []byte) (int, error) {
	for f.rest == "" {
		if f.next > f.rows {
			return 0, io.EOF
		}
		if f.next == 0 {
			f.rest = "Numero;nom;prenom;adresse\r\n"
		} else {
			f.rest = f.row(f.next)
		}
		f.next++
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

func customer(i int) string {
	return fmt.Sprintf("06%08d;Durant;Pierre;%d rue Montaigne Paris\r\n", 20_000_000+i, i)
}

// load puts rows into a slot, as if they had come from a URL.
func (d *desk) load(ctx context.Context, slot, rows int, row func(int) string) (store.Slot, error) {
	return d.slots.Load(ctx, d.shop.Service, store.Slot{Slot: slot}, func(_ context.Context, o campaign.Options) (*campaign.List, error) {
		return campaign.Read(&text{rows: rows, row: row}, o)
	})
}

// BenchmarkBatch sends a text with merge fields to the list of a slot: rows planned, charged and queued, durably. The carrier takes nothing.
// It also shows the fetching of the list, without the network, and what memory is in use at the end.
//
//	scripts/with-postgres go test ./internal/campaign -bench Batch -run - -benchtime 1000000x
func BenchmarkBatch(b *testing.B) {
	for _, database := range storetest.Databases {
		b.Run(database, func(b *testing.B) { benchmarkBatch(b, storetest.Open(b, storetest.URL(b, database))) })
	}
}

func benchmarkBatch(b *testing.B, s *store.Store) {
	b.StopTimer()
	d := newDesk(s, storetest.NewShop(b, s))
	if _, err := s.Grant(b.Context(), d.shop.Service.ID, sms.Credits(2*b.N+10)*sms.Credit, "", storetest.Noon); err != nil {
		b.Fatal(err)
	}
	begun := time.Now()
	slot, err := d.load(b.Context(), 1, b.N, customer)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(slot.List.Records)/time.Since(begun).Seconds(), "read/s")
	rules, err := s.FreshRules(b.Context(), d.shop.Service.Name)
	if err != nil {
		b.Fatal(err)
	}
	o := sms.Order{Text: "Bonjour #prenom# #nom#, votre commande va être livrée : #adresse#", Sender: "Ramier", NoStop: true, Class: sms.PhoneDisplay}
	batch, err := d.batches.Create(b.Context(), rules, campaign.Request{Order: o, Slot: 1})
	if err != nil {
		b.Fatal(err)
	}
	b.StartTimer()
	var most uint64
	for batch.Status != sms.BatchInserted {
		if _, err := d.batches.Step(b.Context()); err != nil {
			b.Fatal(err)
		}
		if batch, err = s.Batch(b.Context(), d.shop.Service.ID, batch.UUID); err != nil {
			b.Fatal(err)
		}
		if batch.Paused || batch.Status == sms.BatchFailed {
			b.Fatal(batch.Reason)
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		most = max(most, m.Sys)
	}
	b.StopTimer()
	if batch.Messages != b.N {
		b.Fatalf("%d messages of %d rows", batch.Messages, b.N)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(most)/(1<<20), "MiB")
}
