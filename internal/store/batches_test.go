package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// newBatch makes a batch of three rows that is being planned.
func newBatch(t *testing.T, s *store.Store, shop storetest.Shop) sms.Batch {
	t.Helper()
	l := store.List{ServiceID: shop.Service.ID, Columns: []string{""}, CreatedAt: storetest.Noon}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(s.NewList(t.Context(), &l))
	check(s.AddChunk(t.Context(), l.ID, 0, []byte("rows")))
	b := sms.Batch{
		UUID: "6ba7b810-9dad-41d1-80b4-00c04fd430c8", ServiceID: shop.Service.ID, Order: storetest.Order("x"), ListID: l.ID,
		Status: sms.BatchInserting, Total: 3, CreatedAt: storetest.Noon, UpdatedAt: storetest.Noon, WakeAt: storetest.Noon,
	}
	_, err := s.AddBatch(t.Context(), &b, true, store.BatchKey{})
	check(err)
	return b
}

// step accepts a plan for rows of a batch.
func step(t *testing.T, s *store.Store, shop storetest.Shop, b sms.Batch, from, to int, o sms.Order) error {
	t.Helper()
	r, err := s.FreshRules(t.Context(), shop.Service.Name)
	if err != nil {
		t.Fatal(err)
	}
	p, err := sms.NewPlan(o, r, storetest.Noon)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = s.Accept(t.Context(), &store.Acceptance{Plan: p, Batch: &store.BatchStep{Batch: b.ID, From: from, To: to, Due: b.DueAt, At: storetest.Noon}})
	return err
}

func TestAStepOfABatchIsAcceptedOnce(t *testing.T) {
	for _, database := range storetest.Databases {
		t.Run(database, func(t *testing.T) {
			address := storetest.URL(t, database)
			s := storetest.Open(t, address)
			shop := storetest.NewShop(t, s)
			b := newBatch(t, s, shop)
			first := storetest.Order("x", alice, "nobody")
			if err := step(t, s, shop, b, 0, 2, first); err != nil {
				t.Fatal(err)
			}
			for _, at := range []int{0, 1, 3} {
				if _, stale := errors.AsType[*store.StaleStepError](step(t, s, shop, b, at, 3, first)); !stale {
					t.Errorf("rows from %d were planned again", at)
				}
			}
			other := b
			other.DueAt = storetest.Noon.Add(time.Hour)
			if _, stale := errors.AsType[*store.StaleStepError](step(t, s, shop, other, 2, 3, storetest.Order("x", bob))); !stale {
				t.Error("rows were planned for a time that the batch does not have any more")
			}
			if err := s.PauseBatch(t.Context(), &b, "", storetest.Noon); err != nil {
				t.Fatal(err)
			}
			if _, stale := errors.AsType[*store.StaleStepError](step(t, s, shop, b, 2, 3, storetest.Order("x", bob))); !stale {
				t.Error("rows of a paused batch were planned")
			}
			if c := claimAll(t, s, shop, 0, storetest.Noon.Add(time.Hour)); c != nil {
				t.Errorf("messages of a paused batch were claimed: %+v", c)
			}
			if err := s.ResumeBatch(t.Context(), &b, storetest.Noon.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
			if err := step(t, s, shop, b, 2, 3, storetest.Order("x", bob)); err != nil {
				t.Fatal(err)
			}
			c := claimAll(t, s, shop, 2, storetest.Noon.Add(time.Hour))
			for _, m := range c.Messages {
				if m.Receiver == alice && !m.Job.DueAt.Equal(storetest.Noon.Add(time.Hour)) {
					t.Errorf("its validity counts from %v", m.Job.DueAt)
				}
			}
			now, err := s.Batch(t.Context(), shop.Service.ID, b.UUID)
			if err != nil || now.Status != sms.BatchInserted || now.Messages != 2 || now.Errors != 1 || now.Credits != 2*sms.Credit {
				t.Errorf("%+v, %v", now, err)
			}
			auditFindsDamagedBatches(t, s, address)
		})
	}
}

func auditFindsDamagedBatches(t *testing.T, s *store.Store, address string) {
	t.Helper()
	if found := audit(t, s).Findings; len(found) > 0 {
		t.Errorf("findings %+v", found)
	}
	db := behind(t, address)
	for column, want := range map[string]string{"messages": "counts 3 messages", "errors": "counts 2 errors", "credits": "and its jobs cost 2"} {
		run(t, db, "UPDATE batch SET "+column+" = "+column+" + 1")
		if found := audit(t, s).Findings; len(found) != 1 || !strings.Contains(found[0].Text, want) {
			t.Errorf("%s: findings %+v", column, found)
		}
		run(t, db, "UPDATE batch SET "+column+" = "+column+" - 1")
	}
}

func TestListsThatNothingUsesGo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		b := newBatch(t, s, shop)
		lost := store.List{ServiceID: shop.Service.ID, Columns: []string{""}, CreatedAt: storetest.Noon}
		for _, err := range []error{s.NewList(t.Context(), &lost), s.AddChunk(t.Context(), lost.ID, 0, []byte("x")), s.DropLists(t.Context(), storetest.Noon)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Chunk(t.Context(), lost.ID, 0); err != nil {
			t.Errorf("a new list has gone: %v", err)
		}
		if err := s.DropLists(t.Context(), storetest.Noon.Add(2*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Chunk(t.Context(), lost.ID, 0); sms.CodeOf(err) != sms.NoObject {
			t.Errorf("a list that nothing uses stays: %v", err)
		}
		if _, err := s.Chunk(t.Context(), b.ListID, 0); err != nil {
			t.Errorf("the list of a batch has gone: %v", err)
		}
	})
}
