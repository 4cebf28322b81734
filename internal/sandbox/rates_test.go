package sandbox_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"ramier/internal/sandbox/sandboxtest"
)

// A rate that begins later counts from then on, for what is ordered then; a quote keeps what it promised.
func TestARateThatBeginsLater(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		begin := p.Clock.Now().Add(30 * time.Minute).UTC()
		rate := object{"credits": 1.5, "from": begin.Format(time.RFC3339)}
		if err := p.Operator.Put("/operator/rates/FR", rate, nil); err != nil {
			t.Fatal(err)
		}
		body := func(more object) object {
			o := object{"message": "x", "receivers": []string{handset}, "sender": p.Info.Sender, "noStopClause": true}
			for k, v := range more {
				o[k] = v
			}
			return o
		}
		price := func(more object) float64 {
			var r struct{ TotalCreditsRemoved float64 }
			p.Post("/jobs", body(more), &r)
			return r.TotalCreditsRemoved
		}
		var q struct {
			ID      string
			Credits float64
		}
		p.Post("/quotes", body(nil), &q)
		// What is ordered now for later is charged now.
		if now, later := price(nil), price(object{"differedPeriod": 120}); now != 1 || later != 1 || q.Credits != 1 {
			t.Errorf("before: %v, %v, quoted %v", now, later, q.Credits)
		}
		p.Clock.Advance(31 * time.Minute)
		if quoted, now := price(object{"quoteId": q.ID}), price(nil); quoted != 1 || now != 1.5 {
			t.Errorf("after: %v by the quote, %v without", quoted, now)
		}
		var d struct{ Credit float64 }
		if err := p.OVH.Get("/sms/rates/destinations?country=fr", &d); err != nil || d.Credit != 1.5 {
			t.Errorf("%+v, %v", d, err)
		}
		wantStatus(t, p.Operator.Put("/operator/rates/FR", rate, nil), http.StatusBadRequest) // it is over
		// Another one at once, while a third is to come.
		for _, r := range []object{{"credits": 2}, {"credits": 3, "from": begin.Add(48 * time.Hour).Format(time.RFC3339)}} {
			if err := p.Operator.Put("/operator/rates/FR", r, nil); err != nil {
				t.Fatal(err)
			}
		}
		if now := price(nil); now != 2 {
			t.Error(now)
		}
		p.Clock.Advance(49 * time.Hour)
		if now := price(nil); now != 3 {
			t.Error(now)
		}
		p.Audit()
	})
}

// A customer's own rates are his alone.
func TestRatesOfOneCustomer(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		own := "?account=" + p.Info.Account
		for _, fine := range []float64{0.0001, 0.0004, 1.2345} { // the first two would be nothing
			wantStatus(t, p.Operator.Put("/operator/rates/FR", object{"credits": fine}, nil), http.StatusBadRequest)
		}
		if err := p.Operator.Put("/operator/rates/FR", object{"credits": 0.7, "account": p.Info.Account}, nil); err != nil {
			t.Fatal(err)
		}
		var r struct{ TotalCreditsRemoved float64 }
		body := object{"message": "x", "receivers": []string{handset}, "sender": p.Info.Sender, "noStopClause": true}
		if p.Post("/jobs", body, &r); r.TotalCreditsRemoved != 0.7 {
			t.Error(r)
		}
		var d struct{ Credit float64 }
		if err := p.OVH.Get("/sms/rates/destinations?country=fr", &d); err != nil || d.Credit != 1 {
			t.Errorf("%+v, %v", d, err)
		}
		var names []string
		if err := p.Operator.Get("/operator/rates"+own, &names); err != nil || len(names) != 1 || names[0] != "FR" {
			t.Errorf("%v, %v", names, err)
		}
		wantStatus(t, p.Operator.Put("/operator/rates/FR", object{"credits": 0.7, "account": "nobody-ovh"}, nil), http.StatusBadRequest)
		if err := p.Operator.Delete("/operator/rates/FR"+own, nil); err != nil {
			t.Fatal(err)
		}
		wantStatus(t, p.Operator.Delete("/operator/rates/FR"+own, nil), http.StatusNotFound)
		if p.Post("/jobs", body, &r); r.TotalCreditsRemoved != 1 {
			t.Error(r)
		}
	})
}

// A sheet is taken as a whole or not at all, after one has seen what it changes.
func TestImportingARateSheet(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		type difference struct {
			Applied                            bool
			Added, Changed, Removed, Unchanged int64
			Lines                              []struct {
				Kind, Country string
				Before, After *float64
			}
		}
		send := func(sheet string, dry bool) (d difference, err error) {
			err = p.Operator.Post("/operator/rateSheet", object{"sheet": sheet, "dryRun": dry}, &d)
			return d, err
		}
		export := func() string {
			t.Helper()
			r, err := p.Operator.NewRequest(http.MethodGet, "/operator/rateSheet?format=csv", nil, true)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := p.Operator.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			text, err := io.ReadAll(answer.Body)
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
		before := export()
		if want := "country,credits,from\nall,1,\nFR,1,\nGB,0.5,\nIE,0.8,\nIN,0.4,\n"; before != want {
			t.Fatalf("%q", before)
		}
		_, err := send("country,credits\nFR,2\nGB,-1\n", false)
		if text := wantStatus(t, err, http.StatusBadRequest); !strings.Contains(text, "line 3: credits") {
			t.Error(text)
		}
		sheet := "country,credits,from\nFR,1,\nGB,0.6,\nES,0.9,\nall,1.1,\n"
		for _, dry := range []bool{true, false} {
			d, err := send(sheet, dry)
			if err != nil || d.Applied == dry || d.Added != 1 || d.Changed != 2 || d.Removed != 2 || d.Unchanged != 1 || len(d.Lines) != 6 {
				t.Errorf("%+v, %v", d, err)
			}
			if text := export(); dry && text != before || !dry && text != "country,credits,from\nall,1.1,\nES,0.9,\nFR,1,\nGB,0.6,\n" {
				t.Errorf("dry run %v: %q", dry, text)
			}
		}
		if d, err := send(export(), false); err != nil || d.Unchanged != 4 || len(d.Lines) != 4 {
			t.Errorf("%+v, %v", d, err)
		}
		wantStatus(t, p.OVH.Post("/operator/rateSheet", object{"sheet": sheet}, nil), http.StatusForbidden)
	})
}
