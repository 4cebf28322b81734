package sandbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ramier/internal/sandbox/sandboxtest"
	"ramier/internal/sms"
)

// A sandbox does not end otherwise at night, unless it is asked to keep the hours.
func TestSendingHoursInTheSandbox(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		p.Clock.Set(time.Date(2027, 5, 16, 3, 0, 0, 0, time.UTC)) // the night before Whit Monday, a Sunday
		soldes := map[string]any{"noStopClause": false}
		if p.Info.SendingHours != "none" {
			t.Errorf("sending hours %q", p.Info.SendingHours)
		}
		at := p.Send("Soldes", []string{"+33639980010"}, soldes)
		p.Await(at.IDs[0], sms.Delivered)

		service := "/operator/services/" + p.Info.ServiceName
		if err := p.Operator.Put(service, map[string]any{"sendingHours": "always"}, nil); err == nil || !strings.Contains(err.Error(), "always") {
			t.Errorf("hours that cannot be read: %v", err)
		}
		if err := p.Operator.Put(service, map[string]any{"sendingHours": "country"}, nil); err != nil {
			t.Fatal(err)
		}
		var shown struct{ SendingHours string }
		if err := p.Operator.Get(service, &shown); err != nil || shown.SendingHours != "country" {
			t.Errorf("%+v, %v", shown, err)
		}
		code := p.Send("Votre code : 1234", []string{"+33639980010"})
		p.Await(code.IDs[0], sms.Delivered)
		p.Clock.Set(time.Date(2027, 5, 16, 3, 0, 0, 0, time.UTC))
		waits := p.Send("Soldes", []string{"+33639980010"}, soldes)
		var ids []int64
		p.Get("/jobs", &ids)
		var job struct {
			DifferedDelivery, DeliveryReceipt int
			Delay                             string
		}
		p.Get(fmt.Sprintf("/jobs/%d", waits.IDs[0]), &job)
		// From Sunday 05:00 to Tuesday 08:00 in France; the clock runs on meanwhile.
		if !slices.Equal(ids, waits.IDs) || job.DifferedDelivery < 51*60-10 || job.DifferedDelivery > 51*60 || job.DeliveryReceipt != 0 ||
			job.Delay != "Sunday, then public holiday: Lundi de Pentecôte" {
			t.Errorf("jobs %v, %+v", ids, job)
		}
		var trail struct {
			State string
			Steps []struct {
				What    string
				Details map[string]string
			}
		}
		p.Get(fmt.Sprintf("/outgoing/%d/trail", waits.IDs[0]), &trail)
		const why = "2027-05-18T06:00:00Z, put off by the sending hours: Sunday, then public holiday: Lundi de Pentecôte"
		if trail.State != "scheduled" || trail.Steps[1].Details["due"] != why || trail.Steps[1].Details["sendingHours"] != "country" {
			t.Errorf("trail %+v", trail)
		}
		p.Clock.Set(time.Date(2027, 5, 18, 6, 0, 0, 0, time.UTC))
		p.Await(waits.IDs[0], sms.Delivered)
		p.Audit()
	})
}

// What came to its turn too late in the evening goes back into the queue, and says so.
func TestAJobSaysWhyItWaitsUntilTheMorning(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		if err := p.Operator.Put("/operator/services/"+p.Info.ServiceName, map[string]any{"sendingHours": "country"}, nil); err != nil {
			t.Fatal(err)
		}
		p.Clock.Set(time.Date(2027, 5, 19, 17, 30, 0, 0, time.UTC)) // a Wednesday, 19:30 in France
		late := p.Send("Soldes", []string{"+33639980010"}, map[string]any{"noStopClause": false, "differedPeriod": 29})
		code := p.Send("Votre code : 1234", []string{"+33639980010"}, map[string]any{"differedPeriod": 29})
		var job struct {
			DifferedDelivery int
			Delay            *string
		}
		path := fmt.Sprintf("/jobs/%d", late.IDs[0])
		if p.Get(path, &job); job.DifferedDelivery != 29 || job.Delay != nil {
			t.Errorf("before %+v", job)
		}
		p.Clock.Set(time.Date(2027, 5, 19, 18, 10, 0, 0, time.UTC))
		p.Await(code.IDs[0], sms.Delivered)
		if p.Get(path, &job); job.DifferedDelivery < 12*60+28 || job.DifferedDelivery > 12*60+30 || job.Delay == nil || *job.Delay != "after 20:00 in France" {
			t.Errorf("after %+v", job)
		}
		p.Clock.Set(time.Date(2027, 5, 20, 6, 1, 0, 0, time.UTC))
		p.Await(late.IDs[0], sms.Delivered)
		p.Audit()
	})
}
