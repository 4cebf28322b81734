package sandbox_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"ramier/internal/sandbox/sandboxtest"
)

type lookup struct {
	ID                                int64
	Msisdn, OperatorCode, Status      string
	Datetime                          time.Time
	Ported, Reachable, Roaming, Valid bool
}

type hlr struct{ Country, CountryCode, Network, Operator, Region string }

func credits(p *sandboxtest.Platform) float64 {
	var s struct{ CreditsLeft float64 }
	p.Get("", &s)
	return s.CreditsLeft
}

// A question goes to the operator over SMPP and is answered; it costs a tenth of a credit, and nothing when there is no answer.
func TestNumbersAreLookedUp(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		before := credits(p)
		const magic = "+336399800"
		var r sandboxtest.Report
		p.Post("/hlr", map[string]any{"receivers": []string{
			"06 39 98 00 00", magic + "02", magic + "04", magic + "08", magic + "09", magic + "15", magic + "21", magic + "00", "12", "+447400123456",
		}}, &r)
		if len(r.IDs) != 8 || r.TotalCreditsRemoved != 0.8 || len(r.InvalidReceivers) != 1 || r.InvalidReasons[0].Reason != "too_short" || len(r.ValidReceivers) != 8 {
			t.Fatalf("%+v", r)
		}
		if left := credits(p); before-left < 0.79 || before-left > 0.81 {
			t.Errorf("%v and then %v credits", before, left)
		}
		get := func(id int64) (l lookup) {
			p.Get(fmt.Sprintf("/hlr/%d", id), &l)
			return l
		}
		p.Until("answers", func() bool {
			for _, id := range r.IDs {
				if l := get(id); l.Status != "done" && l.Status != "error" {
					p.Clock.Advance(time.Second)
					return false
				}
			}
			return true
		})
		for i, want := range []string{
			"20801 valid reachable done", "20801 valid done", "done", "20820 valid reachable ported done", "20815 valid reachable roaming done", "done", "error",
			"valid reachable done",
		} {
			l := get(r.IDs[i])
			var got []string
			for word, is := range map[string]bool{"valid": l.Valid, "reachable": l.Reachable, "ported": l.Ported, "roaming": l.Roaming} {
				if is {
					got = append(got, word)
				}
			}
			for _, word := range strings.Fields(want) {
				switch word {
				case "done", "error":
					got = append(got, l.Status)
				case "valid", "reachable", "ported", "roaming":
				default:
					got = append(got, l.OperatorCode)
				}
			}
			if len(got) != len(strings.Fields(want)) || l.Msisdn != r.ValidReceivers[i] || l.Datetime.IsZero() {
				t.Errorf("%s: %+v, want %s", r.ValidReceivers[i], l, want)
			}
			for _, word := range strings.Fields(want) {
				if !strings.Contains(" "+strings.Join(got, " ")+" ", " "+word+" ") {
					t.Errorf("%s: %v, want %s", r.ValidReceivers[i], got, want)
				}
			}
		}
		if left := credits(p); before-left < 0.69 || before-left > 0.71 {
			t.Errorf("with one back: %v and then %v credits", before, left)
		}
		var h hlr
		p.Get(fmt.Sprintf("/hlr/%d/operator", r.IDs[0]), &h)
		if h != (hlr{"France", "fr", "Orange", "Orange France", ""}) {
			t.Errorf("%+v", h)
		}
		refused(t, p.OVH.Get(p.Path(fmt.Sprintf("/hlr/%d/operator", r.IDs[6])), &h), 404, "the look-up is error")
		var ids []int64
		if p.Get("/hlr", &ids); len(ids) != 8 {
			t.Errorf("%v", ids)
		}
		refused(t, p.Other.Get("/sms/"+p.Info.OtherServiceName+fmt.Sprintf("/hlr/%d", r.IDs[0]), &h), 404, "id")

		sent := p.Send("whose is it?", []string{magic + "08", magic + "07"})
		p.Await(sent.IDs[0], "delivered")
		if p.Get(fmt.Sprintf("/outgoing/%d/hlr", sent.IDs[0]), &h); h.Operator != "Bouygues Telecom" {
			t.Errorf("of a message: %+v", h)
		}
		p.Await(sent.IDs[1], "sent")
		if p.Get(fmt.Sprintf("/outgoing/%d/hlr", sent.IDs[1]), &h); h != (hlr{Country: "France", CountryCode: "fr"}) {
			t.Errorf("of a message to a number never looked up: %+v", h)
		}
		p.Audit()
	})
}

func TestLookupsAreRefusedOrGivenUp(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		list := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("number\n+33639980200\n+33639980201\n"))
		}))
		defer list.Close()
		ask := func(body map[string]any) (r sandboxtest.Report, err error) {
			err = p.OVH.Post(p.Path("/hlr"), body, &r)
			return r, err
		}
		_, err := ask(map[string]any{})
		refused(t, err, 400, "receivers")
		_, err = ask(map[string]any{"receivers": []string{"+33639980200"}, "receiversDocumentUrl": list.URL})
		refused(t, err, 400, "give one of them")
		r, err := ask(map[string]any{"receiversDocumentUrl": list.URL})
		if err != nil || len(r.IDs) != 2 {
			t.Fatal(r, err)
		}
		if err := p.Operator.Post("/operator/services/"+p.Info.ServiceName+"/credits", map[string]any{"credits": -credits(p) + 0.05, "reason": "test"}, nil); err != nil {
			t.Fatal(err)
		}
		_, err = ask(map[string]any{"receivers": []string{"+33639980200"}})
		refused(t, err, 403, "Not enough credits: 0.1 needed, 0.05 left")
		if err := p.Operator.Post("/operator/services/"+p.Info.ServiceName+"/credits", map[string]any{"credits": 10, "reason": "test"}, nil); err != nil {
			t.Fatal(err)
		}
		// A carrier that is switched off answers nothing: after ten minutes the question is over.
		var l lookup
		p.Until("the answers", func() bool {
			p.Get(fmt.Sprintf("/hlr/%d", r.IDs[1]), &l)
			return l.Status == "done"
		})
		if r, err = ask(map[string]any{"receivers": []string{"+33639980001"}}); err != nil { // answered after 10 seconds
			t.Fatal(err)
		}
		p.SetCarrier(map[string]any{"enabled": false})
		p.Clock.Advance(11 * time.Minute)
		p.Until("the end", func() bool {
			p.Get(fmt.Sprintf("/hlr/%d", r.IDs[0]), &l)
			p.Clock.Advance(time.Second)
			return l.Status == "error"
		})
		_, err = ask(map[string]any{"receivers": []string{"+33639980001"}})
		refused(t, err, 503, "no carrier of this platform")
	})
}

func TestTemplatesAreModerated(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		const american = "+12025550123"
		message := "Your code is #CODE#. It is valid for #MINUTES# minutes."
		send := func(text string) (state string) {
			m, _, err := p.App.Store.Message(t.Context(), 0, p.Send(text, []string{american}).IDs[0])
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(m.State, " ", m.PTT, " ", m.Credits)
		}
		const text = "Your code is 12 34. It is valid for 5 minutes."
		if got := send(text); got != "refused 1999 0" {
			t.Errorf("without template: %s", got)
		}
		body := map[string]any{"name": "login code", "activity": "authentification", "message": message, "description": "codes"}
		p.Post("/templatesControl", body, nil)
		refused(t, p.OVH.Post(p.Path("/templatesControl"), body, nil), 409, "login code")
		refused(t, p.OVH.Post(p.Path("/templatesControl"), map[string]any{"name": "all", "activity": "alerting", "message": " #ANY# "}, nil), 400, "variable parts only")
		var c struct{ Name, Activity, Message, Description, Comment, Status, Datetime string }
		get := func() string {
			p.Get("/templatesControl/login%20code", &c)
			return c.Status
		}
		if get() != "waitingValidation" || c.Description != "codes" || c.Message != message || c.Datetime == "" {
			t.Errorf("%+v", c)
		}
		put := func(body map[string]any) error { return p.OVH.Put(p.Path("/templatesControl/login%20code"), body, nil) }
		refused(t, put(map[string]any{"status": "enable"}), 403, "the operator decides")
		refused(t, p.OVH.Post(p.Path("/templatesControl/login%20code/relaunchValidation"), map[string]any{"message": message, "description": "x"}, nil), 409, "only a refused one")
		judge := func(verdict, comment string) {
			t.Helper()
			var waiting []struct{ Name, ServiceName, Account, Message string }
			if err := p.Operator.Get("/operator/templates?status=waitingValidation", &waiting); err != nil || len(waiting) != 1 || waiting[0].Account != "rm12345-ovh" {
				t.Errorf("%v %+v", err, waiting)
			}
			if err := p.Operator.Post("/operator/services/"+p.Info.ServiceName+"/templates/login%20code/"+verdict, map[string]any{"comment": comment}, nil); err != nil {
				t.Fatal(err)
			}
		}
		judge("refuse", "Say who you are")
		if get() != "refused" || c.Comment != "Say who you are" {
			t.Errorf("%+v", c)
		}
		p.Post("/templatesControl/login%20code/relaunchValidation", map[string]any{"message": message, "description": "again"}, nil)
		judge("approve", "")
		if get() != "enable" || c.Comment != "" || c.Description != "again" {
			t.Errorf("%+v", c)
		}
		if got := send(text); !strings.HasPrefix(got, "queued") && !strings.HasPrefix(got, "sent") && !strings.HasPrefix(got, "delivered") && !strings.HasPrefix(got, "sending") {
			t.Errorf("with template: %s", got)
		}
		if got := send("Your code is . It is valid for 5 minutes."); got != "refused 1999 0" {
			t.Errorf("of another text: %s", got)
		}
		if err := put(map[string]any{"status": "disable"}); err != nil {
			t.Fatal(err)
		}
		if got := send(text); got != "refused 1999 0" {
			t.Errorf("switched off: %s", got)
		}
		if err := put(map[string]any{"message": message + " Bye."}); err != nil || get() != "waitingValidation" {
			t.Errorf("%v %+v", err, c)
		}
		if err := p.Operator.Put("/operator/services/"+p.Info.ServiceName, map[string]any{"freeText": true}, nil); err != nil {
			t.Fatal(err)
		}
		if got := send("anything"); strings.HasPrefix(got, "refused") {
			t.Errorf("where no template is asked for: %s", got)
		}
		var names []string
		if p.Get("/templatesControl", &names); len(names) != 1 {
			t.Errorf("%v", names)
		}
		other := "/sms/" + p.Info.OtherServiceName + "/templatesControl/login%20code"
		refused(t, p.Other.Get(other, &c), 404, "login code")
		refused(t, p.Other.Delete(other, nil), 404, "login code")
		p.Delete("/templatesControl/login%20code")
		refused(t, p.OVH.Delete(p.Path("/templatesControl/login%20code"), nil), 404, "login code")
		p.Audit()
	})
}

func TestVirtualNumbersBelongToServices(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		give := func(number string) error {
			return p.Operator.Post("/operator/virtualNumbers", map[string]any{"number": number, "serviceName": p.Info.ServiceName, "carrier": "simulator"}, nil)
		}
		const number = "+33639980300"
		if err := give("0033639980300"); err != nil {
			t.Fatal(err)
		}
		refused(t, give(number), 409, number)
		refused(t, give("+12025550123"), 400, "virtual numbers are of")
		var numbers, mine []string
		p.Get("/virtualNumbers", &numbers)
		if err := p.OVH.Get("/sms/virtualNumbers", &mine); err != nil || len(numbers) != 1 || len(mine) != 1 || mine[0] != number || numbers[0] != number {
			t.Errorf("%v %v %v", err, numbers, mine)
		}
		var v struct{ Number, CountryCode string }
		p.Get("/virtualNumbers/0033639980300", &v)
		if v.Number != number || v.CountryCode != "fr" {
			t.Errorf("%+v", v)
		}
		var s shownSender
		if p.Get("/senders/%2B33639980300", &s); s.Type != "virtual" || s.Referer != "virtual" || s.Status != "enable" {
			t.Errorf("%+v", s)
		}
		tree := "/virtualNumbers/" + number
		var sent, later sandboxtest.Report
		p.Post(tree+"/jobs", map[string]any{"message": "from my number", "receivers": []string{"+33639980100"}}, &sent)
		p.Post(tree+"/jobs", map[string]any{"message": "later", "receivers": []string{"+33639980100"}, "differedPeriod": 60}, &later)
		p.Await(sent.IDs[0], "delivered")
		other := p.Send("from a name", []string{"+33639980100"})
		var jobs, outgoing []int64
		p.Get(tree+"/jobs", &jobs)
		p.Get(tree+"/outgoing?deliveryReceipt=1", &outgoing)
		if len(jobs) != 1 || jobs[0] != later.IDs[0] || len(outgoing) != 1 || outgoing[0] != sent.IDs[0] {
			t.Errorf("jobs %v, outgoing %v", jobs, outgoing)
		}
		var o sandboxtest.Outgoing
		if p.Get(fmt.Sprintf("%s/outgoing/%d", tree, sent.IDs[0]), &o); o.Sender != number || o.Message != "from my number" {
			t.Errorf("%+v", o)
		}
		refused(t, p.OVH.Get(p.Path(fmt.Sprintf("%s/outgoing/%d", tree, other.IDs[0])), &o), 404, "id")
		refused(t, p.OVH.Delete(p.Path(fmt.Sprintf("%s/outgoing/%d", tree, other.IDs[0])), nil), 404, "id")
		p.Delete(fmt.Sprintf("%s/jobs/%d", tree, later.IDs[0]))
		refused(t, p.OVH.Get(p.Path(fmt.Sprintf("%s/jobs/%d", tree, later.IDs[0])), &o), 404, "id")
		var infos serviceInfos
		if err := p.OVH.Get("/sms/virtualNumbers/"+number+"/serviceInfos", &infos); err != nil || infos.Domain != number || infos.Status != "ok" {
			t.Errorf("%v %+v", err, infos)
		}
		for _, path := range []string{"/sms/virtualNumbers/" + number, "/sms/virtualNumbers/" + number + "/serviceInfos", "/sms/" + p.Info.OtherServiceName + "/virtualNumbers/" + number} {
			refused(t, p.Other.Get(path, &v), 404, number)
		}
		refused(t, p.OVH.Get("/sms/"+p.Info.SecondServiceName+"/virtualNumbers/"+number, &v), 404, number)
		if err := p.OVH.Put("/sms/virtualNumbers/"+number+"/serviceInfos", map[string]any{"renew": map[string]any{"deleteAtExpiration": true}}, nil); err != nil {
			t.Fatal(err)
		}
		p.Clock.Advance(366 * 24 * time.Hour)
		p.Until("the number is taken back", func() bool {
			p.Get("/virtualNumbers", &numbers)
			return len(numbers) == 0
		})
		refused(t, p.OVH.Get(p.Path("/senders/%2B33639980300"), &s), 404, number)
		if err := give(number); err != nil {
			t.Fatal(err)
		}
		if err := p.Operator.Delete("/operator/virtualNumbers/"+number, nil); err != nil {
			t.Fatal(err)
		}
	})
}
