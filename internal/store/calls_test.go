package store_test

import (
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// The log of calls keeps the latest of each account, and only its own.
func TestTheLogOfCallsIsBounded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		mine := storetest.NewShop(t, s).Service.AccountID
		other := sms.Account{Name: "ot99999-ovh", Country: "FR", CreatedAt: at}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(s.AddAccount(ctx, &other))
		theirs := other.ID
		var calls []sms.APICall
		for i := range sms.APICallsKept + 50 {
			calls = append(calls, sms.APICall{AccountID: mine, At: at.Add(time.Duration(i) * time.Millisecond), Method: "GET", Path: "/sms", Route: "/sms"})
		}
		calls = append(calls, sms.APICall{AccountID: theirs, At: at, Method: "POST", Path: "/sms/x/jobs", Route: "/sms/{serviceName}/jobs", IP: "192.0.2.1"})
		must(s.AddAPICalls(ctx, calls, []int64{mine}))
		must(s.AddAPICalls(ctx, calls[100:101], nil)) // written again
		ids, err := s.APICalls(ctx, mine)
		if err != nil || len(ids) != sms.APICallsKept || ids[0] != at.Add(50*time.Millisecond).UnixMicro() {
			t.Fatalf("%v, %d calls from %d on", err, len(ids), ids[0])
		}
		if _, err := s.APICall(ctx, theirs, ids[0]); sms.CodeOf(err) != sms.NoObject {
			t.Errorf("mine, asked for as theirs: %v", err)
		}
		want := calls[len(calls)-1]
		if got, err := s.APICall(ctx, theirs, at.UnixMicro()); err != nil || !got.At.Equal(at) || got.Path != want.Path || got.IP != want.IP {
			t.Errorf("%v %+v", err, got)
		}
		must(s.DropAPICalls(ctx, at.Add(time.Second)))
		if ids, err = s.APICalls(ctx, mine); err != nil || len(ids) != sms.APICallsKept-950 {
			t.Errorf("%v, %d calls after a second", err, len(ids))
		}
	})
}
