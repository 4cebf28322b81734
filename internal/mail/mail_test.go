package mail_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"ramier/internal/clock"
	"ramier/internal/mail"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// server is a mail server that notes what it takes.
type server struct {
	mu     sync.Mutex
	taken  []string // whole mails
	to     []string
	refuse map[string]*smtp.SMTPError // by receiver
	port   int
	users  []string
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{refuse: map[string]*smtp.SMTPError{}}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	v := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &peer{s: s}, nil }))
	v.Domain, v.AllowInsecureAuth = "mx.example.org", true
	served := make(chan error, 1)
	go func() { served <- v.Serve(l) }()
	t.Cleanup(func() {
		_ = v.Close()
		<-served
	})
	return s
}

func (s *server) mails() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.taken)
}

// peer is one client of it.
type peer struct {
	s  *server
	to string
}

func (p *peer) AuthMechanisms() []string { return []string{sasl.Plain} }
func (p *peer) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		p.s.mu.Lock()
		defer p.s.mu.Unlock()
		p.s.users = append(p.s.users, user+":"+password)
		return nil
	}), nil
}
func (p *peer) Reset()                               {}
func (p *peer) Logout() error                        { return nil }
func (p *peer) Mail(string, *smtp.MailOptions) error { return nil }
func (p *peer) Rcpt(to string, _ *smtp.RcptOptions) error {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.to = to
	if no := p.s.refuse[to]; no != nil {
		return no
	}
	return nil
}

func (p *peer) Data(r io.Reader) error {
	all, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.s.taken, p.s.to = append(p.s.taken, string(all)), append(p.s.to, p.to)
	return nil
}

func transport(t *testing.T, s *server) *mail.SMTP {
	t.Helper()
	tr, err := mail.NewSMTP(mail.Server{Host: "127.0.0.1", Port: s.port, Security: mail.Plain, From: "Shop <sms@shop.example>", Hello: "shop.example"})
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// sender starts one over a store; it ends with the test.
func sender(t *testing.T, s *store.Store, c *clock.Clock, tr mail.Transport) *mail.Sender {
	t.Helper()
	return observed(t, s, c, tr, nil)
}

func observed(t *testing.T, s *store.Store, c *clock.Clock, tr mail.Transport, observe func(kind, result string)) *mail.Sender {
	t.Helper()
	m := mail.New(mail.Config{Store: s, Clock: c, Transport: tr, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Observe: observe})
	m.Start(t.Context())
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		m.Stop(ctx)
	})
	return m
}

// settled waits until so many mails are in a state.
func settled(t *testing.T, s *store.Store, state string, n int) (all []sms.Mail) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range 4000 {
		var err error
		if all, err = s.Mails(t.Context(), state, 1000); err != nil {
			t.Fatal(err)
		}
		if len(all) == n {
			return all
		}
		<-tick.C
	}
	t.Fatalf("%d mails are %s, want %d", len(all), state, n)
	return nil
}

func owed(to, key string) sms.Mail {
	return sms.Mail{ServiceID: 1, Kind: sms.MailReport, To: to, Subject: "Été\r\nBcc: victim@example.org", Text: "Bonjour é\n.\nfin\n", Key: key, CreatedAt: storetest.Noon}.Fit()
}

func TestMailsAreSentOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		v, c := newServer(t), clock.At(storetest.Noon)
		if err := s.AddMail(t.Context(), owed("a@example.org", "k")); sms.CodeOf(err) != sms.Unavailable {
			t.Error("a mail is owed that nobody sends: ", err)
		}
		sender(t, s, c, transport(t, v))
		for range 3 { // the key lets one through
			if err := s.AddMail(t.Context(), owed("a@example.org", "k")); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 60 {
			if err := s.AddMail(t.Context(), owed(fmt.Sprintf("b%d@example.org", i), "")); err != nil {
				t.Fatal(err)
			}
		}
		settled(t, s, sms.DeliveryDelivered, 61)
		all := v.mails()
		if len(all) != 61 {
			t.Errorf("%d mails", len(all))
		}
		head, body, _ := strings.Cut(all[0], "\r\n\r\n")
		for _, want := range []string{"Subject: =?UTF-8?q?=C3=89t=C3=A9_Bcc:_victim@example.org?=", `From: "Shop" <sms@shop.example>`, "To: <", "Auto-Submitted: auto-generated", "Date: Mon, 23 Nov 2026 12:00:00 +0000", "Message-ID: <"} {
			if !strings.Contains(head, want) {
				t.Errorf("the header has no %q:\n%s", want, head)
			}
		}
		if strings.Contains(head, "\nBcc") || !strings.Contains(body, "Bonjour =C3=A9") {
			t.Error(all[0])
		}
	})
}

func TestMailsAreTriedAgainAndGivenUp(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		v, c := newServer(t), clock.At(storetest.Noon)
		v.refuse["nobody@example.org"] = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
		v.refuse["later@example.org"] = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 2, 0}, Message: "greylisted"}
		v.refuse["never@example.org"] = v.refuse["later@example.org"]
		var retries atomic.Int64
		observed(t, s, c, transport(t, v), func(_, result string) {
			if result == "retry" {
				retries.Add(1)
			}
		})
		for _, to := range []string{"nobody", "later", "never", "good"} {
			if err := s.AddMail(t.Context(), owed(to+"@example.org", "")); err != nil {
				t.Fatal(err)
			}
		}
		settled(t, s, sms.DeliveryDelivered, 1)
		failed := settled(t, s, sms.DeliveryFailed, 1)
		if failed[0].To != "nobody@example.org" || !strings.Contains(failed[0].Error, "no such user") {
			t.Errorf("%+v", failed)
		}
		tried := func(n int) {
			t.Helper()
			tick := time.NewTicker(5 * time.Millisecond)
			defer tick.Stop()
			for range 4000 {
				// One mail more than the one that goes on was tried at first.
				if int(retries.Load()) == n+1 {
					return
				}
				<-tick.C
			}
			t.Fatalf("attempt %d was not made", n)
		}
		tried(1)
		v.mu.Lock()
		delete(v.refuse, "later@example.org")
		v.mu.Unlock()
		c.Advance(time.Minute)
		settled(t, s, sms.DeliveryDelivered, 2)
		for n := 3; n <= 12; n++ {
			tried(n - 1)
			c.Advance(8 * time.Hour)
		}
		tried(12)
		c.Advance(8 * time.Hour)
		if failed = settled(t, s, sms.DeliveryFailed, 2); !strings.Contains(failed[0].Error, "greylisted") {
			t.Errorf("%+v", failed)
		}
		if err := s.DropMails(t.Context(), c.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		settled(t, s, "", 0)
	})
}

// nobody takes mails and never says so.
type hung struct{ begun chan struct{} }

func (h hung) Deliver(ctx context.Context, all []sms.Mail) []error {
	h.begun <- struct{}{}
	<-ctx.Done()
	return slices.Repeat([]error{ctx.Err()}, len(all))
}

// What an ended node had under way another one sends, later.
func TestAMailUnderWayIsTakenUpAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		c, h := clock.At(storetest.Noon), hung{make(chan struct{}, 1)}
		first := sender(t, s, c, h)
		if err := s.AddMail(t.Context(), owed("a@example.org", "")); err != nil {
			t.Fatal(err)
		}
		<-h.begun
		// Nobody else takes it meanwhile.
		if all, err := s.ClaimMails(t.Context(), c.Now(), c.Now().Add(time.Hour), 10); err != nil || len(all) != 0 {
			t.Errorf("%v %v", all, err)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		first.Stop(gone)
		v := newServer(t)
		sender(t, s, c, transport(t, v))
		c.Advance(time.Hour)
		settled(t, s, sms.DeliveryDelivered, 1)
	})
}

func TestTheWayToTheServer(t *testing.T) {
	v := newServer(t)
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	settings := mail.Server{Host: "127.0.0.1", Port: v.port, Security: mail.Plain, From: "sms@shop.example", User: "shop", PasswordFile: file}
	tr, err := mail.NewSMTP(settings)
	if err == nil {
		err = tr.Check(t.Context())
	}
	if err != nil || !slices.Equal(v.users, []string{"shop:secret"}) {
		t.Errorf("%v %q", err, v.users)
	}
	// A server without STARTTLS gets neither a password nor a mail where it is wanted.
	settings.Security = mail.STARTTLS
	if tr, err = mail.NewSMTP(settings); err != nil {
		t.Fatal(err)
	}
	errs := tr.Deliver(t.Context(), []sms.Mail{owed("a@example.org", "")})
	final, _ := errors.AsType[*mail.FinalError](errs[0])
	if errs[0] == nil || final != nil || len(v.mails()) != 0 || len(v.users) != 1 {
		t.Errorf("%v %q", errs, v.users)
	}
	settings.From = "nobody"
	if _, err := mail.NewSMTP(settings); err == nil {
		t.Error("a From that is no address")
	}
}
