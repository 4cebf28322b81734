package store_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// reopened opens a database whose next message has at least the id.
func reopened(t *testing.T, database, address string, s *store.Store, next int64) *store.Store {
	t.Helper()
	if s != nil {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	driver, name := "pgx", address
	if database == "sqlite" {
		driver, name = "sqlite", "file:"+strings.TrimPrefix(address, "sqlite://")
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "UPDATE sequence SET next = $1 WHERE name = 'message'", next); err != nil {
		t.Fatal(err)
	}
	if s, err = store.Open(t.Context(), address, storetest.Options()); err != nil {
		t.Fatal(err)
	}
	return s
}

// Ids are looked up in buckets of 262,144, and PostgreSQL keeps 16,777,216 in a partition.
func TestMessagesFarApartAreFound(t *testing.T) {
	for _, database := range storetest.Databases {
		t.Run(database, func(t *testing.T) {
			address := storetest.URL(t, database)
			s, err := store.Open(t.Context(), address, storetest.Options())
			if err != nil {
				t.Fatal(err)
			}
			shop := storetest.NewShop(t, s)
			defer func() { _ = s.Close() }()
			var all, to []int64
			for i, next := range []int64{1, 262_140, 600_000, 5_000_000, 1<<24 - 3, 1 << 25} {
				s = reopened(t, database, address, s, next)
				o := storetest.Order("x", fmt.Sprintf("+336399801%02d", i), "+33639980202", "+33639980203", "+33639980204", "+33639980205", alice)
				o.Tag = fmt.Sprint("tag", i)
				id := shop.Accept(t, s, o, storetest.Noon)
				if id != next {
					t.Errorf("id %d, want %d", id, next)
				}
				for k := range int64(6) {
					all = append(all, id+k)
				}
				to = append(to, id+5)
			}
			tag := "tag3"
			for name, c := range map[string]struct {
				filter store.Filter
				want   []int64
			}{
				"all":          {store.Filter{}, all},
				"receiver":     {store.Filter{Receiver: alice}, to},
				"first":        {store.Filter{Receiver: "+33639980100"}, all[:1]},
				"tag":          {store.Filter{Tag: &tag}, all[18:24]},
				"tag receiver": {store.Filter{Tag: &tag, Receiver: alice}, to[3:4]},
				"state":        {store.Filter{Receiver: alice, States: []sms.State{sms.Sent}}, []int64{}},
				"time":         {store.Filter{Receiver: alice, From: storetest.Noon.Add(1)}, to},
				"later":        {store.Filter{Receiver: alice, From: storetest.Noon.Add(1000)}, []int64{}},
			} {
				got, err := s.Outgoing(t.Context(), shop.Service.ID, c.filter)
				if err != nil || !slices.Equal(got, c.want) {
					t.Errorf("%s: %v, %v; want %v", name, got, err, c.want)
				}
			}
			refs := make([]string, len(all))
			for i := range refs {
				refs[i] = fmt.Sprint("r", i)
			}
			settle(t, s, sent(claimAll(t, s, shop, len(all), storetest.Noon), shop, refs...))
			if _, err := s.WriteAnswers(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			// The first receiver of all answers STOP, many messages later.
			settle(t, s, &store.Outcome{Incoming: []sms.Incoming{{CarrierID: shop.Carrier.ID, Sender: "+33639980100", Number: "36111", Text: "STOP", At: storetest.Noon}}})
			if o, err := s.OptOut(t.Context(), shop.Service.ID, "+33639980100"); err != nil || o.OutgoingID != all[0] || o.Words != "STOP" {
				t.Errorf("a late STOP does not count: %+v, %v", o, err)
			}
		})
	}
}

// However many receipts of a handset match nothing, a doubt about a message to it can be settled.
func TestManyParkedReceiptsDoNotStopASettling(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		id := shop.Accept(t, s, storetest.Order("x", alice), storetest.Noon)
		second := shop.Accept(t, s, storetest.Order("y", alice), storetest.Noon)
		c := claimAll(t, s, shop, 2, storetest.Noon)
		for n := range 8 {
			o := &store.Outcome{}
			for i := range 1000 {
				o.Receipts = append(o.Receipts, receipt(shop, fmt.Sprintf("foreign-%d-%d", n, i), alice, sms.Delivered))
			}
			settle(t, s, o)
		}
		o := &store.Outcome{Ended: []int64{c.ID}}
		for _, m := range c.Messages {
			o.Answers = append(o.Answers, sms.Answer{
				MessageID: m.ID, CarrierID: shop.Carrier.ID, State: sms.InDoubt, At: storetest.Noon, Handed: storetest.Noon,
			})
		}
		settle(t, s, o)
		wantState(t, s, id, sms.InDoubt)
		wantState(t, s, second, sms.InDoubt)
	})
}

func TestAPathMayHaveAnyCharacter(t *testing.T) {
	address := storetest.URL(t, "sqlite")
	folder := strings.TrimSuffix(address, "ramier.db")
	a := storetest.Open(t, folder+"a#1 ?%20.db")
	b := storetest.Open(t, folder+"a#2.db")
	shop := storetest.NewShop(t, a)
	if _, err := b.Service(t.Context(), shop.Service.Name); sms.CodeOf(err) != sms.NoService {
		t.Errorf("two paths are one database: %v", err)
	}
}
