package store_test

import (
	"fmt"
	"slices"
	"testing"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// Jobs whose tags are counted and those whose are not stand apart in the index; the list does not show it.
func TestTheMessagesOfATagAreOneAscendingList(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		if _, err := s.Grant(t.Context(), shop.Service.ID, 10_000*sms.Credit, "test", storetest.Noon); err != nil {
			t.Fatal(err)
		}
		var want, all []int64
		for i := range 300 {
			o := storetest.Order("x", alice, bob)
			o.Tag, o.TagMadeUp = "a", i%3 == 0
			if i%7 == 0 {
				o.Tag = "b"
			}
			first := shop.Accept(t, s, o, storetest.Noon)
			all = append(all, first, first+1)
			if o.Tag == "a" {
				want = append(want, first, first+1)
			}
		}
		tag, none, refused := "a", "c", 53
		for name, c := range map[string]struct {
			filter store.Filter
			want   []int64
		}{
			"tag": {store.Filter{Tag: &tag}, want}, "all": {store.Filter{}, all}, "no such tag": {store.Filter{Tag: &none}, []int64{}},
			"state": {store.Filter{Tag: &tag, States: []sms.State{sms.Queued}}, want}, "ptt": {store.Filter{Tag: &tag, PTT: &refused}, []int64{}},
		} {
			got, err := s.Outgoing(t.Context(), shop.Service.ID, c.filter)
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%s: %d ids, %v; want %d", name, len(got), err, len(c.want))
			}
		}
		pages := 0
		for page, err := range s.OutgoingPages(t.Context(), shop.Service.ID, store.Filter{}) {
			if pages++; err != nil || len(page) > 256 && pages == 1 {
				t.Errorf("page %d has %d ids, %v", pages, len(page), err)
			}
		}
		if pages < 2 {
			t.Errorf("%d pages", pages)
		}
		r, err := s.Report(t.Context(), shop.Service.ID, sms.ReportFilter{Tag: &tag})
		if err != nil || r.Total.Messages != int64(len(want)) || r.Total.Waiting != int64(len(want)) {
			t.Errorf("the report on the tag: %+v, %v", r.Total, err)
		}
	})
}

// A customer who gives each message a tag of its own gets no counter for each; reports on such tags are right all the same.
func TestNotEveryTagIsCounted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		if _, err := s.Grant(t.Context(), shop.Service.ID, 10_000*sms.Credit, "test", storetest.Noon); err != nil {
			t.Fatal(err)
		}
		counted := 0
		for i := range 1003 {
			o := storetest.Order("x", alice)
			o.Tag = fmt.Sprint("order ", i)
			id := shop.Accept(t, s, o, storetest.Noon)
			if i < 995 {
				continue
			}
			_, j, err := s.Message(t.Context(), 0, id)
			if err != nil {
				t.Fatal(err)
			}
			if j.Tally == sms.CountedWithTag {
				counted++
			}
			if r, err := s.Report(t.Context(), shop.Service.ID, sms.ReportFilter{Tag: &o.Tag}); err != nil || r.Total.Messages != 1 {
				t.Errorf("%s: %+v, %v", o.Tag, r.Total, err)
			}
		}
		if counted != 5 {
			t.Errorf("%d of the last 8 tags are counted, want those up to the 1000th", counted)
		}
		if r, err := s.Report(t.Context(), shop.Service.ID, sms.ReportFilter{By: sms.ByDay}); err != nil || r.Total.Messages != 1003 || len(r.Rows) != 1 {
			t.Errorf("the report on all: %+v, %v", r, err)
		}
		if a := audit(t, s); len(a.Findings) > 0 {
			t.Errorf("%+v", a.Findings)
		}
	})
}
