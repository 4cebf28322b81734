package sandbox_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"ramier/internal/sandbox/sandboxtest"
)

// TestASuspendedAccountsMessagesWait: what was accepted waits while the account is suspended or the service disabled, and is sent, or cancelled, as
// the operator decides.
func TestASuspendedAccountsMessagesWait(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		service, account := "/sms/"+p.Info.ServiceName, "/operator/accounts/rm12345-ovh"
		later := func(minutes int) (id int64) {
			t.Helper()
			var r struct{ IDs []int64 }
			check(t, p.OVH.Post(service+"/jobs", map[string]any{
				"message": "later", "receivers": []string{handset}, "senderForResponse": true, "noStopClause": true, "differedPeriod": minutes,
			}, &r))
			return r.IDs[0]
		}
		ptt := func(id int64) int64 {
			t.Helper()
			var m struct{ PTT int64 }
			check(t, p.OVH.Get(service+"/outgoing/"+strconv.FormatInt(id, 10), &m))
			return m.PTT
		}
		waiting := func() int {
			var ids []int64
			check(t, p.OVH.Get(service+"/jobs", &ids))
			return len(ids)
		}
		first, second := later(10), later(60)
		check(t, p.Operator.Put(account, map[string]any{"suspended": "unpaid"}, nil))
		p.Clock.Advance(20 * time.Minute)
		if waiting() != 2 {
			t.Fatalf("%d messages wait", waiting())
		}
		p.Audit()
		check(t, p.Operator.Put(account, map[string]any{"suspended": nil}, nil))
		p.Until("the first message arrives", func() bool { return ptt(first) == 4 })
		if waiting() != 1 {
			t.Errorf("%d messages wait", waiting())
		}
		refusedWith(t, p.Operator.Post("/operator/services/"+p.Info.ServiceName+"/cancel", map[string]any{}, nil), http.StatusConflict, "may send")

		check(t, p.Operator.Put("/operator/services/"+p.Info.ServiceName, map[string]any{"status": "disable"}, nil))
		p.Clock.Advance(2 * time.Hour)
		before := left(t, p.OVH, p.Info.ServiceName)
		var got struct{ Cancelled, Left int64 }
		check(t, p.Operator.Post("/operator/services/"+p.Info.ServiceName+"/cancel", map[string]any{}, &got))
		if got.Cancelled != 1 || got.Left != 0 || waiting() != 0 || left(t, p.OVH, p.Info.ServiceName) != before+1 {
			t.Errorf("%+v, %d wait, %v credits", got, waiting(), left(t, p.OVH, p.Info.ServiceName))
		}
		check(t, p.Operator.Put("/operator/services/"+p.Info.ServiceName, map[string]any{"status": "enable"}, nil))
		refusedWith(t, p.OVH.Get(service+"/outgoing/"+strconv.FormatInt(second, 10), nil), http.StatusNotFound, "does not exist")
		p.Audit()
	})
}
