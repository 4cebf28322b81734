package sandbox_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"ramier/internal/auth"
	"ramier/internal/sandbox/sandboxtest"
	"ramier/internal/sms"
)

// cgi is an old program with its parameters.
type cgi struct {
	p *sandboxtest.Platform
	t *testing.T
}

// params gives those of a message that is fine, with others in their place; "-" leaves one out.
func (c cgi) params(more ...string) url.Values {
	v := url.Values{
		"account": {c.p.Info.ServiceName}, "login": {c.p.Info.SMSLogin}, "password": {c.p.Info.SMSPassword}, "from": {c.p.Info.Sender},
		"to": {"0033639980000"}, "message": {"Bonjour"}, "noStop": {"1"},
	}
	for i := 0; i < len(more); i += 2 {
		if v.Set(more[i], more[i+1]); more[i+1] == "-" {
			v.Del(more[i])
		}
	}
	return v
}

func (c cgi) do(method, query, contentType, body string) (kind, text string) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.p.Info.HTTP2SMS+query, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer a.Body.Close()
	answer, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != http.StatusOK {
		c.t.Fatal(a.Status, err)
	}
	return a.Header.Get("Content-Type"), string(answer)
}

// get calls and gives the code of the answer with its text.
func (c cgi) get(more ...string) (code int, ids []string, text string) {
	c.t.Helper()
	_, text = c.do("GET", "?contentType=text/json&"+c.params(more...).Encode(), "", "")
	var a struct {
		Status     int
		CreditLeft string
		SMSIds     []string `json:"SmsIds"`
	}
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		c.t.Fatal(err, text)
	}
	return a.Status, a.SMSIds, text
}

func TestHTTP2SMSSends(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		c := cgi{p, t}
		id := func(text string) int64 {
			t.Helper()
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		// Plain text is the default: OK, credits, ids.
		kind, text := c.do("GET", "?"+c.params("to", "0033639980000,+33639980100", "message", "Bonjour\rà tous", "tag", "noël").Encode(), "", "")
		lines := strings.Split(strings.TrimSpace(text), "\n")
		if !strings.HasPrefix(kind, "text/plain") || len(lines) != 4 || lines[0] != "OK" || lines[1] != "99998" {
			t.Fatalf("%s: %q", kind, text)
		}
		o := p.Outgoing(id(lines[2]))
		if o.Message != "Bonjour\nà tous" || o.Receiver != "+33639980000" || o.Tag != "noël" || o.Sender != p.Info.Sender {
			t.Errorf("%+v", o)
		}
		p.Await(id(lines[2]), sms.Delivered)
		p.Await(id(lines[3]), sms.Delivered)
		// A form, and one of several parts.
		_, text = c.do("POST", "", "application/x-www-form-urlencoded", c.params().Encode())
		if !strings.HasPrefix(text, "OK\n99997\n") {
			t.Errorf("%q", text)
		}
		var form bytes.Buffer
		w := multipart.NewWriter(&form)
		for name, v := range c.params() {
			_ = w.WriteField(name, v[0])
		}
		_ = w.Close()
		if _, text = c.do("POST", "?contentType=text/html", w.FormDataContentType(), form.String()); !strings.Contains(text, "<TITLE>HTTP2SMS</TITLE>") ||
			!strings.Contains(text, "\nOK<br>\n99996<br>\n") {
			t.Errorf("%q", text)
		}
		var x struct {
			Status     int      `xml:"status"`
			CreditLeft string   `xml:"creditLeft"`
			IDs        []string `xml:"smsIds>smsId"`
		}
		if kind, text = c.do("GET", "?contentType=application/xml&"+c.params().Encode(), "", ""); xml.Unmarshal([]byte(text), &x) != nil ||
			x.Status != 100 || x.CreditLeft != "99995" || len(x.IDs) != 1 || !strings.HasPrefix(kind, "application/xml") {
			t.Errorf("%s: %q %+v", kind, text, x)
		}
		if _, text = c.do("GET", "?contentType=text/json&"+c.params().Encode(), "", ""); !strings.HasPrefix(text, `{"status":100,"creditLeft":"99994","SmsIds":["`) ||
			!strings.Contains(text, `"smsIds":["`) {
			t.Errorf("%q", text)
		}
		// ISO 8859-15, as programs of that time send it; a + that was not encoded.
		_, text = c.do("GET", "?"+c.params("message", "-", "to", "-").Encode()+"&message=%E9t%E9+10%A4&to=+33639980000", "", "")
		if o := p.Outgoing(id(strings.Split(text, "\n")[2])); o.Message != "été 10€" || o.Receiver != "+33639980000" {
			t.Errorf("%+v", o)
		}
		// A form in another charset, which Windows programs do not always name, and several receivers under one name.
		for _, kind := range []string{"application/x-www-form-urlencoded; charset=windows-1252", "application/x-www-form-urlencoded"} {
			_, text = c.do("POST", "?to=0033639980009&"+c.params("message", "-", "to", "-").Encode(), kind, "message=l%92%E9t%E9+%80&to=0033639980000&to=0033639980101")
			lines := strings.Split(strings.TrimSpace(text), "\n")
			if len(lines) != 4 {
				t.Fatalf("%q", text)
			}
			if o := p.Outgoing(id(lines[2])); o.Message != "l’été €" || o.Receiver != "+33639980000" {
				t.Errorf("%+v", o)
			}
			if o := p.Outgoing(id(lines[3])); o.Receiver != "+33639980101" {
				t.Errorf("%+v", o)
			}
		}
		_, text = c.do("POST", "?"+c.params("message", "-").Encode(), "application/x-www-form-urlencoded; charset=koi8-r", "message=%F0%D2%C9%D7%C5%D4")
		if o := p.Outgoing(id(strings.Split(text, "\n")[2])); o.Message != "Привет" {
			t.Errorf("%+v", o)
		}
		p.Audit()
	})
}

func TestHTTP2SMSParameters(t *testing.T) {
	p := sandboxtest.Start(t, "")
	c := cgi{p, t}
	code, ids, text := c.get("class", "0", "smsCoding", "2", "from", "", "senderForResponse", "1", "message", "Oui ou non ?")
	if code != 100 || len(ids) != 1 {
		t.Fatal(text)
	}
	var o sandboxtest.Outgoing
	p.Get("/outgoing/"+ids[0], &o)
	if o.Sender != "" || o.Message != "Oui ou non ?" {
		t.Errorf("not from a short number: %+v", o)
	}
	var job struct {
		DifferedDelivery int64 `json:"differedDelivery"`
	}
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	later := p.Clock.Now().In(zone).Add(3 * time.Hour)
	if code, ids, text = c.get("deferred", later.Format("150402012006"), "SMSencoding", "1"); code != 100 {
		t.Fatal(text)
	}
	if p.Get("/jobs/"+ids[0], &job); job.DifferedDelivery < 178 || job.DifferedDelivery > 180 {
		t.Errorf("%+v", job)
	}
	if code, ids, text = c.get("to", "0033639980000,12,0033639980000"); code != 101 || len(ids) != 1 {
		t.Error(text)
	}
}

func TestHTTP2SMSRefuses(t *testing.T) {
	p := sandboxtest.Start(t, "")
	c := cgi{p, t}
	v, err := p.App.Store.Service(t.Context(), p.Info.ServiceName)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.App.Store.AddUser(t.Context(), &sms.User{
		ServiceID: v.ID, Login: "office", PasswordHash: auth.HashPassword("12345678"), CreatedAt: p.Clock.Now(),
	}); err != nil {
		t.Fatal(err)
	}
	if err := p.App.Store.ChangeUser(t.Context(), v.ID, "office", p.Clock.Now(), func(u *sms.User) error {
		u.Restrictions = []string{"192.0.2.1", "198.51.100.0/24"}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, r := range []struct {
		code  int
		words string
		more  []string
	}{
		{201, "Missing account", []string{"account", "-"}},
		{201, "Missing login", []string{"login", "-"}},
		{201, "Missing password", []string{"password", "-"}},
		{201, "Missing from", []string{"from", "-"}},
		{201, "Missing to", []string{"to", " , "}},
		{201, "Missing message", []string{"message", ""}},
		{202, "Invalid account, login or password", []string{"account", "sms-nobody-1"}},
		{202, "Invalid account, login or password", []string{"account", p.Info.OtherServiceName}},
		{202, "Invalid account, login or password", []string{"login", "nobody"}},
		{202, "Invalid account, login or password", []string{"password", "wrong"}},
		{401, "127.0.0.1 is not allowed", []string{"login", "office", "password", "12345678"}},
		{202, "Invalid tag: is too long", []string{"tag", strings.Repeat("é", 21)}},
		{202, "Invalid class: ", []string{"class", "4"}},
		{202, "Invalid noStop: ", []string{"noStop", "yes"}},
		{202, "Invalid smsCoding", []string{"smsCoding", "3"}},
		{202, "Invalid deferred time: ", []string{"deferred", "2026-12-24 18:00"}},
		{202, "in the past", []string{"deferred", "120001012020"}},
		{202, "Invalid deferred time: it is more than 366 days from now", []string{"deferred", "120001012099"}},
		{241, "Nobody", []string{"from", "Nobody"}},
		{202, "Invalid to: ", []string{"to", "12"}},
	} {
		code, ids, text := c.get(r.more...)
		if code != r.code || !strings.Contains(text, r.words) || !strings.Contains(text, "/cgi-bin/sms/http2sms.txt") || len(ids) > 0 {
			t.Errorf("%v: %s", r.more, text)
		}
	}
	if _, text := c.do("GET", "", "", ""); !strings.HasPrefix(text, "KO\nMissing account") {
		t.Errorf("%q", text)
	}
	if _, text := c.do("GET", "?contentType=text/xml", "", ""); !strings.Contains(text, "<status>201</status><message>Missing account") {
		t.Errorf("%q", text)
	}
	if _, text := c.do("POST", "", "application/x-www-form-urlencoded", strings.Repeat("x", 2<<20)); !strings.HasPrefix(text, "KO\n") {
		t.Errorf("%.200q", text)
	}
	if _, err := p.App.Store.Grant(t.Context(), v.ID, -100_000*sms.Credit, "test", p.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	if code, _, text := c.get(); code != 402 {
		t.Error(text)
	}
	if _, text := c.do("GET", "?contentType=text/html&"+c.params("from", "<b>").Encode(), "", ""); strings.Contains(text, "<b>") {
		t.Error("markup: ", text)
	}
	var all []int64
	if p.Get("/outgoing", &all); len(all) != 0 {
		t.Errorf("messages that were refused: %v", all)
	}
}
