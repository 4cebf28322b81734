package sandbox_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ovh/go-ovh/ovh"

	"ramier/internal/sandbox/sandboxtest"
	"ramier/internal/sms"
)

// money is what a service shows of its credits.
type money struct {
	CreditsLeft           float64 `json:"creditsLeft"`
	CreditsHoldByQuota    float64 `json:"creditsHoldByQuota"`
	UserQuantityWithQuota int     `json:"userQuantityWithQuota"`
}

func wantMoney(t *testing.T, p *sandboxtest.Platform, want money) {
	t.Helper()
	var got money
	p.Get("", &got)
	if got != want {
		t.Errorf("the service has %+v, want %+v", got, want)
	}
}

// wantStatus fails the test unless err is the API's with the HTTP status.
func wantStatus(t *testing.T, err error, status int) string {
	t.Helper()
	e, ok := errors.AsType[*ovh.APIError](err)
	if !ok || e.Code != status {
		t.Fatalf("got %v, want HTTP status %d", err, status)
	}
	return e.Message
}

type object = map[string]any

// addUser makes a user with a quota; below zero = without one.
func addUser(t *testing.T, p *sandboxtest.Platform, login string, quota float64) {
	t.Helper()
	p.Post("/users", object{"login": login, "password": "Passw0rd"}, nil)
	if quota >= 0 {
		put(t, p, "/users/"+login, object{"quotaInformations": object{"quotaStatus": "active", "quotaLeft": quota}})
	}
}

func put(t *testing.T, p *sandboxtest.Platform, path string, body any) {
	t.Helper()
	if err := p.OVH.Put(p.Path(path), body, nil); err != nil {
		t.Fatal(err)
	}
}

type user struct {
	Login, Password, CallBack, StopCallBack string
	IPRestrictions                          []string
	QuotaInformations                       struct {
		QuotaLeft   float64
		QuotaStatus string
	}
	AlertThresholdInformations struct {
		AlertThreshold                   int
		AlertEmail, AlertNumber, Support string
	}
}

func TestAUserAndHisQuota(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		wantMoney(t, p, money{100_000, 0, 0})
		addUser(t, p, "shop", 10)
		wantMoney(t, p, money{99_990, 10, 1})
		var logins []string
		if p.Get("/users", &logins); !slices.Equal(logins, []string{"shop", p.Info.SMSLogin}) {
			t.Errorf("users %v", logins)
		}

		// He spends his quota, and nothing else.
		body := object{"message": "Hello", "receivers": []string{"+33639981001", "+33639981002"}, "sender": p.Info.Sender, "noStopClause": true}
		var r sandboxtest.Report
		p.Post("/users/shop/jobs", body, &r)
		wantMoney(t, p, money{99_990, 8, 1})
		for _, id := range r.IDs {
			p.Await(id, sms.Delivered)
		}
		body["receivers"] = []string{"+33639981001", "+33639981002", "+33639981003", "+33639981004", "+33639981005", "+33639981006", "+33639981007", "+33639981008", "+33639981009"}
		if text := wantStatus(t, p.OVH.Post(p.Path("/users/shop/jobs"), body, nil), http.StatusForbidden); text != "Not enough credits: 9 needed, 8 left on the quota of shop" {
			t.Error(text)
		}
		var u user
		if p.Get("/users/shop", &u); u.QuotaInformations.QuotaLeft != 8 || u.Password != "" {
			t.Errorf("%+v", u)
		}

		// His messages are his, and his service's.
		var own, all, others []int64
		addUser(t, p, "other", -1)
		p.Get("/users/shop/outgoing", &own)
		p.Get("/users/other/outgoing", &others)
		p.Get("/outgoing", &all)
		if len(own) != 2 || len(all) != 2 || len(others) != 0 {
			t.Errorf("own %v, all %v, another's %v", own, all, others)
		}
		var o sandboxtest.Outgoing
		if p.Get(fmt.Sprintf("/users/shop/outgoing/%d", own[0]), &o); o.Receiver != "+33639981001" {
			t.Errorf("%+v", o)
		}
		wantStatus(t, p.OVH.Get(p.Path(fmt.Sprintf("/users/other/outgoing/%d", own[0])), nil), http.StatusNotFound)

		// Taking the quota down gives credits back, and so does switching it off, and deleting him.
		put(t, p, "/users/shop", object{"quotaInformations": object{"quotaLeft": 3.5}})
		wantMoney(t, p, money{99_994.5, 3.5, 1})
		wantStatus(t, p.OVH.Put(p.Path("/users/shop"), object{"quotaInformations": object{"quotaLeft": 1e9}}, nil), http.StatusForbidden)
		wantMoney(t, p, money{99_994.5, 3.5, 1})
		put(t, p, "/users/shop", object{"quotaInformations": object{"quotaStatus": "inactive"}})
		wantMoney(t, p, money{99_998, 0, 0})
		put(t, p, "/users/shop", object{"quotaInformations": object{"quotaStatus": "active", "quotaLeft": 5}})
		p.Delete("/users/shop")
		wantMoney(t, p, money{99_998, 0, 0})
		wantStatus(t, p.OVH.Get(p.Path("/users/shop"), nil), http.StatusNotFound)
		p.Audit()
	})
}

// What a user cancels comes back to his quota, and to the service once he is gone.
func TestCancelledMessagesRefillTheQuota(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		addUser(t, p, "shop", 10)
		body := object{"message": "Later", "receivers": []string{"+33639981001", "+33639981002"}, "sender": p.Info.Sender, "noStopClause": true, "differedPeriod": 60}
		var r sandboxtest.Report
		p.Post("/users/shop/jobs", body, &r)
		p.Send("Not his", []string{"+33639981003"}, object{"differedPeriod": 60})
		var waiting []int64
		if p.Get("/users/shop/jobs", &waiting); len(waiting) != 2 {
			t.Errorf("waiting %v, sent %v", waiting, r.IDs)
		}
		wantMoney(t, p, money{99_989, 8, 1})
		p.Delete(fmt.Sprintf("/users/shop/jobs/%d", r.IDs[0]))
		wantMoney(t, p, money{99_989, 9, 1})
		p.Delete("/users/shop")
		wantMoney(t, p, money{99_998, 0, 0})
		p.Delete(fmt.Sprintf("/jobs/%d", r.IDs[1]))
		wantMoney(t, p, money{99_999, 0, 0})
		p.Audit()
	})
}

// What the operator refuses is not taken from the quota either.
func TestRefusedMessagesRefillTheQuota(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		addUser(t, p, "shop", 10)
		var r sandboxtest.Report
		p.Post("/users/shop/jobs", object{"message": "x", "receivers": []string{"+33639980015", "+33639981001"}, "sender": p.Info.Sender, "noStopClause": true}, &r)
		p.Await(r.IDs[0], sms.Refused)
		p.Await(r.IDs[1], sms.Delivered)
		wantMoney(t, p, money{99_990, 9, 1})
		p.Audit()
		if err := p.App.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.Send("x", []string{"+33639981001"})
		p.Audit()
	})
}

func TestAUsersSettings(t *testing.T) {
	p := sandboxtest.Start(t, "")
	addUser(t, p, "shop", -1)
	put(t, p, "/users/shop", object{
		"callBack": "https://example.org/cb", "ipRestrictions": []string{"192.0.2.7", "2001:db8::/32"}, "password": "An0ther_one",
		"alertThresholdInformations": object{"alertThreshold": 5, "alertNumber": "0639981001", "support": "sms"},
	})
	var u user
	p.Get("/users/shop", &u)
	if u.CallBack != "https://example.org/cb" || len(u.IPRestrictions) != 2 || u.AlertThresholdInformations.AlertNumber != "+33639981001" {
		t.Errorf("%+v", u)
	}
	p.Get("/users/shop", new(object))
	var back object
	p.Get("/users/shop", &back)
	put(t, p, "/users/shop", back) // read-only fields sent back change nothing
	for name, body := range map[string]object{
		"an address that is none":   {"ipRestrictions": []string{"example.org"}},
		"six addresses":             {"ipRestrictions": []string{"1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4", "1.1.1.5", "1.1.1.6"}},
		"a short password":          {"password": "short"},
		"a callback that is no URL": {"callBack": "javascript:alert(1)"},
		"a quota that is inactive":  {"quotaInformations": object{"quotaLeft": 3}},
		"a quota below zero":        {"quotaInformations": object{"quotaStatus": "active", "quotaLeft": -3}},
		"a threshold below -1":      {"alertThresholdInformations": object{"alertThreshold": -2}},
	} {
		if text := wantStatus(t, p.OVH.Put(p.Path("/users/shop"), body, nil), http.StatusBadRequest); text == "" {
			t.Error(name)
		}
	}
	wantStatus(t, p.OVH.Post(p.Path("/users"), object{"login": "shop", "password": "Passw0rd"}, nil), http.StatusConflict)
	wantStatus(t, p.OVH.Post(p.Path("/users"), object{"login": "a b", "password": "Passw0rd"}, nil), http.StatusBadRequest)
	for _, place := range []string{".", ".."} { // clients take them out of an address
		wantStatus(t, p.OVH.Post(p.Path("/users"), object{"login": place, "password": "Passw0rd"}, nil), http.StatusBadRequest)
	}
	for _, path := range []string{"/users", "/users/shop", "/users/shop/jobs", "/users/shop/outgoing", "/users/shop/incoming"} {
		wantStatus(t, p.Other.Get(p.Path(path), nil), http.StatusNotFound)
	}
}

func TestTransferCredits(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		p.Post("/transferCredits", object{"smsAccountTarget": p.Info.SecondServiceName, "credits": 12.5}, nil)
		wantMoney(t, p, money{99_987.5, 0, 0})
		var second money
		if err := p.OVH.Get("/sms/"+p.Info.SecondServiceName, &second); err != nil || second.CreditsLeft != 100_012.5 {
			t.Errorf("%+v, %v", second, err)
		}
		for name, body := range map[string]object{
			"nothing":           {"smsAccountTarget": p.Info.SecondServiceName, "credits": 0},
			"less than nothing": {"smsAccountTarget": p.Info.SecondServiceName, "credits": -1},
			"more than is left": {"smsAccountTarget": p.Info.SecondServiceName, "credits": 99_988},
			"to itself":         {"smsAccountTarget": p.Info.ServiceName, "credits": 1},
			"to somebody else":  {"smsAccountTarget": p.Info.OtherServiceName, "credits": 1},
		} {
			if text := wantStatus(t, p.OVH.Post(p.Path("/transferCredits"), body, nil), http.StatusBadRequest); text == "" {
				t.Error(name)
			}
		}
		wantMoney(t, p, money{99_987.5, 0, 0})
		p.Send("x", []string{"+33639981001"})
		p.Audit()
	})
}

// 64 clients spend the last credits of a service and the last of two quotas at once: never below zero, never one lost.
func TestTheLastCreditsAreSpentOnce(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		addUser(t, p, "one", 40)
		addUser(t, p, "two", 25)
		if err := p.Operator.Post("/operator/services/"+p.Info.ServiceName+"/credits", object{"credits": -(100_000 - 65 - 50), "reason": "test"}, nil); err != nil {
			t.Fatal(err)
		}
		wantMoney(t, p, money{50, 65, 2})
		paths := []string{"/jobs", "/users/one/jobs", "/users/two/jobs"}
		have := []int64{50, 40, 25}
		var sent [3]atomic.Int64
		var wg sync.WaitGroup
		for client := range 64 {
			own := p.Client(p.Info.Keys) // OVH's client is for one goroutine
			wg.Go(func() {
				for try := range 4 {
					at := (client + try) % 3
					body := object{"message": "x", "receivers": []string{fmt.Sprintf("+33639982%03d", client*4+try)}, "sender": p.Info.Sender, "noStopClause": true}
					err := own.Post(p.Path(paths[at]), body, nil)
					e, refused := errors.AsType[*ovh.APIError](err)
					switch {
					case err == nil:
						sent[at].Add(1)
					case !refused || e.Code != http.StatusForbidden:
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		for i, most := range have {
			if n := sent[i].Load(); n != most {
				t.Errorf("POST %s: %d were sent for %d credits", paths[i], n, most)
			}
		}
		wantMoney(t, p, money{0, 0, 2})
		p.Audit()
	})
}
