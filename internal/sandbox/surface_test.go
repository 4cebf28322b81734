package sandbox_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ovh/go-ovh/ovh"

	"ramier/internal/sandbox/sandboxtest"
	"ramier/internal/sms"
)

// refused fails the test unless a call was answered with a status and words.
func refused(t *testing.T, err error, status int, words string) {
	t.Helper()
	var e *ovh.APIError
	if !errors.As(err, &e) || e.Code != status || !strings.Contains(e.Message+fmt.Sprint(e.Details), words) {
		t.Errorf("error %v, want %d with %q", err, status, words)
	}
}

// transfer calls an address of a document.
func transfer(t *testing.T, method, address, content string, header ...string) (int, string, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(got), answer.Header
}

type serviceInfos struct {
	Creation, Expiration, Domain, Status, RenewalType, ContactAdmin string
	EngagedUpTo                                                     *string
	ServiceID                                                       int64 `json:"serviceId"`
	Renew                                                           struct {
		Automatic, DeleteAtExpiration, Forced bool
		ManualPayment                         *bool
		Period                                *int64
	}
}

// A contract runs from year to year until its owner wants the end; then nothing is sent any more, and he may change his mind.
func TestContractsRunAndEnd(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		var infos serviceInfos
		get := func() serviceInfos {
			infos = serviceInfos{}
			p.Get("/serviceInfos", &infos)
			return infos
		}
		day := func(t time.Time) string { return t.In(paris(p)).Format(time.DateOnly) }
		made := p.Clock.Now()
		if i := get(); i.Domain != p.Info.ServiceName || i.Status != "ok" || !i.Renew.Automatic || i.Renew.DeleteAtExpiration || *i.Renew.Period != 12 ||
			i.Creation != day(made) || i.Expiration != day(made.AddDate(1, 0, 0)) || i.EngagedUpTo != nil || i.ServiceID == 0 || i.ContactAdmin != "rm12345-ovh" {
			t.Errorf("at first: %+v", i)
		}
		put := func(renew map[string]any) error {
			return p.OVH.Put(p.Path("/serviceInfos"), map[string]any{"renew": renew, "status": "expired"}, nil)
		}
		refused(t, put(map[string]any{"period": 5}), 400, "renew.period = 5")
		refused(t, put(map[string]any{"forced": true}), 400, "renew.forced")
		if err := put(map[string]any{"automatic": false, "period": 3, "deleteAtExpiration": true}); err != nil {
			t.Fatal(err)
		}
		if i := get(); i.RenewalType != "manual" || !i.Renew.DeleteAtExpiration || *i.Renew.Period != 3 || i.Expiration != day(made.AddDate(0, 3, 0)) {
			t.Errorf("to end: %+v", i)
		}
		p.Send("before the end", []string{"+33639980100"})
		p.Clock.Advance(100 * 24 * time.Hour)
		if i := get(); i.Status != "expired" {
			t.Errorf("ended: %+v", i)
		}
		refused(t, p.OVH.Post(p.Path("/jobs"), map[string]any{"message": "x", "receivers": []string{"+33639980100"}, "sender": "Ramier"}, nil), 403, "has ended")
		if err := put(map[string]any{"deleteAtExpiration": false}); err != nil {
			t.Fatal(err)
		}
		if i := get(); i.Status != "ok" || i.Expiration != day(made.AddDate(0, 6, 0)) {
			t.Errorf("continued: %+v", i)
		}
		p.Send("after all", []string{"+33639980100"})
		refused(t, p.Other.Get(p.Path("/serviceInfos"), &infos), 404, "This service does not exist")
	})
}

func paris(p *sandboxtest.Platform) *time.Location {
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		panic(err)
	}
	return zone
}

func TestOffersAndExceptions(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		var offers []struct {
			CountryDestination, Language   string
			Quantity                       int64
			Price, SmsQuantity, TotalPrice float64
			GiftPrice, GiftQuantity        *float64
		}
		p.Get("/seeOffers?countryCurrencyPrice=ie&countryDestination=ie&quantity=1000", &offers)
		if len(offers) != 1 || offers[0].Quantity != 1000 || offers[0].Price != 46.08 || offers[0].SmsQuantity != 1250 || offers[0].Language != "en" || offers[0].GiftPrice != nil {
			t.Errorf("%+v", offers) // 1,000 at 0.048 less 4 %
		}
		refused(t, p.OVH.Get(p.Path("/seeOffers?countryCurrencyPrice=ie&countryDestination=ie&quantity=123"), &offers), 400, "quantity")

		var exceptions []struct {
			CountrySuffixe, Operators, RestrictionCode string
			Messages                                   []string
			Substitution                               *string
		}
		if p.Get("/exceptions?receiver=%2B33639980001", &exceptions); exceptions == nil || len(exceptions) != 0 {
			t.Errorf("none yet: %+v", exceptions)
		}
		var made struct{ ID int64 }
		add := func(body map[string]any) error { return p.Operator.Post("/operator/exceptions", body, &made) }
		if err := add(map[string]any{"country": "fr", "prefix": "+3363", "operators": "Orange", "restrictionCode": "ALPHA", "messages": []string{"Names are replaced"}, "substitution": "38001"}); err != nil {
			t.Fatal(err)
		}
		refused(t, add(map[string]any{"country": "XX", "operators": "x", "restrictionCode": "ALPHA"}), 400, "country")
		refused(t, p.OVH.Post("/operator/exceptions", map[string]any{"country": "FR", "operators": "x", "restrictionCode": "DLR"}, nil), 403, "")
		p.Get("/exceptions?receiver=+33639980001", &exceptions) // the plus arrives as a space
		if len(exceptions) != 1 || exceptions[0].CountrySuffixe != "fr" || exceptions[0].RestrictionCode != "ALPHA" || *exceptions[0].Substitution != "38001" || exceptions[0].Messages[0] != "Names are replaced" {
			t.Errorf("%+v", exceptions)
		}
		if p.Get("/exceptions?receiver=0612345678", &exceptions); len(exceptions) != 0 {
			t.Errorf("of another prefix: %+v", exceptions)
		}
		refused(t, p.OVH.Get(p.Path("/exceptions?receiver=12"), &exceptions), 400, "receiver")
		if err := p.Operator.Delete(fmt.Sprintf("/operator/exceptions/%d", made.ID), nil); err != nil {
			t.Fatal(err)
		}
	})
}

type shownSender struct {
	Status, Referer, Type    string
	Comment, ValidationMedia *string
}

// What is known to be the customer's is approved at once; a number proves itself by a code.
func TestSendersProveThemselves(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		for _, own := range []map[string]string{{"sender": "Boutique", "referer": "domain"}, {"sender": "Dupont"}} {
			if err := p.Operator.Post("/operator/accounts/rm12345-ovh/ownNames", own, nil); err != nil {
				t.Fatal(err)
			}
		}
		refused(t, p.Operator.Post("/operator/accounts/rm12345-ovh/ownNames", map[string]string{"sender": "Dupont"}, nil), 409, "Dupont")
		type available struct{ Sender, Referer string }
		var all []available
		p.Get("/sendersAvailableForValidation", &all)
		if len(all) != 2 || all[0] != (available{"Boutique", "domain"}) || all[1] != (available{"Dupont", "nichandle"}) {
			t.Errorf("%v", all)
		}
		var name string
		const reason = "sendersAvailableForValidation"
		p.Post("/senders", map[string]string{"sender": "Boutique", "reason": reason}, &name)
		refused(t, p.OVH.Post(p.Path("/senders"), map[string]string{"sender": "Banque", "reason": reason}, nil), 400, "not known to be yours")
		refused(t, p.Other.Post("/sms/"+p.Info.OtherServiceName+"/senders", map[string]string{"sender": "Dupont", "reason": reason}, nil), 400, "not known to be yours")
		var s shownSender
		if p.Get("/senders/Boutique", &s); s.Status != "enable" || s.Referer != "domain" {
			t.Errorf("%+v", s)
		}
		if p.Get("/sendersAvailableForValidation?referer=domain", &all); len(all) != 0 {
			t.Errorf("left: %v", all)
		}

		const number = "+33639980123"
		p.Post("/senders", map[string]string{"sender": "0639980123", "reason": "my own phone"}, &name)
		path := "/senders/" + url.PathEscape(number)
		s = shownSender{}
		if p.Get(path, &s); name != number || s.Status != "waitingValidation" || s.ValidationMedia == nil || *s.ValidationMedia != number {
			t.Errorf("%q %+v", name, s)
		}
		code := codeAt(t, p, number)
		validate := func(code string) error {
			return p.OVH.Post(p.Path(path+"/validate"), map[string]string{"code": code}, nil)
		}
		wrong := "000000"
		if code == wrong {
			wrong = "000001"
		}
		refused(t, validate(wrong), 400, "4 more attempts")
		refused(t, p.Other.Post("/sms/"+p.Info.OtherServiceName+path+"/validate", map[string]string{"code": code}, nil), 404, "sender")
		if err := validate(" " + code + " "); err != nil {
			t.Fatal(err)
		}
		refused(t, validate(code), 409, "awaits no code")
		s = shownSender{}
		if p.Get(path, &s); s.Status != "enable" || s.ValidationMedia != nil {
			t.Errorf("%+v", s)
		}
		p.Send("from my number", []string{"+33639980100"}, map[string]any{"sender": number})

		p.Post("/senders", map[string]string{"sender": "+33639980124", "reason": "too late"}, &name)
		code = codeAt(t, p, name)
		p.Clock.Advance(25 * time.Hour)
		path = "/senders/" + url.PathEscape(name)
		refused(t, validate(code), 400, "too old")
		p.Delete(path)
		p.Post("/senders", map[string]string{"sender": name, "reason": "again"}, &name)
		for range sms.SenderCodeAttempts {
			_ = validate("999")
		}
		refused(t, validate("999"), 400, "5 wrong codes")
		p.Audit()
	})
}

// codeAt reads the code on a handset.
func codeAt(t *testing.T, p *sandboxtest.Platform, number string) string {
	t.Helper()
	var text string
	p.Until("a code on the handset", func() bool {
		for _, m := range p.Simulator.Messages(number) {
			text = m.Text
		}
		return text != ""
	})
	code := regexp.MustCompile(`\b\d{6}\b`).FindString(text)
	if code == "" {
		t.Fatalf("no code in %q", text)
	}
	return code
}

type document struct {
	ID, Name, GetURL, PutURL, CreationDate string
	Size                                   int64
	ExpirationDate, ValidationDate         *string
	Tags                                   []struct{ Key, Value string }
}

func makeDocument(t *testing.T, p *sandboxtest.Platform, name, content string) document {
	t.Helper()
	var d document
	if err := p.OVH.Post("/me/document", map[string]any{"name": name}, &d); err != nil {
		t.Fatal(err)
	}
	if status, answer, _ := transfer(t, http.MethodPut, d.PutURL, content); status != 200 {
		t.Fatal(status, answer)
	}
	return d
}

func TestDocumentsAreStored(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		var d document
		if err := p.OVH.Post("/me/document", map[string]any{"name": "contacts été.csv", "tags": []map[string]string{{"key": "for", "value": "x"}}}, &d); err != nil {
			t.Fatal(err)
		}
		if d.Size != 0 || d.ValidationDate != nil || len(d.Tags) != 1 || d.Tags[0].Value != "x" || d.ExpirationDate != nil {
			t.Errorf("%+v", d)
		}
		if status, _, _ := transfer(t, http.MethodGet, d.GetURL, ""); status != 404 {
			t.Errorf("empty: %d", status)
		}
		content := strings.Repeat("number;name\n+33639980001;Été\n", 30_000) // several pieces
		for _, text := range []string{"first", content} {
			if status, answer, _ := transfer(t, http.MethodPut, d.PutURL, text); status != 200 {
				t.Fatal(status, answer)
			}
		}
		status, got, h := transfer(t, http.MethodGet, d.GetURL, "")
		if status != 200 || got != content || h.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.Contains(h.Get("Content-Disposition"), "attachment") || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%d, %d bytes, %v", status, len(got), h)
		}
		path := "/me/document/" + d.ID
		if err := p.OVH.Get(path, &d); err != nil || d.Size != int64(len(content)) || d.ValidationDate == nil {
			t.Errorf("%v %+v", err, d)
		}
		for _, try := range [][2]string{
			{http.MethodGet, d.PutURL},
			{http.MethodPut, d.GetURL},
			{http.MethodGet, d.GetURL[:len(d.GetURL)-1] + "g"},
			{http.MethodGet, d.GetURL + "/x"},
			{http.MethodDelete, d.PutURL},
		} {
			if status, _, _ := transfer(t, try[0], try[1], "x"); status != 404 && status != 405 {
				t.Errorf("%s %s: %d", try[0], try[1], status)
			}
		}
		refused(t, p.Other.Get(path, &d), 404, d.ID)
		refused(t, p.Other.Delete(path, nil), 404, d.ID)
		var ids []string
		if err := p.Other.Get("/me/document", &ids); err != nil || len(ids) != 0 {
			t.Errorf("another sees %v, %v", ids, err)
		}
		_, _, h = transfer(t, http.MethodGet, d.GetURL, "", "Origin", "https://www.example.org")
		if h.Get("Access-Control-Allow-Origin") != "" {
			t.Error("every page may read it")
		}
		refused(t, p.OVH.Post("/me/document/cors", map[string]string{"origin": "https://www.example.org/page"}, nil), 400, "origin")
		if err := p.OVH.Post("/me/document/cors", map[string]string{"origin": "https://www.example.org"}, nil); err != nil {
			t.Fatal(err)
		}
		status, _, h = transfer(t, http.MethodOptions, d.PutURL, "", "Origin", "https://www.example.org", "Access-Control-Request-Method", "PUT")
		if status != 204 || h.Get("Access-Control-Allow-Origin") != "https://www.example.org" || h.Get("Access-Control-Allow-Methods") != "PUT" {
			t.Errorf("%d %v", status, h)
		}
		refused(t, p.OVH.Put(path, map[string]any{"expirationDate": "2020-01-01T00:00:00Z"}, nil), 400, "past")
		if err := p.OVH.Put(path, map[string]any{"expirationDate": p.Clock.Now().Add(time.Hour).Format(time.RFC3339)}, nil); err != nil {
			t.Fatal(err)
		}
		p.Clock.Advance(2 * time.Hour)
		refused(t, p.OVH.Get(path, &d), 404, "id")
		if err := p.OVH.Get("/me/document", &ids); err != nil || len(ids) != 0 {
			t.Errorf("expired, and listed: %v, %v", ids, err)
		}
		if status, _, _ := transfer(t, http.MethodGet, d.GetURL, ""); status != 404 {
			t.Errorf("expired: %d", status)
		}
		other := makeDocument(t, p, "x", "y")
		if err := p.OVH.Delete("/me/document/"+other.ID, nil); err != nil {
			t.Fatal(err)
		}
		if status, _, _ := transfer(t, http.MethodGet, other.GetURL, ""); status != 404 {
			t.Errorf("deleted: %d", status)
		}
	})
}

// An upload past the limits, or one that breaks off, leaves what was there.
func TestBrokenUploadsChangeNothing(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		d := makeDocument(t, p, "list.csv", "as it was")
		big := io.LimitReader(zeros{}, sms.MaxDocument+1)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, d.PutURL, big) // without Content-Length
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("too large: %d", answer.StatusCode)
			}
		}
		broken := io.MultiReader(bytes.NewReader(make([]byte, 600_000)), failingReader{})
		if r, err = http.NewRequestWithContext(t.Context(), http.MethodPut, d.PutURL, broken); err != nil {
			t.Fatal(err)
		}
		if answer, err = http.DefaultClient.Do(r); err == nil {
			_ = answer.Body.Close()
			t.Errorf("broken off: %d", answer.StatusCode)
		}
		if _, got, _ := transfer(t, http.MethodGet, d.GetURL, ""); got != "as it was" {
			t.Errorf("it is now %d bytes", len(got))
		}
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("the line is cut") }

func TestSendersHaveSupportingDocuments(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		var name string
		p.Post("/senders", map[string]string{"sender": "Mairie", "reason": "we are the town hall"}, &name)
		type paper struct {
			DocumentID, Name, GetURL string
			PutURL, Description      *string
			Size                     int64
		}
		var d paper
		p.Post("/senders/Mairie/documents", map[string]any{"name": "kbis.pdf"}, &d)
		if d.PutURL == nil || d.Description != nil || d.Size != 0 {
			t.Fatalf("%+v", d)
		}
		put := *d.PutURL
		if status, answer, _ := transfer(t, http.MethodPut, put, "%PDF"); status != 200 {
			t.Fatal(status, answer)
		}
		if status, _, _ := transfer(t, http.MethodPut, put, "other"); status != 409 {
			t.Errorf("a second upload: %d", status)
		}
		path := "/senders/Mairie/documents/" + d.DocumentID
		if err := p.OVH.Put(p.Path(path), map[string]any{"description": "Registration"}, nil); err != nil {
			t.Fatal(err)
		}
		d = paper{}
		if p.Get(path, &d); d.PutURL != nil || *d.Description != "Registration" || d.Size != 4 {
			t.Errorf("%+v", d)
		}
		var ids []string
		if p.Get("/senders/Mairie/documents", &ids); len(ids) != 1 || ids[0] != d.DocumentID {
			t.Errorf("%v", ids)
		}
		var seen []paper
		if err := p.Operator.Get("/operator/services/"+p.Info.ServiceName+"/senders/Mairie/documents", &seen); err != nil || len(seen) != 1 {
			t.Fatal(err, seen)
		}
		if _, got, _ := transfer(t, http.MethodGet, seen[0].GetURL, ""); got != "%PDF" {
			t.Errorf("the operator sees %q", got)
		}
		refused(t, p.OVH.Get("/me/document/"+d.DocumentID, nil), 404, "")
		refused(t, p.OVH.Get(p.Path("/senders/Ramier/documents/"+d.DocumentID), &d), 404, "")
		refused(t, p.Other.Get("/sms/"+p.Info.OtherServiceName+"/senders/Ramier/documents/"+d.DocumentID, &d), 404, "")
		p.Delete("/senders/Mairie")
		if status, _, _ := transfer(t, http.MethodGet, d.GetURL, ""); status != 404 {
			t.Errorf("of a deleted sender: %d", status)
		}
	})
}
