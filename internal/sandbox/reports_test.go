package sandbox_test

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"ramier/internal/sandbox/sandboxtest"
	"ramier/internal/sms"
)

type reportRow struct {
	Group                                                                         string
	Messages, Waiting, Sent, AwaitingReceipt, Delivered, Failed, Expired, Refused int64
	Cancelled, OptOuts, Parts                                                     int64
	Credits                                                                       float64
	Causes                                                                        []struct{ PTT, Messages int64 }
	TimeToDelivery                                                                *struct{ P50, P99 float64 }
}

type report struct {
	Total reportRow
	Rows  []reportRow
}

// The magic numbers end in what becomes of the message: docs/simulator.md.
const (
	arrives = "+33639980000"
	barred  = "+33639980003"
)

func TestReportsCountWhatBecameOfMessages(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		tag := map[string]any{"tag": "soldes"}
		ids := p.Send("Bonjour", []string{arrives, barred}, tag).IDs
		belgian := p.Send("Bonjour "+strings.Repeat("x", 160), []string{"+32470998001"}, tag).IDs
		made := p.Send("Bonjour", []string{arrives}) // its tag is made up
		later := p.Send("Bonjour", []string{arrives}, tag, map[string]any{"differedPeriod": 60}).IDs
		gone := p.Send("Bonjour", []string{arrives}, tag, map[string]any{"differedPeriod": 60}).IDs
		p.Await(ids[0], sms.Delivered)
		p.Await(ids[1], sms.Failed)
		p.Await(belgian[0], sms.Delivered)
		p.Await(made.IDs[0], sms.Delivered)
		p.Delete(fmt.Sprintf("/jobs/%d", gone[0]))
		failed, _, err := p.App.Store.Message(t.Context(), 0, ids[1])
		if err != nil {
			t.Fatal(err)
		}
		var r report
		p.Get("/reports?tag=soldes&groupBy=country", &r)
		if n := r.Total; n.Messages != 5 || n.Delivered != 2 || n.Failed != 1 || n.Waiting != 1 || n.Cancelled != 1 || n.Sent != 3 || n.Parts != 5 {
			t.Errorf("of the tag: %+v", n)
		}
		if c := r.Total.Causes; len(c) != 1 || c[0].Messages != 1 || c[0].PTT != int64(failed.PTT) {
			t.Errorf("causes: %+v, the message has %d", c, failed.PTT)
		}
		if d := r.Total.TimeToDelivery; d == nil || d.P50 <= 0 || d.P99 < d.P50 {
			t.Errorf("times: %+v", d)
		}
		if len(r.Rows) != 2 || r.Rows[0].Group != "BE" || r.Rows[0].Messages != 1 || r.Rows[0].Parts != 2 || r.Rows[1].Group != "FR" || r.Rows[1].Messages != 4 {
			t.Errorf("by country: %+v", r.Rows)
		}
		var all, one, made1, jobs report
		p.Get("/reports?groupBy=carrier", &all)
		if all.Total.Messages != 6 || len(all.Rows) != 1 || all.Rows[0].Group != "simulator" || all.Rows[0].Delivered != 3 {
			t.Errorf("of the service: %+v", all)
		}
		p.Get("/reports?tag="+made.Tag, &made1)
		if made1.Total.Messages != 1 || made1.Total.Delivered != 1 || made1.Total.TimeToDelivery == nil {
			t.Errorf("of a tag that was made up: %+v", made1.Total)
		}
		p.Get(fmt.Sprintf("/reports?jobs=%d&jobs=%d", ids[0], later[0]), &jobs)
		if jobs.Total.Messages != 3 || jobs.Total.Waiting != 1 {
			t.Errorf("of two jobs: %+v", jobs.Total)
		}
		day := sms.DayOf(p.Clock.Now())
		p.Get("/reports?groupBy=day&creationDatetime.from="+p.Clock.Now().AddDate(0, 0, 2).Format(time.DateOnly), &one)
		if one.Total.Messages != 0 || len(one.Rows) != 0 {
			t.Errorf("of the future: %+v", one)
		}
		p.Get("/reports?groupBy=day", &one)
		if one.Total.Messages != 6 || one.Rows[len(one.Rows)-1].Group > day.String() {
			t.Errorf("by day: %+v", one)
		}
		if err := p.Other.Get(p.Path("/reports"), nil); err == nil {
			t.Error("another customer reads the report")
		}
		p.Audit()
		lines := csvOf(t, p, "/reports?groupBy=country&format=csv")
		if len(lines) != 4 || lines[1][0] != "BE" || lines[3][0] != "total" || lines[3][1] != "6" {
			t.Errorf("as CSV: %q", lines)
		}
	})
}

// A report on a batch has its messages alone, also if others have its tag.
func TestABatchHasItsReport(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		alone := startBatch(p, "x", map[string]any{"to": []string{arrives, barred}})
		shared := startBatch(p, "x", map[string]any{"to": []string{arrives, "+33639980100"}, "tag": "soldes"})
		job := p.Send("x", []string{arrives}, map[string]any{"tag": "soldes"})
		p.Await(job.IDs[0], sms.Delivered)
		for _, b := range []batch{alone, shared} {
			untilBatch(t, p, b.ID, "COMPLETED")
			p.Until("all have a receipt", func() bool { s := statistics(p, b.ID); return s.Delivered+s.Failed == 2 })
		}
		var r report
		if p.Get("/reports?groupBy=country&batch="+alone.ID, &r); r.Total.Messages != 2 || r.Total.Delivered != 1 || r.Total.Failed != 1 || len(r.Total.Causes) != 1 ||
			len(r.Rows) != 1 || r.Total.TimeToDelivery == nil || r.Total.Credits != 2 {
			t.Errorf("alone %+v", r)
		}
		if p.Get("/reports?batch="+shared.ID, &r); r.Total.Messages != 2 || r.Total.Delivered != 2 {
			t.Errorf("shared %+v", r)
		}
		if p.Get("/reports?tag=soldes", &r); r.Total.Messages != 3 {
			t.Errorf("of the tag %+v", r)
		}
		if lines := csvOf(t, p, "/reports?format=csv&batch="+alone.ID); len(lines) != 2 || lines[1][1] != "2" {
			t.Errorf("as CSV: %q", lines)
		}
		wantError(t, p.OVH.Get(p.Path("/reports?tag=x&batch="+alone.ID), nil), 400, "Client::BadRequest", "give one of them")
		wantError(t, p.OVH.Get(p.Path("/reports?batch=6ba7b810-9dad-41d1-80b4-00c04fd430c8"), nil), 404, "Client::ObjectNotFound", "does not exist")
		wantError(t, p.Other.Get("/sms/"+p.Info.OtherServiceName+"/reports?batch="+alone.ID, nil), 404, "Client::ObjectNotFound", "does not exist")
	})
}

func csvOf(t *testing.T, p *sandboxtest.Platform, path string) [][]string {
	t.Helper()
	r, err := p.OVH.NewRequest(http.MethodGet, p.Path(path), nil, true)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := p.OVH.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/csv") {
		t.Fatal(answer.Header, string(body), err)
	}
	lines, err := csv.NewReader(strings.NewReader(string(body))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return lines
}
