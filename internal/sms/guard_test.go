package sms_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"ramier/internal/sms"
)

func TestMessagesStayInAllowedCountries(t *testing.T) {
	french, british := "+33639980001", "+447400123456"
	for name, c := range map[string]struct {
		countries []string
		refused   string // who is, empty = nobody
	}{
		"home only":        {nil, british},
		"another only":     {[]string{"GB"}, french},
		"both":             {[]string{"FR", "GB"}, ""},
		"all there are":    {[]string{sms.AllCountries}, ""},
		"others than both": {[]string{"BE"}, french + british},
	} {
		t.Run(name, func(t *testing.T) {
			r := rules()
			r.Service.Settings.Guards.Countries = c.countries
			p, err := sms.NewPlan(order(func(o *sms.Order) { o.Receivers = []string{french, british} }), r, noon)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, refusal := range p.Invalid {
				got += refusal.Receiver
				if refusal.Reason != sms.CountryGuarded || !strings.Contains(refusal.Message, "PUT /sms/"+r.Service.Name+"/guards") {
					t.Errorf("%+v", refusal)
				}
			}
			if got != c.refused || len(p.Messages)+len(p.Invalid) != 2 {
				t.Errorf("refused %q, want %q", got, c.refused)
			}
		})
	}
}

func TestCapsSayWhenTheyBeginAnew(t *testing.T) {
	at := time.Date(2026, 11, 23, 14, 40, 0, 0, time.UTC)
	g := sms.Guards{HourCap: 10 * sms.Credit, DayCap: 100 * sms.Credit}
	if err := g.CheckCaps(9*sms.Credit, 99*sms.Credit, sms.Credit, at, "sms-x"); err != nil {
		t.Error("the last credit of the hour and the day: ", err)
	}
	if err := g.CheckCaps(10*sms.Credit, 100*sms.Credit, 0, at, "sms-x"); err != nil {
		t.Error("what costs nothing: ", err)
	}
	for name, c := range map[string]struct {
		hour, day sms.Credits
		again     string
		after     time.Duration
	}{
		"hourCap = 10": {10 * sms.Credit, 10 * sms.Credit, "2026-11-23T15:00:00Z", 20 * time.Minute},
		"dayCap = 100": {0, 100 * sms.Credit, "2026-11-24T00:00:00Z", 9*time.Hour + 20*time.Minute},
	} {
		err := g.CheckCaps(c.hour, c.day, 1, at, "sms-x")
		if sms.CodeOf(err) != sms.Guarded || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), c.again) {
			t.Errorf("%s: %v", name, err)
		}
		if e, ok := errors.AsType[*sms.Error](err); !ok || e.RetryAfter != c.after {
			t.Errorf("%s: after %v", name, e.RetryAfter)
		}
	}
}
