package sms_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ramier/internal/sms"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// anywhere lets messages go to all countries.
var anywhere = sms.Settings{Guards: sms.Guards{Countries: []string{sms.AllCountries}}}

func rules() *sms.Rules {
	return &sms.Rules{
		Service: sms.Service{ID: 7, Name: "sms-ab12345-1", Country: "FR", Status: sms.Enabled, Settings: anywhere},
		Senders: map[string]sms.Sender{
			"Ramier": {Sender: "Ramier", Status: sms.Enabled}, "New": {Sender: "New", Status: sms.Waiting},
			"+33612345678": {Sender: "+33612345678", Status: sms.Enabled},
		},
		Carriers: map[int64]sms.Carrier{1: {ID: 1, Enabled: true}, 2: {ID: 2, Enabled: true}, 3: {ID: 3}},
		Routes: []sms.Route{
			{ID: 10, Country: "GB", CarrierID: 2, Enabled: true},
			{ID: 11, Prefix: "+3376", CarrierID: 3, Enabled: true},
			{ID: 12, Tag: "alert", CarrierID: 2, Enabled: true},
			{ID: 13, Country: "FR", CarrierID: 1, Enabled: true},
			{ID: 14, Country: "BE", CarrierID: 1, Enabled: false},
			{ID: 15, Country: "IN", CarrierID: 1, Enabled: true},
		},
		Rates:        map[string]sms.Credits{"FR": 1000, "GB": 500, "BE": 900},
		ShortNumbers: []sms.ShortNumber{{Number: "38001", Country: "FR", CarrierID: 1}, {Number: "38002", Country: "FR", CarrierID: 1}},
		StopClauses:  sms.DefaultStopClauses(),
		OptedOut:     map[string]bool{"+33639980099": true},
		Limits:       sms.DefaultLimits(),
	}
}

func order(change ...func(*sms.Order)) sms.Order {
	o := sms.Order{
		Text: "Bonjour", Receivers: []string{"+33639980001"}, Sender: "Ramier", Class: sms.PhoneDisplay, Priority: sms.High,
		Validity: sms.MaxValidity, NoStop: true,
	}
	for _, c := range change {
		c(&o)
	}
	return o
}

func TestAPlanForOneReceiver(t *testing.T) {
	long := strings.Repeat("x", 160)
	tests := []struct {
		name   string
		change func(*sms.Order)
		want   string // parts, credits, carrier, route, source, refused
	}{
		{"plain", func(*sms.Order) {}, "1 1 1 13  false"},
		{"160 characters", func(o *sms.Order) { o.Text = long }, "1 1 1 13  false"},
		{"161 characters", func(o *sms.Order) { o.Text = long + "x" }, "2 2 1 13  false"},
		{"160 with a STOP clause", func(o *sms.Order) { o.Text, o.NoStop = long, false }, "2 2 1 13  false"},
		{"149 with a STOP clause", func(o *sms.Order) { o.Text, o.NoStop = long[:149], false }, "1 1 1 13  false"},
		{"no clause from a number", func(o *sms.Order) { o.Text, o.NoStop, o.Sender = long, false, "+33612345678" }, "1 1 1 13  false"},
		{"no clause abroad", func(o *sms.Order) { o.Text, o.NoStop, o.Receivers = long, false, []string{"+447400123456"} }, "1 0.5 2 10  false"},
		{"euro sign counts double", func(o *sms.Order) { o.Text = long[:159] + "€" }, "2 2 1 13  false"},
		{"70 in Unicode", func(o *sms.Order) { o.Text = strings.Repeat("ê", 70) }, "1 1 1 13  false"},
		{"71 in Unicode", func(o *sms.Order) { o.Text = strings.Repeat("ê", 71) }, "2 2 1 13  false"},
		{"8bit makes Unicode", func(o *sms.Order) { o.Text, o.ForceUnicode = long[:71], true }, "2 2 1 13  false"},
		{"route by tag", func(o *sms.Order) { o.Tag = "alert" }, "1 1 2 12  false"},
		{"a disabled carrier is passed over", func(o *sms.Order) { o.Receivers = []string{"0761234567"} }, "1 1 1 13  false"},
		{"opted out of marketing", func(o *sms.Order) { o.NoStop, o.Receivers = false, []string{"+33639980099"} }, "1 0 0 0  true"},
		{"opted out, and no clause", func(o *sms.Order) { o.NoStop, o.Sender, o.Receivers = false, "+33612345678", []string{"+33639980099"} }, "1 0 0 0  true"},
		{"not of other messages", func(o *sms.Order) { o.Receivers = []string{"+33639980099"} }, "1 1 1 13  false"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := sms.NewPlan(order(test.change), rules(), noon)
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Messages) != 1 {
				t.Fatalf("messages %v, invalid %v", p.Messages, p.Invalid)
			}
			m := p.Messages[0]
			if got := fmt.Sprint(m.Parts, " ", m.Credits, " ", m.Carrier, " ", m.Route, " ", m.Source, " ", m.Refused); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if p.Credits != m.Credits {
				t.Errorf("the plan takes %v", p.Credits)
			}
		})
	}
}

func TestReceiversThatCannotBeReachedAreReported(t *testing.T) {
	o := order(func(o *sms.Order) {
		o.Receivers = []string{"abc", "+33639980001", "06 39 98 00 01", "+3212", "+32470123456", "+919876543210", "0123456789", "36111"}
	})
	p, err := sms.NewPlan(o, rules(), noon)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range p.Invalid {
		got = append(got, i.Receiver+" "+string(i.Reason))
		if i.Message == "" {
			t.Errorf("no words for %v", i)
		}
	}
	want := "abc not_a_number, +3212 too_short, +32470123456 no_route, +919876543210 no_rate, 0123456789 landline, 36111 short_number"
	if strings.Join(got, ", ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
	}
	if len(p.Messages) != 1 || p.Messages[0].Receiver != "+33639980001" {
		t.Errorf("messages %v", p.Messages)
	}
}

func TestAShortNumberStaysTheSame(t *testing.T) {
	o := order(func(o *sms.Order) { o.ForResponse, o.Receivers = true, []string{"+33639980001", "+447400123456"} })
	p, err := sms.NewPlan(o, rules(), noon)
	if err != nil {
		t.Fatal(err)
	}
	again, err := sms.NewPlan(o, rules(), noon.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if p.Sender != "" || p.Messages[0].Source == "" || p.Messages[0].Source != again.Messages[0].Source {
		t.Errorf("%q, %q, then %q", p.Sender, p.Messages[0].Source, again.Messages[0].Source)
	}
	if len(p.Invalid) != 1 || p.Invalid[0].Reason != sms.NoShortNumber {
		t.Errorf("a British number: %v", p.Invalid)
	}
}

func TestAnOrderThatIsRefused(t *testing.T) {
	tests := []struct {
		name   string
		change func(*sms.Order)
		code   sms.Code
		words  string
	}{
		{"no text", func(o *sms.Order) { o.Text = "" }, sms.Invalid, "message"},
		{"no receivers", func(o *sms.Order) { o.Receivers = nil }, sms.Invalid, "receivers"},
		{"too many receivers", func(o *sms.Order) { o.Receivers = make([]string, 5001) }, sms.TooLarge, "5000"},
		{"unknown sender", func(o *sms.Order) { o.Sender = "Nobody" }, sms.Invalid, "Sms sender Nobody does not exists"},
		{"sender that waits", func(o *sms.Order) { o.Sender = "New" }, sms.Invalid, "waitingValidation"},
		{"link from a short number", func(o *sms.Order) { o.ForResponse, o.Text = true, "voir https://a.fr" }, sms.Invalid, "cannot send contact information with shortcode"},
		{"phone from a short number", func(o *sms.Order) { o.ForResponse, o.Text = true, "appelez le 0612345678." }, sms.Invalid, "contact information"},
		{"past", func(o *sms.Order) { o.Deferred = -time.Minute }, sms.Invalid, "differedPeriod"},
		{"no validity", func(o *sms.Order) { o.Validity = 0 }, sms.Invalid, "validityPeriod"},
		{"long validity", func(o *sms.Order) { o.Validity = sms.MaxValidity + time.Minute }, sms.Invalid, "2880"},
		{"class", func(o *sms.Order) { o.Class = "loud" }, sms.Invalid, "loud"},
		{"priority", func(o *sms.Order) { o.Priority = "now" }, sms.Invalid, "now"},
		{"256 parts", func(o *sms.Order) { o.Text = strings.Repeat("x", 153*255+1) }, sms.Invalid, "message"},
		{"not UTF-8", func(o *sms.Order) { o.Text = "\xff" }, sms.Invalid, "message"},
		{"tag", func(o *sms.Order) { o.Tag = strings.Repeat("x", 256) }, sms.Invalid, "tag"},
		{"the null character", func(o *sms.Order) { o.Text = "a\x00b" }, sms.Invalid, "U+0000"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := sms.NewPlan(order(test.change), rules(), noon)
			if sms.CodeOf(err) != test.code || !strings.Contains(err.Error(), test.words) {
				t.Errorf("got %v (%s), want %s with %q", err, sms.CodeOf(err), test.code, test.words)
			}
		})
	}
}

func TestAccessRules(t *testing.T) {
	tests := []struct {
		rule, call string
		want       bool
	}{
		{"GET /sms", "GET /sms", true},
		{"GET /sms", "GET /sms/", true},
		{"GET /sms/", "GET /sms", true},
		{"GET /sms/*", "GET /sms", false},
		{"GET /sms/*", "GET /sms/x/jobs", true},
		{"GET /sms/*", "POST /sms/x/jobs", false},
		{"GET /sms/*/jobs", "GET /sms/x/jobs", true},
		{"GET /sms/*/jobs", "GET /sms/x/users/y/jobs", true},
		{"GET /sms/*/jobs", "GET /sms/x/jobs/1", false},
		{"GET /*", "GET /", true},
		{"GET /me*", "GET /me", true},
		{"GET *", "GET /anything", true},
		{"GET /a*b*c", "GET /aXbYbZc", true},
		{"GET /a*b*c", "GET /aXcYb", false},
	}
	for _, test := range tests {
		rm, rp, _ := strings.Cut(test.rule, " ")
		cm, cp, _ := strings.Cut(test.call, " ")
		if got := (sms.AccessRule{Method: rm, Path: rp}).Allows(cm, cp); got != test.want {
			t.Errorf("%s allows %s: %v", test.rule, test.call, got)
		}
	}
}
