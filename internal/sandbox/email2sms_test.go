package sandbox_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ramier/internal/mail"
	"ramier/internal/sandbox/sandboxtest"
	"ramier/internal/sms"
)

// run runs a program from Debian with an input, and gives its output and whether it was content.
func run(t *testing.T, input string, name string, args ...string) (out string, ok bool) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing: run scripts/install-system", name)
	}
	c := exec.CommandContext(t.Context(), path, args...)
	c.Stdin = strings.NewReader(input)
	all, err := c.CombinedOutput()
	return string(all), err == nil
}

// swaks sends a mail with that program.
func swaks(t *testing.T, p *sandboxtest.Platform, subject, body string, more ...string) (string, bool) {
	t.Helper()
	return run(t, "", "swaks", append([]string{
		"--server", p.Info.SMTP, "--to", "email2sms@ovh.net", "--from", "alice@example.org", "--h-Subject", subject, "--body", body, "--timeout", "20s",
	}, more...)...)
}

// fields makes the subject of a mail that is fine.
func fields(p *sandboxtest.Platform, to string) string {
	return strings.Join([]string{p.Info.ServiceName, p.Info.SMSLogin, p.Info.SMSPassword, p.Info.Sender, to, "", "", "1", "NoStop=1"}, ":")
}

// arrived waits for a text on a handset.
func arrived(p *sandboxtest.Platform, handset, text string) {
	p.Until(text+" on "+handset, func() bool {
		for _, m := range p.Simulator.Messages(handset) {
			if m.Text == text {
				return true
			}
		}
		return false
	})
}

// mailbox gives the sandbox's mails to a receiver, over its control API.
func mailbox(t *testing.T, p *sandboxtest.Platform, to string) (all []mail.Kept) {
	t.Helper()
	r, err := http.Get(p.Info.ControlURL + "/mails?to=" + to)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if err := json.NewDecoder(r.Body).Decode(&all); err != nil {
		t.Fatal(err)
	}
	return all
}

func awaitMail(t *testing.T, p *sandboxtest.Platform, to, subject string) (found mail.Kept) {
	t.Helper()
	p.Until("a mail to "+to+": "+subject, func() bool {
		for _, m := range mailbox(t, p, to) {
			if strings.Contains(m.Subject, subject) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

func TestEmail2SMSWithSwaks(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		if out, ok := swaks(t, p, fields(p, "0033639981000,+33639981001"), "Été à Paris\nligne deux\n\nnot this"); !ok || !strings.Contains(out, "250 2.0.0 2 message(s) accepted") {
			t.Fatal(out)
		}
		arrived(p, "+33639981000", "Été à Paris\nligne deux")
		arrived(p, "+33639981001", "Été à Paris\nligne deux")
		m := awaitMail(t, p, "alice@example.org", "2 SMS")
		if !strings.Contains(m.Source, "Auto-Submitted: auto-generated") || !strings.Contains(m.Text, "+33639981001") || strings.Contains(m.Source, p.Info.SMSPassword) {
			t.Errorf("%+v", m)
		}

		// The other form, over TLS, in HTML.
		subject := strings.Join([]string{p.Info.ServiceName, p.Info.SMSLogin, p.Info.SMSPassword, "NoStop=1"}, ":")
		if out, ok := swaks(t, p, subject, "<p>Alerte&nbsp;: <b>disque</b></p>", "--to", "0033639981002@email2sms.ovh.net,33639981003@email2sms.ovh.net",
			"--tls", "--add-header", "Content-Type: text/html; charset=utf-8"); !ok || !strings.Contains(out, "TLS") {
			t.Fatal(out)
		}
		arrived(p, "+33639981002", "Alerte : disque")
		arrived(p, "+33639981003", "Alerte : disque")

		// Receivers from an attached file, with a column that is merged.
		list := filepath.Join(t.TempDir(), "contact.csv")
		if err := os.WriteFile(list, []byte("Num\xe9ro;pr\xe9nom\r\n0639981004;Zo\xe9\r\n0639981005;L\xe9a\r\nxyz;Max\r\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		out, ok := swaks(t, p, fields(p, ""), "Bonjour #prenom#", "--attach", "@"+list)
		if !ok || !strings.Contains(out, "2 message(s) accepted") || !strings.Contains(out, "1 receiver(s) refused") {
			t.Fatal(out)
		}
		arrived(p, "+33639981004", "Bonjour Zoé")
		arrived(p, "+33639981005", "Bonjour Léa")
		p.Audit()
	})
}

func TestEmail2SMSWithMsmtp(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		host, port, _ := net.SplitHostPort(p.Info.SMTP)
		msmtp := func(mail string, more ...string) (string, bool) {
			return run(t, mail, "msmtp", append([]string{"--host=" + host, "--port=" + port, "--from=bob@example.org", "--auth=off", "--read-recipients"}, more...)...)
		}
		named := fmt.Sprintf("To=+33639981000;Account=%s;Login=%s;Password=%s;From=%s;NoStop=1", p.Info.ServiceName, p.Info.SMSLogin, p.Info.SMSPassword, p.Info.Sender)
		text := "To: email2sms@localhost\nFrom: bob@example.org\nSubject: " + named + "\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nC'est =E9crit --end never\n"
		if out, ok := msmtp(text, "--tls=on", "--tls-trust-file="+p.Info.CAFile); !ok {
			t.Fatal(out)
		}
		arrived(p, "+33639981000", "C'est écrit")
		// A wrong password is refused at the end, in words.
		if out, ok := msmtp(strings.Replace(text, p.Info.SMSPassword, "wrong", 1), "--tls=off"); ok || !strings.Contains(out, "550 5.7.8 Invalid account, login or password") {
			t.Error(out)
		}
		p.Audit()
	})
}

// talk is a conversation over SMTP, word by word.
type talk struct {
	t *testing.T
	c net.Conn
	r *textproto.Reader
}

func newTalk(t *testing.T, p *sandboxtest.Platform) *talk {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.Info.SMTP)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(30 * time.Second))
	k := &talk{t, c, textproto.NewReader(bufio.NewReader(c))}
	k.want("220")
	return k
}

func (k *talk) send(s string) {
	k.t.Helper()
	if _, err := k.c.Write([]byte(s)); err != nil {
		k.t.Log("write: ", err)
	}
}

// want reads a reply that begins with a code.
func (k *talk) want(code string) string {
	k.t.Helper()
	_, text, err := k.r.ReadResponse(0)
	var got string
	switch e := err.(type) {
	case *textproto.Error:
		got = fmt.Sprintf("%d %s", e.Code, e.Msg)
	case nil:
		got = text
	}
	if err != nil && got == "" || !strings.HasPrefix(strings.TrimSpace(got), code) && err != nil {
		k.t.Fatalf("got %q, %v; want %s", got, err, code)
	}
	return got
}

// line reads one line.
func (k *talk) line() string {
	k.t.Helper()
	s, err := k.r.ReadLine()
	if err != nil {
		return "(" + err.Error() + ")"
	}
	for len(s) > 3 && s[3] == '-' {
		if s, err = k.r.ReadLine(); err != nil {
			return "(" + err.Error() + ")"
		}
	}
	return s
}

// say sends a line, or several, and gives the reply to each.
func (k *talk) say(lines ...string) (replies []string) {
	k.t.Helper()
	for _, l := range lines {
		k.send(l + "\r\n")
		replies = append(replies, k.line())
	}
	return replies
}

// to begins a mail.
func (k *talk) begin() {
	k.t.Helper()
	if r := k.say("EHLO x", "MAIL FROM:<alice@example.org>", "RCPT TO:<email2sms@localhost>", "DATA"); !strings.HasPrefix(r[3], "354") {
		k.t.Fatal(r)
	}
}

// whole sends a mail and gives the reply.
func (k *talk) whole(mail string) string {
	k.t.Helper()
	k.begin()
	k.send(strings.ReplaceAll(mail, "\n", "\r\n") + "\r\n.\r\n")
	return k.line()
}

func TestEmail2SMSRefuses(t *testing.T) {
	p := sandboxtest.Start(t, "")
	good := fields(p, "+33639981000")
	for name, c := range map[string]struct{ mail, want string }{
		"no credentials":    {"Subject: hello\n\nx", "554 5.6.0 Missing login"},
		"no subject":        {"From: a@b.example\n\nx", "554 5.6.0 Missing account"},
		"a login":           {"Subject: " + strings.Replace(good, ":user:", ":nobody:", 1) + "\n\nx", "550 5.7.8 Invalid account, login or password"},
		"an account":        {"Subject: " + strings.Replace(good, p.Info.ServiceName, p.Info.OtherServiceName, 1) + "\n\nx", "550 5.7.8 Invalid account, login or password"},
		"a sender":          {"Subject: " + strings.Replace(good, ":Ramier:", ":Nobody:", 1) + "\n\nx", "55"},
		"no text":           {"Subject: " + good + "\n\n\n", "554 5.6.0 Missing message"},
		"no receiver":       {"Subject: " + strings.Replace(good, "+33639981000", "", 1) + "\n\nx", "554 5.6.0 Missing to"},
		"a receiver":        {"Subject: " + strings.Replace(good, "+33639981000", "12", 1) + "\n\nx", "554 5.6.0 No receiver can be sent to: 12"},
		"a date":            {"Subject: " + strings.Replace(good, "+33639981000::", "+33639981000:99:", 1) + "\n\nx", "554 5.6.0 Invalid deferred time"},
		"an answer":         {"Subject: " + good + "\nAuto-Submitted: auto-replied (vacation)\n\nx", "550 5.7.1"},
		"a bulk mail":       {"Subject: " + good + "\nPrecedence: bulk\n\nx", "550 5.7.1"},
		"a list":            {"Subject: " + good + "\nList-Id: <x.example>\n\nx", "550 5.7.1"},
		"two subjects":      {"Subject: " + good + "\nSubject: " + good + "\n\nx", "554 5.6.0"},
		"injected":          {"Subject: a\x00:b:c\n\nx", "55"},
		"not auto, but bad": {"Subject: x:y:z\nAuto-Submitted: no\n\nx", "550 5.7.8"},
	} {
		if got := newTalk(t, p).whole(c.mail); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %s", name, got)
		}
	}
	k := newTalk(t, p)
	for i, want := range []string{"250", "250", "550 5.7.1 This address takes no mails about mails"} {
		if got := k.say([]string{"EHLO x", "MAIL FROM:<>", "RCPT TO:<email2sms@localhost>"}[i])[0]; !strings.HasPrefix(got, want) {
			t.Errorf("%d: %s", i, got)
		}
	}
	// No open relay, and no search for addresses.
	k = newTalk(t, p)
	replies := k.say("EHLO x", "MAIL FROM:<a@b.example>", "RCPT TO:<victim@example.org>", "RCPT TO:<victim%example.org@localhost>", "RCPT TO:<@localhost:victim@example.org>",
		"RCPT TO:<root@localhost>", "RCPT TO:<\"victim@example.org\"@localhost>", "RCPT TO:<email2sms@localhost>", "NOOP")
	for _, r := range replies[2:7] {
		if !strings.HasPrefix(r, "550") && !strings.HasPrefix(r, "501") {
			t.Errorf("%q", replies)
		}
	}
	if n := len(p.Simulator.Messages("")); n != 0 {
		t.Errorf("%d messages", n)
	}
	if all := mailbox(t, p, ""); len(all) != 0 {
		t.Errorf("%+v", all)
	}
}

func TestEmail2SMSUnderAttack(t *testing.T) {
	p := sandboxtest.Start(t, "")
	good := "Subject: " + fields(p, "+33639981000") + "\r\n"
	t.Run("a huge line", func(t *testing.T) {
		k := newTalk(t, p)
		k.send("EHLO " + strings.Repeat("x", 1<<20) + "\r\n")
		if got := k.line(); !strings.HasPrefix(got, "500") && !strings.HasPrefix(got, "(") {
			t.Error(got)
		}
		k = newTalk(t, p)
		k.begin()
		k.send(good + "\r\n" + strings.Repeat("x", 1<<20) + "\r\n.\r\n")
		if got := k.line(); strings.HasPrefix(got, "2") {
			t.Error(got)
		}
	})
	t.Run("endless data", func(t *testing.T) {
		k := newTalk(t, p)
		k.begin()
		k.send(good + "\r\n")
		chunk := []byte(strings.Repeat(strings.Repeat("x", 998)+"\r\n", 64))
		ended := false
		for range 1000 { // 64 MB
			if _, err := k.c.Write(chunk); err != nil {
				ended = true
				break
			}
		}
		if !ended {
			t.Error("64 MB were taken")
		}
	})
	t.Run("too large, said before", func(t *testing.T) {
		k := newTalk(t, p)
		if r := k.say("EHLO x", "MAIL FROM:<a@b.example> SIZE=99999999"); !strings.HasPrefix(r[1], "552") {
			t.Error(r)
		}
	})
	t.Run("smuggling", func(t *testing.T) {
		for _, end := range []string{"\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r", "\r.\r\n"} {
			k := newTalk(t, p)
			k.begin()
			k.send(good + "\r\nfirst\r\n\r\nx" + end + "MAIL FROM:<evil@example.org>\r\nRCPT TO:<email2sms@localhost>\r\nDATA\r\n" +
				strings.Replace(good, "+33639981000", "+33639981009", 1) + "\r\nsmuggled\r\n.\r\n")
			if got := k.line(); !strings.HasPrefix(got, "250 2.0.0 1 message") {
				t.Errorf("%q: %s", end, got)
			}
			if r := k.say("QUIT"); !strings.HasPrefix(r[0], "221") {
				t.Errorf("%q: one mail has two answers: %s", end, r)
			}
		}
		if all := p.Simulator.Messages("+33639981009"); len(all) != 0 {
			t.Errorf("%+v", all)
		}
	})
}

func TestEmail2SMSUnderAttackByCommands(t *testing.T) {
	p := sandboxtest.Start(t, "")
	good := "Subject: " + fields(p, "+33639981000") + "\r\n"
	t.Run("commands before TLS", func(t *testing.T) {
		k := newTalk(t, p)
		k.say("EHLO x")
		k.send("STARTTLS\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<email2sms@localhost>\r\n")
		if got := k.line(); !strings.HasPrefix(got, "220") {
			t.Fatal(got)
		}
		pem, err := os.ReadFile(p.Info.CAFile)
		if err != nil {
			t.Fatal(err)
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		secure := tls.Client(k.c, &tls.Config{RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS12})
		if err := secure.HandshakeContext(t.Context()); err != nil {
			return // what was sent in the clear went into the handshake and broke it: nothing was taken
		}
		k = &talk{t, secure, textproto.NewReader(bufio.NewReader(secure))}
		if r := k.say("EHLO x", "DATA"); !strings.HasPrefix(r[1], "502") {
			t.Error("commands from before TLS count: ", r)
		}
	})
	t.Run("pipelining", func(t *testing.T) {
		k := newTalk(t, p)
		k.send(strings.Repeat("NOOP\r\n", 5000) + "QUIT\r\n")
		for range 5000 {
			if got := k.line(); !strings.HasPrefix(got, "250") {
				t.Fatal(got)
			}
		}
		k = newTalk(t, p)
		k.send("EHLO x\r\nDATA\r\n" + good + "\r\nx\r\n.\r\nMAIL FROM:<a@b.example>\r\nDATA\r\n.\r\n")
		if r := k.line() + k.line(); strings.Contains(r, "354") {
			t.Error(r)
		}
	})
	t.Run("chunks cut off", func(t *testing.T) {
		k := newTalk(t, p)
		k.say("EHLO x", "MAIL FROM:<a@b.example>", "RCPT TO:<email2sms@localhost>")
		part := good + "\r\ncut off here"
		k.send(fmt.Sprintf("BDAT %d LAST\r\n%s", len(part)+1000, part))
		if err := k.c.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if got := k.line(); strings.HasPrefix(got, "2") {
			t.Error(got)
		}
		k = newTalk(t, p)
		k.say("EHLO x", "MAIL FROM:<a@b.example>", "RCPT TO:<email2sms@localhost>")
		part = good + "\r\nwhole chunk"
		k.send(fmt.Sprintf("BDAT %d LAST\r\n%s", len(part), part))
		if got := k.line(); !strings.HasPrefix(got, "250") {
			t.Error(got)
		}
		arrived(p, "+33639981000", "whole chunk")
		for _, m := range p.Simulator.Messages("") {
			if strings.Contains(m.Text, "cut off") {
				t.Errorf("%+v", m)
			}
		}
	})
	t.Run("unknown commands", func(t *testing.T) {
		k := newTalk(t, p)
		k.send(strings.Repeat("\x00\xff\xfe\r\n", 100))
		for range 20 {
			if strings.HasPrefix(k.line(), "(") {
				return
			}
		}
		t.Error("the connection goes on")
	})
	t.Run("too many", func(t *testing.T) {
		refused := false
		for range 110 {
			c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.Info.SMTP)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(20 * time.Second))
			head := make([]byte, 3)
			if _, err := c.Read(head); err == nil && bytes.Equal(head, []byte("421")) {
				refused = true
			}
		}
		if !refused {
			t.Error("110 connections from one address are open")
		}
	})
}

// A mail whose 250 got lost comes again.
func TestAMailThatComesAgainIsSentOnce(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		mail := "Message-ID: <1@example.org>\nDate: Mon, 23 Nov 2026 12:00:00 +0000\nSubject: " + fields(p, "+33639981000") + "\n\nonce"
		first := newTalk(t, p).whole(mail)
		again := newTalk(t, p).whole("Received: by another way\n" + mail)
		if !strings.HasPrefix(first, "250") || first != again {
			t.Errorf("%s\n%s", first, again)
		}
		// Another mail, and two without any id, are others.
		newTalk(t, p).whole(strings.Replace(mail, "<1@", "<2@", 1))
		bare := "Subject: " + fields(p, "+33639981000") + "\n\nbare"
		newTalk(t, p).whole(bare)
		newTalk(t, p).whole(bare)
		p.Until("four messages", func() bool { return len(p.Simulator.Messages("+33639981000")) == 4 })
		awaitMail(t, p, "alice@example.org", "1 SMS")
		p.Until("four reports", func() bool { return len(mailbox(t, p, "")) == 4 })
		p.Audit()
	})
}

func TestEmail2SMSKeepsUsersWithinTheirBounds(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		addUser(t, p, "shop", 2)
		subject := fmt.Sprintf("%s:shop:%s:%s:+33639981000:::1:1", p.Info.ServiceName, "password1", p.Info.Sender)
		put(t, p, "/users/shop", object{"password": "password1"})
		mail := func(text string) string { return newTalk(t, p).whole("Subject: " + subject + "\n\n" + text) }
		if got := mail("one") + mail("two"); !strings.Contains(got, "250") {
			t.Error(got)
		}
		if got := mail("three"); !strings.HasPrefix(got, "552 5.2.2 Not enough credits") {
			t.Error(got)
		}
		put(t, p, "/users/shop", object{"ipRestrictions": []string{"192.0.2.7"}})
		if got := mail("four"); !strings.HasPrefix(got, "550 5.7.1 The address 127.0.0.1 is not allowed for the user shop") {
			t.Error(got)
		}
		put(t, p, "/users/shop", object{"ipRestrictions": []string{"127.0.0.0/8"}, "quotaInformations": object{"quotaLeft": 1}})
		if got := mail("five"); !strings.HasPrefix(got, "250") {
			t.Error(got)
		}
		// Ten wrong passwords, and no more are tried for a while.
		subject = strings.Replace(subject, "password1", "password2", 1)
		for range 10 {
			if got := mail("x"); !strings.HasPrefix(got, "550 5.7.8") {
				t.Fatal(got)
			}
		}
		if got := mail("x"); !strings.HasPrefix(got, "451 4.7.0") {
			t.Error(got)
		}
		p.Audit()
	})
}

func TestMailsOfRepliesAndQuotas(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		put(t, p, "", object{"smsResponse": object{"responseType": "none", "trackingOptions": []object{
			{"media": "email", "sender": "reply@shop.example", "target": "owner@shop.example"}, {"media": "email", "sender": "", "target": "second@shop.example"},
		}}})
		p.Post("/keywords", object{"word": "RDV", "email": "rdv@shop.example"}, nil)
		wantStatus(t, p.OVH.Post(p.Path("/keywords"), object{"word": "X", "email": "a@b.example\r\nBcc: c@d.example"}, nil), http.StatusBadRequest)
		wantStatus(t, p.OVH.Put(p.Path(""), object{"smsResponse": object{"trackingOptions": []object{{"media": "email", "sender": "", "target": "nobody"}}}}, nil), http.StatusBadRequest)
		var r sandboxtest.Report
		p.Post("/jobs", object{"message": "Bonjour", "receivers": []string{"+33639981000"}, "senderForResponse": true, "noStopClause": true, "tag": "spring"}, &r)
		p.Await(r.IDs[0], sms.Delivered)
		if err := p.Simulator.Reply("+33639981000", "", "rdv demain\r\nBcc: victim@example.org à 10 h"); err != nil {
			t.Fatal(err)
		}
		m := awaitMail(t, p, "owner@shop.example", "SMS de +33639981000")
		if m.ReplyTo != "reply@shop.example" || !strings.Contains(m.Text, "rdv demain") || !strings.Contains(m.Text, "spring") || strings.Contains(strings.SplitN(m.Source, "\r\n\r\n", 2)[0], "victim") {
			t.Errorf("%+v", m)
		}
		awaitMail(t, p, "second@shop.example", "SMS de")
		if m = awaitMail(t, p, "rdv@shop.example", "SMS de"); m.Kind != sms.MailKeyword {
			t.Errorf("%+v", m)
		}

		// A quota that runs low, in the words of the service's template.
		addUser(t, p, "shop", 10)
		put(t, p, "", object{"templates": object{
			"customizedEmailMode": true, "emailFrom": "credits@shop.example", "emailSubject": "Plus que |REMAINING| !\nX: y", "emailBody": "|USER| : |REMAINING| sur |ALERTTHRESHOLD|, |CREDITSLEFT|",
			"customizedSmsMode": false,
		}})
		put(t, p, "/users/shop", object{"alertThresholdInformations": object{"alertThreshold": 9, "support": "mail", "alertEmail": "boss@shop.example"}})
		p.Post("/users/shop/jobs", object{"message": "x", "receivers": []string{"+33639981001"}, "sender": p.Info.Sender, "noStopClause": true}, nil)
		p.Clock.Advance(time.Minute)
		m = awaitMail(t, p, "boss@shop.example", "Plus que 9 ! X: y")
		if m.ReplyTo != "credits@shop.example" || !strings.HasPrefix(m.Text, "shop : 9 sur 9, 999") {
			t.Errorf("%+v", m)
		}
		p.Clock.Advance(time.Minute)
		p.Audit()
		if all := mailbox(t, p, "boss@shop.example"); len(all) != 1 {
			t.Errorf("%d warnings", len(all))
		}
		for _, quota := range []int{20, 9} { // as low as before, once more
			put(t, p, "/users/shop", object{"quotaInformations": object{"quotaLeft": quota}})
			if err := p.App.Billing().Watch(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		p.Until("a second warning", func() bool {
			p.Clock.Advance(time.Second)
			return len(mailbox(t, p, "boss@shop.example")) == 2
		})
	})
}
