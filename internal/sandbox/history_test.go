package sandbox_test

import (
	"encoding/csv"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"ramier/internal/sandbox/sandboxtest"
)

// export asks for a history and waits for its document. It gives the rows below the header.
func export(t *testing.T, p *sandboxtest.Platform, path string) [][]string {
	t.Helper()
	var id string
	p.Get(path, &id)
	return exported(t, p, id)
}

func exported(t *testing.T, p *sandboxtest.Platform, id string) [][]string {
	t.Helper()
	var d document
	p.Until("the document has its content", func() bool {
		if err := p.OVH.Get("/me/document/"+id, &d); err != nil {
			t.Fatal(err)
		}
		return d.Size > 0
	})
	status, text, h := transfer(t, "GET", d.GetURL, "")
	if status != 200 || int64(len(text)) != d.Size || h.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Fatalf("%d, %d bytes of %d, %v", status, len(text), d.Size, h)
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = ';'
	rows, err := r.ReadAll()
	if err != nil || strings.Join(rows[0], ";") != "id;date;sender;receiver;ptt;operatorCode;descriptionDlr;tag;message" {
		t.Fatalf("%v, header %v", err, rows)
	}
	return rows[1:]
}

// column gives one cell of each row.
func column(rows [][]string, n int) (cells []string) {
	for _, row := range rows {
		cells = append(cells, row[n])
	}
	return cells
}

func TestTheHistoryIsExported(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		addUser(t, p, "alice", -1)
		const text = "Deux ; lignes\net des \"guillemets\""
		first := p.Send(text, []string{"+33639980201", "+33639980202"}, object{"tag": "noël"})
		var hers sandboxtest.Report
		p.Post("/users/alice/jobs", object{"message": "Hers", "receivers": []string{"+33639980201"}, "sender": "Ramier", "noStopClause": true, "tag": "hers"}, &hers)
		b := startBatch(p, "Batch", object{"to": []string{"+33639980203"}})
		untilBatch(t, p, b.ID, "COMPLETED")
		for _, id := range append(first.IDs, hers.IDs...) {
			p.Await(id, "delivered")
		}
		hidden := p.Send("hidden", []string{"+33639980204"})
		p.Await(hidden.IDs[0], "delivered")
		p.Delete(fmt.Sprintf("/outgoing/%d", hidden.IDs[0]))
		if err := p.Other.Post("/sms/"+p.Info.OtherServiceName+"/jobs", object{"message": "theirs", "receivers": []string{handset}, "sender": "Ramier", "noStopClause": true}, nil); err != nil {
			t.Fatal(err)
		}
		rows := export(t, p, "/document?wayType=outgoing")
		var ids []int64
		p.Get("/outgoing", &ids)
		if len(rows) != 4 || len(ids) != 4 {
			t.Fatalf("%d rows, %d messages", len(rows), len(ids))
		}
		for i, row := range rows {
			if row[0] != fmt.Sprint(ids[i]) {
				t.Errorf("row %d is of %s, not %d", i, row[0], ids[i])
			}
		}
		if got := rows[1]; got[2] != "Ramier" || got[3] != "+33639980202" || got[4] != "4" || got[6] != "Delivered" || got[7] != "noël" || got[8] != text {
			t.Errorf("%q", got)
		}
		if at, err := time.Parse(time.RFC3339, rows[0][1]); err != nil || p.Clock.Now().Sub(at).Abs() > time.Hour || !strings.Contains(rows[0][1], "+0") {
			t.Errorf("date %s, %v", rows[0][1], err)
		}
		soon := url.QueryEscape(p.Clock.Now().Add(time.Hour).Format(time.RFC3339))
		for query, want := range map[string][]string{
			"tag=" + url.QueryEscape("noël"): {text, text}, "batchID=" + b.ID: {"Batch"}, "creationDatetime.from=" + soon: nil, "creationDatetime.to=" + soon: {text, text, "Hers", "Batch"},
			"batchID=6ba7b810-9dad-41d1-80b4-00c04fd430c8": nil,
		} {
			if got := column(export(t, p, "/document?wayType=outgoing&"+query), 8); !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", query, got, want)
			}
		}
		if got := column(export(t, p, "/users/alice/document?wayType=outgoing"), 8); !slices.Equal(got, []string{"Hers"}) {
			t.Errorf("hers: %q", got)
		}
		if err := p.Simulator.Reply("+33639980201", "36111", "=1+1 ; merci"); err != nil {
			t.Fatal(err)
		}
		p.Until("the reply", func() bool {
			p.Get("/incoming", &ids)
			return len(ids) == 1
		})
		for path, want := range map[string][]string{
			"/document?wayType=incoming": {"=1+1 ; merci"}, "/users/alice/document?wayType=incoming": {"=1+1 ; merci"},
			"/document?wayType=incoming&tag=other": nil, "/document?wayType=incoming&tag=hers": {"=1+1 ; merci"}, "/document?wayType=incoming&batchID=" + b.ID: nil,
		} {
			rows := export(t, p, path)
			if got := column(rows, 8); !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", path, got, want)
			}
		}
		var id string
		refused(t, p.OVH.Get(p.Path("/document"), &id), 400, "wayType")
		refused(t, p.OVH.Get(p.Path("/document?wayType=both"), &id), 400, "wayType")
		refused(t, p.OVH.Get(p.Path("/users/nobody/document?wayType=incoming"), &id), 404, "nobody")
		refused(t, p.OVH.Get(p.Path("/document?wayType=incoming&creationDatetime.from=2026-02-01T00:00:00Z&creationDatetime.to=2026-01-01T00:00:00Z"), &id), 400, "exchange them")
		p.Get("/document?wayType=incoming", &id)
		refused(t, p.Other.Get("/me/document/"+id, nil), 404, id)
		var tasks []int64
		var task struct{ Function, Status string }
		p.Until("the task is done", func() bool {
			p.Get("/task?status=done", &tasks)
			return len(tasks) == 13
		})
		if p.Get(fmt.Sprintf("/task/%d", tasks[0]), &task); task.Function != "exportHistory" || task.Status != "done" {
			t.Errorf("%+v", task)
		}
		exported(t, p, id)
		p.Clock.Advance(31 * 24 * time.Hour)
		refused(t, p.OVH.Get("/me/document/"+id, nil), 404, id)
	})
}

// Thousands of messages, in jobs of many sizes; and one that a stop of the platform interrupts.
func TestALongHistoryIsExported(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		p.SetCarrier(map[string]any{"enabled": false})
		receivers := make([]string, 4000)
		for i := range receivers {
			receivers[i] = fmt.Sprintf("+336399%05d", i)
		}
		var want []string
		for _, n := range []int{1, 499, 1, 1300, 1, 1, 700, 4000} {
			for _, id := range p.Send("x", receivers[:n], object{"differedPeriod": 600}).IDs {
				want = append(want, fmt.Sprint(id))
			}
		}
		var id string
		p.Get("/document?wayType=outgoing", &id)
		p.Restart()
		if got := column(exported(t, p, id), 0); !slices.Equal(got, want) {
			t.Errorf("%d rows, want %d", len(got), len(want))
		}
	})
}
