package sandbox_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"ramier/internal/gsm"
	"ramier/internal/sandbox/sandboxtest"
	"ramier/internal/smpp"
	"ramier/internal/sms"
	"ramier/internal/store"
)

// esme is a customer over SMPP.
type esme struct {
	*smpp.Session
	t *testing.T

	mu  sync.Mutex
	got []*smpp.DeliverSM
}

// bind binds as the sandbox's customer. Options change what is sent.
func bind(t *testing.T, p *sandboxtest.Platform, change ...func(*smpp.Config)) (*esme, error) {
	t.Helper()
	e := &esme{t: t}
	c := smpp.Config{Address: p.Info.SMPP, BindTimeout: time.Minute, Bind: smpp.Bind{SystemID: p.Info.SMPPSystemID, Password: p.Info.SMPPPassword}}
	c.Handler = func(_ *smpp.Session, r smpp.PDU, respond func(smpp.Status, smpp.PDU)) {
		d, ok := r.(*smpp.DeliverSM)
		if !ok {
			respond(smpp.InvalidCommandID, nil)
			return
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		e.got = append(e.got, d)
		respond(smpp.OK, &smpp.DeliverSMResp{})
	}
	for _, f := range change {
		f(&c)
	}
	s, err := smpp.Dial(t.Context(), c)
	if err == nil {
		e.Session = s
		t.Cleanup(s.Close)
	}
	return e, err
}

func mustBind(t *testing.T, p *sandboxtest.Platform, change ...func(*smpp.Config)) *esme {
	t.Helper()
	e, err := bind(t, p, change...)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func transmitter(c *smpp.Config) { c.Bind.Mode = smpp.Transmitter }
func receiver(c *smpp.Config)    { c.Bind.Mode = smpp.Receiver }

func aMessage(text string) *smpp.SubmitSM {
	var split gsm.Splitter
	alphabet, parts, err := split.Split(text, gsm.GSM7, gsm.Header8)
	if err != nil || len(parts) != 1 {
		panic(text)
	}
	p := &smpp.SubmitSM{
		Source: smpp.Address{TON: smpp.TONAlphanumeric, Addr: "Ramier"}, Dest: smpp.Address{TON: 1, NPI: 1, Addr: handset[1:]},
		RegisteredDelivery: smpp.RegisterReceipt, ShortMessage: parts[0],
	}
	if alphabet == gsm.UCS2 {
		p.DataCoding = smpp.CodingUCS2
	}
	return p
}

// submit sends a message and gives its id or the status of its refusal.
func (e *esme) submit(p *smpp.SubmitSM) (string, smpp.Status) {
	e.t.Helper()
	a, err := e.Request(e.t.Context(), p)
	if status, ok := errors.AsType[smpp.Status](err); ok {
		return "", status
	}
	if err != nil {
		e.t.Fatal(err)
	}
	return a.(*smpp.SubmitSMResp).MessageID, smpp.OK
}

func (e *esme) send(p *smpp.SubmitSM) string {
	e.t.Helper()
	id, status := e.submit(p)
	if status != smpp.OK {
		e.t.Fatal(status)
	}
	return id
}

// receipts gives those that came by message id.
func (e *esme) receipts() map[string]smpp.Receipt {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := map[string]smpp.Receipt{}
	for _, d := range e.got {
		if smpp.IsReceipt(d) {
			r := smpp.ParseReceipt(d, time.UTC)
			all[r.ID] = r
		}
	}
	return all
}

func (e *esme) replies() (all []*smpp.DeliverSM) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, d := range e.got {
		if !smpp.IsReceipt(d) {
			all = append(all, d)
		}
	}
	return all
}

// awaitReceipts waits, with a fast clock, until the receipts of the ids have come.
func (e *esme) awaitReceipts(p *sandboxtest.Platform, ids ...string) map[string]smpp.Receipt {
	e.t.Helper()
	var got map[string]smpp.Receipt
	p.Until("receipts "+strings.Join(ids, " "), func() bool {
		p.Clock.Advance(time.Second)
		got = e.receipts()
		for _, id := range ids {
			if _, ok := got[id]; !ok {
				return false
			}
		}
		return true
	})
	return got
}

func (e *esme) leave() {
	e.t.Helper()
	if err := e.Unbind(e.t.Context()); err != nil {
		e.t.Error(err)
	}
}

func TestACustomerOverSMPP(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		e := mustBind(t, p)
		short, unicode := e.send(aMessage("Bonjour à 10 €")), e.send(aMessage("Noël 😀"))
		// A long text in OVH's dialect comes in parts with a header; the last may come first.
		long := strings.Repeat("abcdefghij", 20)
		var parts []string
		for _, n := range []byte{2, 1} {
			m := aMessage(long[153*(int(n)-1) : min(len(long), 153*int(n))])
			m.ESMClass = smpp.ESMUDHI
			m.ShortMessage = append([]byte{5, 0, 3, 7, 2, n}, m.ShortMessage...)
			parts = append(parts, e.send(m))
		}
		barred := aMessage("Personne")
		barred.Dest.Addr = "33639980003"
		gone := e.send(barred)
		got := e.awaitReceipts(p, append(parts, short, unicode)...)
		for _, id := range append(parts, short, unicode) {
			if r := got[id]; r.State != smpp.StateDelivered || r.Err != "000" || r.Done.IsZero() {
				t.Errorf("%s: %+v", id, r)
			}
		}
		texts := map[string]int{}
		for _, m := range p.Simulator.Messages(handset) {
			texts[m.Text]++
		}
		if texts["Bonjour à 10 €"] != 1 || texts["Noël 😀"] != 1 || texts[long] != 1 {
			t.Errorf("on the handset: %v", texts)
		}
		e.mu.Lock()
		d := e.got[0]
		e.mu.Unlock()
		outgoing, _ := d.TLVs.Text(0x1401)
		id, err := strconv.ParseInt(outgoing, 10, 64)
		if o := p.Outgoing(id); err != nil || o.Receiver != handset || d.Source.Addr != handset[1:] || d.Dest.Addr != "Ramier" || d.Dest.TON != 5 {
			t.Errorf("%+v %+v", d, o)
		}
		r := e.awaitReceipts(p, gone)[gone]
		if r.State == smpp.StateDelivered || r.Err == "000" {
			t.Errorf("to a barred number: %+v", r)
		}
		e.leave()
		p.Audit()
	})
}

func TestReceiptsAndRepliesWaitForAClientThatIsAway(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		e := mustBind(t, p, transmitter)
		ask := aMessage("Oui ou non ?")
		ask.Source = smpp.Address{TON: smpp.TONNetworkSpecific, NPI: 1, Addr: "38000"}
		id := e.send(ask)
		e.leave()
		var outgoing []int64
		p.Get("/outgoing", &outgoing)
		p.Await(outgoing[0], sms.Delivered)
		if err := p.Simulator.Reply(handset, "", "Été"); err != nil {
			t.Fatal(err)
		}
		v, err := p.App.Store.Service(t.Context(), p.Info.ServiceName)
		if err != nil {
			t.Fatal(err)
		}
		owes := func(want int64) {
			t.Helper()
			p.Until("what is owed", func() bool {
				p.Clock.Advance(time.Second)
				n, err := p.App.Store.Owes(t.Context(), v.ID)
				return err == nil && n == want
			})
		}
		owes(2)
		p.Restart()
		// A client that refuses gets it again, later.
		asked := make(chan struct{}, 100)
		no := mustBind(t, p, receiver, func(c *smpp.Config) {
			c.Handler = func(_ *smpp.Session, _ smpp.PDU, respond func(smpp.Status, smpp.PDU)) {
				respond(smpp.ReceiverTemporaryError, nil)
				asked <- struct{}{}
			}
		})
		<-asked
		<-asked
		no.leave()
		owes(2)
		p.Clock.Advance(6 * 24 * time.Hour)
		back := mustBind(t, p, receiver)
		if r := back.awaitReceipts(p, id)[id]; r.State != smpp.StateDelivered {
			t.Errorf("%+v", r)
		}
		p.Until("the reply", func() bool { p.Clock.Advance(time.Second); return len(back.replies()) == 1 })
		d := back.replies()[0]
		if incoming, _ := d.TLVs.Text(0x1402); gsm.Decode(d.ShortMessage, byte(d.DataCoding)) != "Été" || d.Source.Addr != handset[1:] || d.Source.TON != 1 ||
			!strings.HasPrefix(d.Dest.Addr, "380") || incoming == "" {
			t.Errorf("%+v", d)
		}
		owes(0)
	})
}

func TestSMPPBinds(t *testing.T) {
	p := sandboxtest.Start(t, "")
	ca, err := os.ReadFile(p.Info.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	secure := mustBind(t, p, func(c *smpp.Config) {
		c.Address, c.TLS = p.Info.SMPPTLS, &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"}
	})
	secure.send(aMessage("TLS"))
	secure.leave()
	refused := func(want smpp.Status, change ...func(*smpp.Config)) {
		t.Helper()
		e, err := bind(t, p, change...)
		if r, ok := errors.AsType[*smpp.RefusedError](err); !ok || r.Status != want {
			t.Errorf("%v instead of %v", err, want)
		}
		_ = e
	}
	refused(smpp.InvalidPassword, func(c *smpp.Config) { c.Bind.Password = "wrong" })
	refused(smpp.InvalidSystemID, func(c *smpp.Config) { c.Bind.SystemID = "nobody" })
	// Two that send and two that receive.
	a, b := mustBind(t, p), mustBind(t, p, transmitter)
	refused(0x400, transmitter)
	refused(0x400)
	c := mustBind(t, p, receiver)
	refused(0x400, receiver)
	for _, e := range []*esme{a, b, c} {
		e.leave()
	}
	p.Until("a place is free", func() bool { e, err := bind(t, p); return err == nil && e.Unbind(t.Context()) == nil })

	var ips []string
	var settings struct {
		SystemID   string
		Throughput int
		Windowing  int
		Status     string
		Endpoints  []struct{ Secured, Unsecured string }
	}
	p.Get("/smpp/settings", &settings)
	if settings.SystemID != p.Info.SMPPSystemID || settings.Throughput != 20 || settings.Windowing != 10 || settings.Status != "SUCCESS" ||
		len(settings.Endpoints) != 1 || settings.Endpoints[0].Unsecured != p.Info.SMPP || settings.Endpoints[0].Secured != p.Info.SMPPTLS {
		t.Errorf("%+v", settings)
	}
	if err := p.OVH.Put(p.Path("/smpp/allowedIPs"), map[string]any{"action": "remove", "ips": []string{"127.0.0.0/8"}}, &ips); err == nil {
		t.Error("a network is no ip of the schema")
	}
	if err := p.Operator.Put("/operator/services/"+p.Info.ServiceName+"/smpp", map[string]any{"allowedIPs": []string{"192.0.2.0/24"}}, nil); err != nil {
		t.Fatal(err)
	}
	refused(smpp.BindFailed)
	if err := p.OVH.Put(p.Path("/smpp/allowedIPs"), map[string]any{"action": "add", "ips": []string{"127.0.0.1", "127.0.0.1"}}, &ips); err != nil || len(ips) != 2 {
		t.Error(ips, err)
	}
	p.Post("/smpp/password", map[string]any{"password": "motdepasse1"}, nil)
	refused(smpp.InvalidPassword)
	mustBind(t, p, func(c *smpp.Config) { c.Bind.Password = "motdepasse1" }).leave()
	if err := p.OVH.Post(p.Path("/smpp/password"), nil, nil); err == nil || !strings.Contains(err.Error(), "sends no mail") {
		t.Error(err)
	}
	if err := p.Other.Get("/sms/"+p.Info.OtherServiceName+"/smpp/settings", nil); err == nil || !strings.Contains(err.Error(), "not used over SMPP") {
		t.Error(err)
	}
	var made struct{ SystemID, Password, Dialect string }
	if err := p.Operator.Post("/operator/services/"+p.Info.OtherServiceName+"/smpp", map[string]any{"allowedIPs": []string{"127.0.0.1"}, "dialect": "plain"}, &made); err != nil {
		t.Fatal(err)
	}
	other := mustBind(t, p, func(c *smpp.Config) { c.Bind.SystemID, c.Bind.Password = made.SystemID, made.Password })
	if err := p.Operator.Delete("/operator/services/"+p.Info.OtherServiceName+"/smpp", nil); err != nil {
		t.Fatal(err)
	}
	p.Until("it is let go", func() bool { p.Clock.Advance(time.Second); return other.Err() != nil })
}

func TestSMPPRefusals(t *testing.T) {
	p := sandboxtest.Start(t, "")
	e := mustBind(t, p)
	for _, c := range []struct {
		name   string
		change func(*smpp.SubmitSM)
		want   smpp.Status
	}{
		{"unknown sender", func(m *smpp.SubmitSM) { m.Source.Addr = "Nobody" }, smpp.InvalidSource},
		{"no number", func(m *smpp.SubmitSM) { m.Dest.Addr = "12" }, smpp.InvalidDest},
		{"coding", func(m *smpp.SubmitSM) { m.DataCoding = 4 }, 0x401},
		{"septets", func(m *smpp.SubmitSM) { m.ShortMessage = []byte("\xe9t\xe9") }, 0x402},
		{"half a character", func(m *smpp.SubmitSM) { m.DataCoding = 8; m.ShortMessage = []byte{0, 65, 0} }, smpp.InvalidMessageLength},
		{"empty", func(m *smpp.SubmitSM) { m.ShortMessage = nil }, smpp.InvalidMessageLength},
		{"payload, which OVH ignores", func(m *smpp.SubmitSM) {
			m.ShortMessage, m.TLVs = nil, smpp.TLVs{{Tag: smpp.TagMessagePayload, Value: []byte("x")}}
		}, smpp.InvalidMessageLength},
		{"header", func(m *smpp.SubmitSM) { m.ESMClass = smpp.ESMUDHI }, smpp.InvalidMessageLength},
		{"for an application", func(m *smpp.SubmitSM) {
			m.ESMClass, m.ShortMessage = smpp.ESMUDHI, []byte("\x06\x05\x04\x0b\x84\x23\xf0x")
		}, smpp.InvalidESMClass},
		{"validity", func(m *smpp.SubmitSM) { m.ValidityPeriod = "200101000000000+" }, smpp.InvalidValidityPeriod},
		{"time", func(m *smpp.SubmitSM) { m.ScheduleTime = "991231235959000+" }, smpp.InvalidScheduleTime},
	} {
		m := aMessage("Bonjour")
		c.change(m)
		if _, status := e.submit(m); status != c.want {
			t.Errorf("%s: %v", c.name, status)
		}
		p.Clock.Advance(time.Second)
	}
	for _, pdu := range []smpp.PDU{
		&smpp.QuerySM{MessageID: "1"}, &smpp.CancelSM{MessageID: "1"}, &smpp.ReplaceSM{MessageID: "1"}, &smpp.DataSM{},
		&smpp.SubmitMulti{Dests: []smpp.Dest{{List: "all"}}},
	} {
		e.ask("what OVH does not offer", pdu, smpp.InvalidCommandID)
	}
	// 20 a second, 10 at once.
	w := openWire(t, p)
	w.put(1, &smpp.Bind{Mode: smpp.Transceiver, SystemID: p.Info.SMPPSystemID, Password: p.Info.SMPPPassword})
	w.want(smpp.CommandBindTransceiverResp, 1, smpp.OK)
	w.putAll(60, func(int) smpp.PDU { return aMessage("vite") })
	throttled := 0
	for _, a := range w.answers(60) {
		if a.status == smpp.Throttled {
			throttled++
		} else if a.status != smpp.OK {
			t.Error(a.status)
		}
	}
	if throttled == 0 {
		t.Error("60 messages at once were taken")
	}
	v, err := p.App.Store.Service(t.Context(), p.Info.ServiceName)
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.App.Store.Balance(t.Context(), v.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.App.Store.Grant(t.Context(), v.ID, -b.Available, "test", p.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	p.Clock.Advance(time.Second)
	if _, status := e.submit(aMessage("Bonjour")); status != smpp.SubmitFailed {
		t.Error("without credits: ", status)
	}
	p.Audit()
}

// In plain SMPP a long text comes as payload, or in parts that sar_ parameters name.
func TestPlainSMPP(t *testing.T) {
	p := sandboxtest.Start(t, "")
	if err := p.Operator.Put("/operator/services/"+p.Info.ServiceName+"/smpp", map[string]any{"dialect": "plain", "throughput": 1000}, nil); err != nil {
		t.Fatal(err)
	}
	e := mustBind(t, p)
	payload := aMessage("x")
	payload.ShortMessage, payload.DataCoding = nil, smpp.CodingLatin1
	payload.TLVs = smpp.TLVs{{Tag: smpp.TagMessagePayload, Value: []byte(strings.Repeat("\xe9t\xe9 ", 100))}}
	ids := []string{e.send(payload)}
	for i, text := range []string{"un ", "deux ", "trois"} {
		m := aMessage(text)
		m.TLVs = smpp.Concat{Ref: 300, Total: 3, Seq: byte(i + 1)}.TLVs()
		ids = append(ids, e.send(m))
	}
	flash := aMessage("flash")
	flash.DataCoding = 0xF0
	ids = append(ids, e.send(flash))
	e.awaitReceipts(p, ids...)
	texts := map[string]bool{}
	for _, m := range p.Simulator.Messages(handset) {
		texts[m.Text] = true
	}
	if !texts["un deux trois"] || !texts[strings.Repeat("été ", 100)] || !texts["flash"] {
		t.Errorf("%v", texts)
	}
}

// Parts whose others never come are told as expired.
func TestAPartThatStaysAlone(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		e := mustBind(t, p)
		m := aMessage("seul")
		m.ESMClass, m.ShortMessage = smpp.ESMUDHI, append([]byte{5, 0, 3, 9, 2, 1}, m.ShortMessage...)
		id := e.send(m)
		p.Clock.Advance(11 * time.Minute)
		if r := e.awaitReceipts(p, id)[id]; r.State != smpp.StateExpired || r.Err != "801" {
			t.Errorf("%+v", r)
		}
		v, err := p.App.Store.Service(t.Context(), p.Info.ServiceName)
		if err != nil {
			t.Fatal(err)
		}
		// All parts are there, and nobody has put them together.
		for n := byte(1); n <= 2; n++ {
			m := aMessage("partie ")
			m.ESMClass, m.ShortMessage = smpp.ESMUDHI, append([]byte{5, 0, 3, 10, 2, n}, m.ShortMessage...)
			frame, err := smpp.Append(nil, 1, 0, m)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.App.Store.KeepPart(t.Context(), &store.SMPPPart{ServiceID: v.ID, Name: "left", Part: int(n), PDU: frame, Receipt: true, At: p.Clock.Now()}); err != nil {
				t.Fatal(err)
			}
		}
		p.Until("they are", func() bool {
			p.Clock.Advance(time.Second)
			for _, m := range p.Simulator.Messages(handset) {
				if m.Text == "partie partie " {
					return true
				}
			}
			return false
		})
	})
}

func TestNpmSMPPAsACustomer(t *testing.T) {
	p := sandboxtest.Start(t, "")
	host, port, err := net.SplitHostPort(p.Info.SMPP)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for ctx.Err() == nil {
			p.Clock.Advance(time.Second)
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	out, err := node(t, "esme.js", host, port, p.Info.SMPPSystemID, p.Info.SMPPPassword).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "esme: all well") {
		t.Errorf("%v\n%s", err, out)
	}
	texts := map[string]bool{}
	for _, m := range p.Simulator.Messages(handset) {
		texts[m.Text] = true
	}
	if !texts["Bonjour"] || !texts["Été 😀"] || !texts[strings.Repeat("a", 153)+strings.Repeat("b", 20)] {
		t.Errorf("on the handset: %v", texts)
	}
}
