package sandbox_test

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ovh/go-ovh/ovh"

	"ramier/internal/sandbox/sandboxtest"
	"ramier/internal/sms"
)

// file gets an answer that is no JSON.
func file(t *testing.T, c *ovh.Client, path string) (kind, text string) {
	t.Helper()
	r, err := c.NewRequest(http.MethodGet, path, nil, true)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	all, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != 200 {
		t.Fatal(answer.Status, err, string(all))
	}
	return answer.Header.Get("Content-Type"), string(all)
}

// A customer's statement of a month, as JSON, CSV and PDF: its lines add up to what the service has.
func TestStatementOfAMonth(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		addUser(t, p, "shop", 30)
		for _, id := range p.Send("x", []string{handset, handset2(1)}).IDs {
			p.Await(id, sms.Delivered)
		}
		p.Clock.Advance(40 * 24 * time.Hour)
		p.Send("x", []string{handset})
		id, _ := orderOf(t, p, 1000)
		for _, step := range []string{"settle", "refund"} {
			if err := p.Operator.Post(fmt.Sprintf("/operator/orders/%d/%s", id, step), nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		paris, err := time.LoadLocation("Europe/Paris")
		if err != nil {
			t.Fatal(err)
		}
		month := p.Clock.Now().In(paris).Format("2006-01")
		var s struct {
			Opening, Closing struct{ Available, Held, Quota, Used float64 }
			Movements        []struct{ Movement string }
		}
		path := p.Path("/statements/" + month)
		if err := p.OVH.Get(path, &s); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, m := range s.Movements {
			names = append(names, m.Movement)
		}
		if got := strings.Join(names, ", "); !strings.HasPrefix(got, "credits received, order refunded, held for messages") || s.Opening.Quota != 30 || s.Opening.Available != 99_968 {
			t.Errorf("%s; %+v", got, s.Opening)
		}
		if s.Closing.Available != 99_967 || s.Closing.Held+s.Closing.Used != 3 || s.Closing.Quota != 30 {
			t.Errorf("%+v", s.Closing)
		}
		kind, text := file(t, p.OVH, path+"?format=csv")
		lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil || kind != "text/csv; charset=utf-8" || strings.Join(lines[0], ",") != "date,movement,available,held,quota,used" {
			t.Fatalf("%v: %s", err, text)
		}
		for column := 2; column < 6; column++ {
			sum := 0.0
			for _, l := range lines[1 : len(lines)-1] {
				f, err := strconv.ParseFloat(l[column], 64)
				if err != nil {
					t.Fatal(err)
				}
				sum += f
			}
			if closing := lines[len(lines)-1][column]; fmt.Sprint(math.Round(sum*1000)/1000) != strings.TrimSuffix(closing, ".0") {
				t.Errorf("column %d adds up to %v, and closes with %s:\n%s", column, sum, closing, text)
			}
		}
		if today := p.Clock.Now().In(paris).Format(time.DateOnly); lines[len(lines)-1][0] != today {
			t.Errorf("the month that goes on closes on %s, and today is %s", lines[len(lines)-1][0], today)
		}
		if _, text := file(t, p.OVH, p.Path("/statements/2020-02?format=csv")); !strings.Contains(text, "2020-02-29,closing balance") {
			t.Error(text)
		}
		if kind, text := file(t, p.Operator, "/operator/services/"+p.Info.ServiceName+"/statements/"+month+"?format=pdf"); kind != "application/pdf" ||
			!strings.HasPrefix(text, "%PDF-1.4") || !strings.HasSuffix(text, "%%EOF\n") || !strings.Contains(text, "order refunded") {
			t.Errorf("%s: %.200s", kind, text)
		}
		wantStatus(t, p.Other.Get(path, nil), http.StatusNotFound)
		for _, bad := range []string{"2026-13", "2026", "9999-01", "1999-12", "x"} {
			wantStatus(t, p.OVH.Get(p.Path("/statements/"+bad), nil), http.StatusBadRequest)
		}
		if err := p.OVH.Get(p.Path("/statements/2020-01"), &s); err != nil || len(s.Movements) != 0 || s.Closing.Available != 0 {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

func handset2(n int) string { return fmt.Sprintf("+3363998%04d", n) }
