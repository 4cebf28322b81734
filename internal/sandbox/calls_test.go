package sandbox_test

import (
	"fmt"
	"testing"
	"time"

	"ramier/internal/sandbox/sandboxtest"
)

// A customer looks up his own calls, and nobody else's.
func TestCustomersSeeTheirCalls(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		p.Send("x", []string{handset})
		refused(t, p.OVH.Get("/sms/sms-nobody-9/jobs/12?x=", nil), 400, "x")
		check(t, p.Other.Get("/me", nil))
		check(t, p.OVH.GetUnAuth("/auth/time", nil))
		var ids, theirs []int64
		check(t, p.OVH.Get("/me/api/logs/self", &ids))
		check(t, p.Other.Get("/me/api/logs/self", &theirs))
		if len(ids) != 2 || len(theirs) != 1 {
			t.Fatalf("%v, theirs %v", ids, theirs)
		}
		type entry struct {
			LogID                            int64
			Account, Method, Path, Route, IP string
			Date                             time.Time
		}
		var e entry
		for i, want := range []entry{
			{Method: "POST", Path: p.Path("/jobs"), Route: "/sms/{serviceName}/jobs"}, {Method: "GET", Path: "/sms/sms-nobody-9/jobs/12", Route: "/sms/{serviceName}/jobs/{id}"},
		} {
			check(t, p.OVH.Get(fmt.Sprintf("/me/api/logs/self/%d", ids[i]), &e))
			if e.LogID != ids[i] || e.Account != "rm12345-ovh" || e.Method != want.Method || e.Path != want.Path || e.Route != want.Route || e.IP != "127.0.0.1" ||
				p.Clock.Now().Sub(e.Date).Abs() > time.Hour {
				t.Errorf("%+v, want %+v", e, want)
			}
		}
		refused(t, p.OVH.Get(fmt.Sprintf("/me/api/logs/self/%d", theirs[0]), &e), 404, "logId")
		p.Restart()
		var later []int64
		check(t, p.OVH.Get("/me/api/logs/self", &later))
		if len(later) < 5 || later[0] != ids[0] || later[1] != ids[1] {
			t.Errorf("after a restart %v, before %v", later, ids)
		}
		p.Clock.Advance(31 * 24 * time.Hour)
		p.Until("the old ones are forgotten", func() bool {
			check(t, p.OVH.Get("/me/api/logs/self", &later))
			return len(later) == 0 || later[0] > ids[1]
		})
	})
}
