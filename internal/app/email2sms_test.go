package app_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"ramier/internal/app/apptest"
	"ramier/internal/auth"
	"ramier/internal/config"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// deliver gives a mail to a server and returns the answer, or nothing if there was none. sent is called when all is sent.
func deliver(t *testing.T, address, mail string, sent func()) string {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		return ""
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	r := bufio.NewReader(c)
	for _, line := range []string{"", "HELO x", "MAIL FROM:<a@example.org>", "RCPT TO:<email2sms@sms.example.org>", "DATA"} {
		if line != "" {
			fmt.Fprintf(c, "%s\r\n", line)
		}
		if _, err := r.ReadString('\n'); err != nil {
			return ""
		}
	}
	fmt.Fprintf(c, "%s\r\n.\r\n", mail)
	sent()
	answer, _ := r.ReadString('\n')
	return answer
}

// The server is killed at some moment between the end of a mail and its 250. The client, which has no answer, sends it again.
func TestAMailThatIsCutOffByACrashIsSentOnce(t *testing.T) {
	const mails = 12
	for _, database := range storetest.Databases {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			free, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			address := free.Addr().String()
			_ = free.Close()
			p := apptest.New(t, apptest.Options{Database: database, Config: func(c *config.Config) {
				c.Email2SMS.Listen, c.Email2SMS.Domains, c.Email2SMS.Hostname = address, []string{"sms.example.org"}, "sms.example.org"
			}})
			p.Store(func(s *store.Store) {
				u := sms.User{ServiceID: p.Shop.Service.ID, Login: "bob", PasswordHash: auth.HashRounds("password", 1000), CreatedAt: storetest.Noon}
				if err := s.AddUser(t.Context(), &u); err != nil {
					t.Fatal(err)
				}
			})
			n := p.Nodes[0]
			n.Start()
			n.Ready()
			answered := 0
			for i := range mails {
				mail := fmt.Sprintf("Message-ID: <%d@example.org>\r\nSubject: %s:bob:password:Ramier:+336399810%02d:::1:1\r\n\r\nmail %d", i, p.Shop.Service.Name, i, i)
				after := time.Duration(rand.IntN(12_000)) * time.Microsecond
				killed := make(chan struct{})
				if deliver(t, address, mail, func() {
					time.AfterFunc(after, func() {
						n.Kill()
						close(killed)
					})
				}) != "" {
					answered++
				}
				<-killed
				n.Start()
				n.Ready()
				if got := deliver(t, address, mail, func() {}); !strings.HasPrefix(got, "250 2.0.0 1 message") {
					t.Fatalf("mail %d: %q", i, got)
				}
			}
			t.Logf("%d of %d were answered before the end", answered, mails)
			p.Settle()
			n.Stop()
			p.Store(func(s *store.Store) {
				ids, err := s.Outgoing(t.Context(), p.Shop.Service.ID, store.Filter{})
				if err != nil || len(ids) != mails {
					t.Errorf("%d messages of %d mails, %v", len(ids), mails, err)
				}
			})
		})
	}
}
