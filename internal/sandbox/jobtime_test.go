package sandbox_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"ramier/internal/sandbox/sandboxtest"
	"ramier/internal/sms"
)

// The time of what waits can be changed, for all that was ordered together, until one of it has left.
func TestAJobLeavesAtAnotherTime(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		in := func(minutes int) map[string]any { return map[string]any{"differedPeriod": minutes} }
		put := func(id int64, minutes int) error {
			return p.OVH.Put(p.Path(fmt.Sprint("/jobs/", id)), in(minutes), nil)
		}
		now := p.Clock.Now()
		moved, sooner := p.Send("x", []string{arrives, "+33639980100"}, in(60)).IDs, p.Send("x", []string{arrives}, in(60)).IDs
		for id, minutes := range map[int64]int{moved[1]: 120, sooner[0]: 0} {
			if err := put(id, minutes); err != nil {
				t.Fatal(err)
			}
		}
		p.Await(sooner[0], sms.Delivered)
		wantError(t, put(sooner[0], 5), 404, "Client::ObjectNotFound", "does not exist")
		wantError(t, put(moved[0], -1), 400, "Client::BadRequest", "in the past")
		wantError(t, put(moved[0], 600_000), 400, "Client::BadRequest", "later than")
		wantError(t, p.Other.Put("/sms/"+p.Info.OtherServiceName+fmt.Sprint("/jobs/", moved[0]), in(1), nil), 404, "Client::ObjectNotFound", "does not exist")
		b := startBatch(p, "x", map[string]any{"to": handsets(1), "deferred": now.Add(time.Hour).Format(time.RFC3339)})
		p.Until("it is planned", func() bool { return getBatch(p, b.ID).Status == "INSERTED" })
		var ids []int64
		p.Get("/outgoing?batchID="+b.ID, &ids)
		wantError(t, put(ids[0], 5), 409, "Client::Conflict", "belongs to a batch")
		var job struct{ DifferedDelivery int }
		if p.Get(fmt.Sprint("/jobs/", moved[0]), &job); job.DifferedDelivery < 120 || job.DifferedDelivery > 121 {
			t.Errorf("job %+v", job)
		}
		p.Clock.Set(now.Add(90 * time.Minute))
		p.Await(p.Send("after", []string{arrives}).IDs[0], sms.Delivered)
		if p.Get("/jobs", &ids); !slices.Contains(ids, moved[0]) || !slices.Contains(ids, moved[1]) {
			t.Errorf("jobs %v", ids)
		}
		p.Clock.Set(now.Add(121 * time.Minute))
		for _, id := range moved {
			p.Await(id, sms.Delivered)
			sent, err := time.Parse(time.RFC3339, *p.Outgoing(id).SentAt)
			if err != nil || sent.Before(now.Add(120*time.Minute).Truncate(time.Second)) {
				t.Errorf("%d left at %v, %v", id, sent, err)
			}
		}
		p.Audit()
	})
}
