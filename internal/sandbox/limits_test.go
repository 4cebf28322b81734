package sandbox_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ovh/go-ovh/ovh"

	"ramier/internal/app"
	"ramier/internal/sandbox"
	"ramier/internal/sandbox/sandboxtest"
	"ramier/internal/smpp"
)

func limited(d app.DoorLimits) func(*sandbox.Options) {
	return func(o *sandbox.Options) { o.Doors = d }
}

// dial opens a connection and writes something.
func dial(t *testing.T, address, text string) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	check(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = io.WriteString(conn, text)
	check(t, err)
	return conn
}

// endsWith reads until the other side closes.
func endsWith(t *testing.T, conn net.Conn) string {
	t.Helper()
	check(t, conn.SetReadDeadline(time.Now().Add(30*time.Second)))
	text, err := io.ReadAll(conn)
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		t.Error("the connection stays open")
	}
	return string(text)
}

func apiHost(p *sandboxtest.Platform) string {
	u, err := url.Parse(p.Info.Endpoint)
	if err != nil {
		panic(err)
	}
	return u.Host
}

// Those who send their headers or bodies slowly are let go, and hold up nobody meanwhile.
func TestSlowPeersAreShed(t *testing.T) {
	p := sandboxtest.Start(t, "", limited(app.DoorLimits{Patience: time.Second}))
	host := apiHost(p)
	var slow []net.Conn
	for _, text := range []string{
		"", "GET /1.0/auth/time HTTP/1.1\r\nHost: x\r\nX-A: ",
		"POST /1.0/sms/x/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
		"POST /1.0/sms/x/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{",
		"POST /1.0/sms/x/jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
		"POST /cgi-bin/sms/http2sms.cgi HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\na=",
		"POST /signIn/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\na=",
	} {
		for range 20 {
			slow = append(slow, dial(t, host, text))
		}
	}
	p.Send("Bonjour", []string{handset})
	for _, conn := range slow {
		endsWith(t, conn)
	}
	// One who is slow and goes on is served.
	steady := dial(t, host, "POST /1.0/sms/x/jobs HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 524288\r\n\r\n")
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for range 8 {
		<-tick.C
		_, err := io.WriteString(steady, strings.Repeat(" ", 65536))
		check(t, err)
	}
	if got := endsWith(t, steady); !strings.HasPrefix(got, "HTTP/1.1 401 ") {
		t.Errorf("%.100q", got)
	}
	// A request that takes longer than the patience goes on: the deadline of its body is over.
	big := dial(t, host, "GET /1.0/auth/time HTTP/1.1\r\nHost: x\r\n"+strings.Repeat("X-Filler: "+strings.Repeat("y", 1000)+"\r\n", 80)+"\r\n")
	if got := endsWith(t, big); !strings.HasPrefix(got, "HTTP/1.1 431 ") {
		t.Errorf("80 kB of headers: %.100q", got)
	}
	// SMPP: half open, half a PDU, and one who never reads.
	half := []net.Conn{dial(t, p.Info.SMPP, ""), dial(t, p.Info.SMPP, "\x00\x00\x00\x20\x00\x00")}
	e := mustBind(t, p)
	for _, conn := range half {
		endsWith(t, conn)
	}
	e.send(aMessage("Encore là"))
}

// A client over SMPP that asks and never reads the answers is let go; the others do not notice.
func TestAClientThatNeverReadsIsShed(t *testing.T) {
	p := sandboxtest.Start(t, "", limited(app.DoorLimits{Patience: time.Second}))
	conn := dial(t, p.Info.SMPP, "")
	check(t, conn.(*net.TCPConn).SetReadBuffer(4096))
	frame, err := smpp.Append(nil, 1, 0, &smpp.Bind{Mode: smpp.Transceiver, SystemID: p.Info.SMPPSystemID, Password: p.Info.SMPPPassword, InterfaceVersion: smpp.Version})
	check(t, err)
	_, err = conn.Write(frame)
	check(t, err)
	enquire, err := smpp.Append(nil, 2, 0, &smpp.EnquireLink{})
	check(t, err)
	many := []byte(strings.Repeat(string(enquire), 10_000))
	check(t, conn.SetWriteDeadline(time.Now().Add(time.Minute)))
	for err == nil {
		_, err = conn.Write(many)
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		t.Error("it is still bound")
	}
	mustBind(t, p).send(aMessage("Bonjour"))
}

// raw sends one request over a connection of its own that stays open.
func raw(t *testing.T, host, target string) (net.Conn, *http.Response, string) {
	t.Helper()
	conn := dial(t, host, "GET "+target+" HTTP/1.1\r\nHost: "+host+"\r\n\r\n")
	check(t, conn.SetReadDeadline(time.Now().Add(30*time.Second)))
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	check(t, err)
	body, err := io.ReadAll(answer.Body)
	check(t, err)
	return conn, answer, string(body)
}

func TestConnectionsAreLimited(t *testing.T) {
	p := sandboxtest.Start(t, "", limited(app.DoorLimits{Connections: 8, AddressConnections: 5, SMPPConnections: 10, SMPPAddress: 3}))
	host := apiHost(p)
	var open []net.Conn
	for range 5 {
		conn, answer, _ := raw(t, host, "/1.0/auth/time")
		if answer.StatusCode != http.StatusOK || answer.Close {
			t.Errorf("%v", answer)
		}
		open = append(open, conn)
	}
	more, answer, body := raw(t, host, "/1.0/auth/time")
	var failure struct{ Class, Message, HTTPCode string }
	check(t, json.Unmarshal([]byte(body), &failure))
	if answer.StatusCode != http.StatusTooManyRequests || answer.Header.Get("Retry-After") == "" || answer.Header.Get("X-Ovh-Queryid") == "" ||
		failure.Class != "Client::TooManyRequests" || failure.HTTPCode != "429 Too Many Requests" {
		t.Errorf("%v %s", answer, body)
	}
	endsWith(t, more)
	more, answer, body = raw(t, host, "/cgi-bin/sms/http2sms.cgi?contentType=text/json")
	if answer.StatusCode != http.StatusOK || !strings.Contains(body, `"status":429`) {
		t.Errorf("%v %s", answer, body)
	}
	endsWith(t, more)
	for _, conn := range open {
		_ = conn.Close()
	}
	p.Until("there is room again", func() bool {
		_, answer, _ := raw(t, host, "/1.0/auth/time")
		return answer.StatusCode == http.StatusOK
	})
	for range 3 {
		open = append(open, dial(t, p.Info.SMPP, ""))
	}
	endsWith(t, dial(t, p.Info.SMPP, "")) // the fourth
	for _, conn := range open {
		_ = conn.Close()
	}
	p.Until("one can bind again", func() bool { e, err := bind(t, p); return err == nil && e.Unbind(t.Context()) == nil })
}

func code(err error) int {
	if e, ok := errors.AsType[*ovh.APIError](err); ok {
		return e.Code
	}
	return 0
}

func TestRatesOfKeysAndAccounts(t *testing.T) {
	rare := 0.001 // so that the second request comes too early, however slow the machine is
	get := func(c *ovh.Client) int { return code(c.Get("/sms", &[]string{})) }
	t.Run("keys", func(t *testing.T) {
		p := sandboxtest.Start(t, "", limited(app.DoorLimits{KeyRate: rare}))
		second := p.Client(p.Token()) // the operator's one
		for i, c := range []*ovh.Client{p.OVH, second, p.Other} {
			if first, again := get(c), get(c); first != 0 || again != http.StatusTooManyRequests {
				t.Errorf("key %d: %d, then %d", i, first, again)
			}
		}
		p.Clock.Advance(2000 * time.Second)
		if again := get(p.OVH); again != 0 {
			t.Error(again)
		}
	})
	t.Run("accounts", func(t *testing.T) {
		p := sandboxtest.Start(t, "", limited(app.DoorLimits{AccountRate: rare}))
		e := mustBind(t, p)
		second := p.Client(p.Token())
		if a, b, c := get(p.OVH), get(second), get(p.Other); a != 0 || b != http.StatusTooManyRequests || c != 0 {
			t.Errorf("%d with one key, %d with another, %d of another account", a, b, c)
		}
		// All doors count.
		if status, _, text := (cgi{p, t}).get(); status != 429 {
			t.Error(text)
		}
		if _, status := e.submit(aMessage("Bonjour")); status != smpp.Throttled {
			t.Error(status)
		}
		p.Clock.Advance(2000 * time.Second)
		if _, status := e.submit(aMessage("Bonjour")); status != smpp.OK {
			t.Error(status)
		}
		if status, _, text := (cgi{p, t}).get(); status != 429 {
			t.Error(text)
		}
	})
	t.Run("addresses", func(t *testing.T) {
		p := sandboxtest.Start(t, "", limited(app.DoorLimits{AddressRate: rare}))
		for i, want := range []int{http.StatusOK, http.StatusTooManyRequests} {
			if _, answer, body := raw(t, apiHost(p), "/1.0/auth/time"); answer.StatusCode != want {
				t.Error(i, answer.Status, body)
			}
		}
		if status, _, text := (cgi{p, t}).get(); status != 429 {
			t.Error(text)
		}
	})
}

// Who is refused too often is not looked at for a while; who has the right keys is, from elsewhere.
func TestGuessesOfKeysWearOut(t *testing.T) {
	p := sandboxtest.Start(t, "")
	wrong := p.Info.Keys
	wrong.ApplicationKey = "guess"
	guess := p.Client(wrong)
	_, err := guess.Time()
	check(t, err)
	for n := 0; ; n++ {
		err := guess.Get("/sms", nil)
		if code(err) == http.StatusTooManyRequests {
			if n < 1000 {
				t.Errorf("after %d guesses", n)
			}
			break
		}
		if code(err) != http.StatusForbidden {
			t.Fatal(n, err)
		}
	}
	p.Clock.Advance(time.Second)
	var names []string
	check(t, p.OVH.Get("/sms", &names))
}

// One customer with hundreds of connections that are never quiet does not keep another from its turn.
func TestOneCustomerDoesNotStarveAnother(t *testing.T) {
	p := sandboxtest.Start(t, "", limited(app.DoorLimits{AtOnce: 8}))
	var greedy sync.WaitGroup
	var stop atomic.Bool
	var taken, refused atomic.Int64
	wire := &http.Transport{MaxIdleConnsPerHost: 200}
	defer wire.CloseIdleConnections()
	for range 200 {
		c := p.Client(p.Info.Keys)
		c.Client = &http.Client{Transport: wire}
		greedy.Go(func() {
			for !stop.Load() {
				err := c.Post(p.Path("/jobs"), map[string]any{"message": "x", "receivers": []string{handset}, "sender": p.Info.Sender, "noStopClause": true}, nil)
				switch {
				case err == nil:
					taken.Add(1)
				case code(err) == http.StatusTooManyRequests:
					refused.Add(1)
				case !stop.Load():
					t.Error(err)
				}
			}
		})
	}
	p.Until("the first fills its places", func() bool { return refused.Load() > 0 && taken.Load() > 0 })
	e := mustBind(t, p, func(c *smpp.Config) {}) // the same account, over SMPP: it waits for its turn
	for range 3 {
		e.send(aMessage("Aussi"))
	}
	for range 20 {
		var names []string
		check(t, p.Other.Get("/sms", &names))
		check(t, p.Other.Post("/sms/"+p.Info.OtherServiceName+"/jobs/", map[string]any{
			"message": "Bonjour", "receivers": []string{handset}, "sender": p.Info.Sender, "noStopClause": true,
		}, nil))
	}
	stop.Store(true)
	greedy.Wait()
	p.Audit()
}
