package sms_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ramier/internal/sms"
)

var sunday = time.Date(2026, 11, 22, 16, 0, 0, 0, time.UTC)

// advertising makes an order advertising, to one receiver each in France, the United Kingdom and France.
func advertising(o *sms.Order) {
	o.NoStop, o.Receivers = false, []string{"+33639980001", "+447400123456", "+33639980002"}
}

func TestAdvertisingWaitsForItsHours(t *testing.T) {
	const monday = "2026-11-23T07:00:00Z Sunday"
	tests := []struct {
		name   string
		hours  string // of the service
		change func(*sms.Order)
		at     time.Time
		want   []string // due and delay of each message
	}{
		{"advertising", "", nil, sunday, []string{monday, monday, "2026-11-23T08:00:00Z Sunday"}},
		{"on a weekday", "", nil, noon, []string{"now", "now", "now"}},
		{"not advertising", "", func(o *sms.Order) { o.NoStop = true }, sunday, []string{"now", "now", "now"}},
		{"from a number", "", func(o *sms.Order) { o.Sender = "+33612345678" }, sunday, []string{"now", "now", "now"}},
		{"from a short number", "", func(o *sms.Order) { o.ForResponse, o.Receivers = true, o.Receivers[:1] }, sunday, []string{"now"}},
		{"a service without hours", "none", nil, sunday, []string{"now", "now", "now"}},
		{"hours of its own", "mon-sun 10:00-16:30", nil, sunday, []string{"now", "2026-11-23T09:00:00Z after 16:30 in France", "2026-11-23T09:00:00Z after 16:30 in France"}},
		{
			"ordered for later", "", func(o *sms.Order) { o.Deferred = 9 * time.Hour }, noon,
			[]string{"2026-11-24T07:00:00Z after 20:00 in France", "2026-11-24T07:00:00Z after 20:00 in France", "2026-11-24T08:00:00Z after 20:00 in United Kingdom"},
		},
		{"ordered for a time within", "", func(o *sms.Order) { o.Deferred = 24 * time.Hour }, noon, []string{"2026-11-24T12:00:00Z ", "2026-11-24T12:00:00Z ", "2026-11-24T12:00:00Z "}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := rules()
			r.Service.Settings.SendingHours = test.hours
			o := order(advertising)
			if test.change != nil {
				test.change(&o)
			}
			p, err := sms.NewPlan(o, r, test.at)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range p.Messages {
				if m.DueAt.Equal(test.at) && m.Delay == "" {
					got = append(got, "now")
				} else {
					got = append(got, m.DueAt.UTC().Format(time.RFC3339)+" "+m.Delay)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestMessagesThatLeaveTogetherAreOneDeparture(t *testing.T) {
	p, err := sms.NewPlan(order(advertising), rules(), sunday)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for d := range p.Departures() {
		line := fmt.Sprint(d.First, " ", d.DueAt.UTC().Format("15:04"), " ", d.Delay, " ", d.Credits)
		for _, m := range d.Messages {
			line += " " + m.Receiver
		}
		got = append(got, line)
	}
	want := []string{"0 07:00 Sunday 2 +33639980001 +33639980002", "2 08:00 Sunday 0.5 +447400123456"}
	if !slices.Equal(got, want) || p.Hours != "country" {
		t.Errorf("got  %q\nwant %q; hours %q", got, want, p.Hours)
	}
}

func TestSendingHoursThatCannotBeRead(t *testing.T) {
	for _, good := range []string{"", "country", "none", "FR-AM", "mon-fri 09:00-18:00, sat 10:00-12:00"} {
		if err := sms.CheckSendingHours(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	err := sms.CheckSendingHours("always")
	if sms.CodeOf(err) != sms.Invalid || !strings.Contains(err.Error(), `sendingHours = "always"`) {
		t.Error(err)
	}
}
