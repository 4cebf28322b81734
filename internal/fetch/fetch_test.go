package fetch_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ramier/internal/fetch"
	"ramier/internal/sms"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// names is a name server.
type names map[string][]string

// resolver asks it, over a stream.
func (n names) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go n.serve(ours)
		return theirs, nil
	}}
}

func (n names) serve(c net.Conn) {
	defer c.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		question := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, question); err != nil {
			return
		}
		answer := n.answer(question)
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}

// answer follows RFC 1035, section 4.
func (n names) answer(question []byte) []byte {
	var labels []string
	at := 12
	for question[at] != 0 {
		labels = append(labels, string(question[at+1:at+1+int(question[at])]))
		at += 1 + int(question[at])
	}
	kind := binary.BigEndian.Uint16(question[at+1:])
	addresses, known := n[strings.Join(labels, ".")]
	out := append([]byte{}, question[:at+5]...)
	copy(out[2:], []byte{0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0})
	if !known {
		out[3] = 0x83
	}
	for _, text := range addresses {
		a := netip.MustParseAddr(text)
		if a.Is4() != (kind == 1) || kind != 1 && kind != 28 {
			continue
		}
		out[7]++
		out = append(out, 0xc0, 12, 0, byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(a.BitLen()/8))
		out = append(out, a.AsSlice()...)
	}
	return out
}

// client may call what is named, like "127.0.0.0/8".
func client(t *testing.T, l fetch.Limits, n names, allowed ...string) *fetch.Client {
	t.Helper()
	cfg := fetch.Config{Limits: l, Resolver: n.resolver()}
	for _, text := range allowed {
		target, err := fetch.ParseTarget(text)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Allowed = append(cfg.Allowed, target)
	}
	c := fetch.New(cfg)
	t.Cleanup(c.Close)
	return c
}

// read fetches a document whole.
func read(t *testing.T, c *fetch.Client, address string) (string, error) {
	t.Helper()
	d, err := c.Get(t.Context(), address)
	if err != nil {
		return "", err
	}
	defer d.Close()
	text, err := io.ReadAll(d)
	return string(text), err
}

// refused checks an error of a kind that holds some words.
func refused(t *testing.T, err error, code sms.Code, words ...string) {
	t.Helper()
	if _, ours := errors.AsType[*sms.Error](err); !ours || sms.CodeOf(err) != code {
		t.Fatalf("error %v of code %q, not %q", err, sms.CodeOf(err), code)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q lacks %q", err, w)
		}
	}
}

func server(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func TestAddressesThatAreNotCalled(t *testing.T) {
	// Go takes numbers of other forms for no names; where it would ask somebody, what comes out is looked at.
	n := names{
		"localhost": {"127.0.0.1"}, "inside.test": {"127.0.0.1"}, "inside6.test": {"::1"}, "mapped.test": {"::ffff:10.0.0.1"},
		"0x7f000001":               {"127.0.0.1"},
		"metadata.google.internal": {"169.254.169.254"}, "both.test": {"10.0.0.1", "fd00::1"},
	}
	c := client(t, fetch.Limits{}, n)
	for _, test := range []struct{ address, words string }{
		{"http://127.0.0.1/", "127.0.0.1 is a loopback address"},
		{"http://127.8.9.10:8080/contacts.csv", "loopback"},
		{"https://127.0.0.1/", "loopback"},
		{"http://localhost/", "localhost is at 127.0.0.1"},
		{"http://LOCALHOST:8080/", "loopback"},
		{"http://[::1]:8080/", "loopback"},
		{"http://[::ffff:127.0.0.1]/", "loopback"},
		{"http://[::ffff:7f00:1]/", "loopback"},
		{"http://①②⑦.⓪.⓪.①/", "loopback"},
		{"http://2130706433/", "there is no host"},
		{"http://127.1/", "there is no host"},
		{"http://0x7f000001/", "loopback"},
		{"http://017700000001/", "there is no host"},
		{"http://inside.test/", "inside.test is at 127.0.0.1, which is a loopback address"},
		{"http://inside6.test/", "inside6.test is at ::1"},
		{"http://mapped.test/", "mapped.test is at 10.0.0.1, which is a private address"},
		{"http://both.test/", "private"},
		{"http://0.0.0.0/", "unspecified"},
		{"http://0/", "there is no host"},
		{"http://[::]/", "unspecified"},
		{"http://10.0.0.1/", "private"},
		{"http://172.31.255.255/", "private"},
		{"http://192.168.1.1/", "private"},
		{"http://[fd00:ec2::254]/", "private"},
		{"http://169.254.169.254/latest/meta-data/", "link-local"},
		{"http://metadata.google.internal/", "link-local"},
		{"http://[fe80::1]/", "link-local"},
		{"http://[fe80::1%25lo]/", "link-local"},
		{"http://100.100.100.200/", "reserved"},
		{"http://168.63.129.16/", "reserved"},
		{"http://192.0.0.192/", "reserved"},
		{"http://198.18.0.1/", "reserved"},
		{"http://[64:ff9b::7f00:1]/", "reserved"},
		{"http://[64:ff9b::808:808]/", "reserved"},
		{"http://[64:ff9b:1::1]/", "reserved"},
		{"http://[2002:7f00:1::]/", "reserved"},
		{"http://[2001:0:7f00:1::]/", "reserved"},
		{"http://[fec0::1]/", "reserved"},
		{"http://224.0.0.1/", "multicast"},
		{"http://[ff02::1]/", "multicast"},
		{"http://255.255.255.255/", "reserved"},
		{"http://example.org@127.0.0.1/", "loopback"},
		{"http://me:secret@127.0.0.1/", "loopback"},
		{"http://127.0.0.1#@example.org/", "loopback"},
		{"http://8.8.8.8:25/", "port 25 belongs to another protocol"},
	} {
		_, err := read(t, c, test.address)
		refused(t, err, sms.Invalid, test.words)
		if !strings.Contains(test.words, "no host") {
			refused(t, err, sms.Invalid, "fetch.allow")
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("a password is told: %v", err)
		}
	}
}

func TestURLsThatAreNone(t *testing.T) {
	c := client(t, fetch.Limits{}, nil)
	for address, words := range map[string]string{
		"":                            "does not begin with http",
		"contacts.csv":                "does not begin with http",
		"ftp://example.org/c.csv":     "ftp://example.org/c.csv",
		"file:///etc/passwd":          "does not begin with http",
		"gopher://127.0.0.1:6379/_x":  "does not begin with http",
		"javascript:alert(1)":         "does not begin with http",
		"http://":                     "names no host",
		"http:///contacts.csv":        "names no host",
		"http://example.org:0/":       "port",
		"http://example.org:99999/":   "port",
		"http://me:pass word@host:x/": "cannot be read as a URL",
		"http://exa\nmple.org/":       "cannot be read as a URL",
		"http://example.org/" + strings.Repeat("x", 3000): "more than 2048 bytes",
	} {
		_, err := read(t, c, address)
		refused(t, err, sms.Invalid, words, "give a URL like https://example.org/contacts.csv")
		if strings.Contains(err.Error(), "pass word") || len(err.Error()) > 500 {
			t.Errorf("%q", err)
		}
	}
	_, err := read(t, c, "http://nowhere.test/contacts.csv")
	refused(t, err, sms.Invalid, "http://nowhere.test/contacts.csv", "there is no host nowhere.test")
}

func TestADocumentIsRead(t *testing.T) {
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/plain?x=1", http.StatusFound)
		case "/packed":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			io.WriteString(z, "numero\n0612345678\n")
			z.Close()
		default:
			if r.Header.Get("User-Agent") != "Ramier" || r.Header.Get("Accept-Encoding") != "gzip" {
				t.Errorf("asked with %v", r.Header)
			}
			io.WriteString(w, "numero\n0612345678\n")
		}
	})
	c := client(t, fetch.Limits{}, nil, "127.0.0.0/8")
	for _, path := range []string{"/plain", "/moved", "/packed"} {
		if text, err := read(t, c, s.URL+path); err != nil || text != "numero\n0612345678\n" {
			t.Errorf("%s: %q, %v", path, text, err)
		}
	}
	d, err := c.Get(t.Context(), s.URL+"/moved")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if d.URL != s.URL+"/plain?x=1" {
		t.Errorf("it is said to come from %s", d.URL)
	}
}

func TestATrustedNameMayBeAnywhereAndNoProxyIsUsed(t *testing.T) {
	proxy := server(t, func(http.ResponseWriter, *http.Request) { t.Error("the proxy of the environment was used") })
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "ALL_PROXY"} {
		t.Setenv(name, proxy.URL)
	}
	s := server(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Host) })
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	n := names{"lists.test": {"127.0.0.1"}, "other.test": {"127.0.0.1"}}
	c := client(t, fetch.Limits{}, n, "lists.test:"+port)
	if text, err := read(t, c, "http://lists.test:"+port+"/"); err != nil || text != "lists.test:"+port {
		t.Errorf("%q, %v", text, err)
	}
	_, err := read(t, c, "http://other.test:"+port+"/")
	refused(t, err, sms.Invalid, "other.test is at 127.0.0.1")
}

func TestRedirects(t *testing.T) {
	secret := ""
	other := server(t, func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"Authorization", "Referer", "Cookie"} {
			if value := r.Header.Get(name); value != "" {
				secret += name + ": " + value
			}
		}
		io.WriteString(w, "there")
	})
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
		var n int
		if _, err := fmt.Sscanf(r.URL.Path, "/%d", &n); err == nil && n > 0 {
			http.Redirect(w, r, fmt.Sprintf("/%d", n-1), http.StatusFound)
			return
		}
		if to := r.URL.Query().Get("to"); to != "" {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusTemporaryRedirect)
		}
	})
	c := client(t, fetch.Limits{}, nil, s.Listener.Addr().String(), other.Listener.Addr().String())
	if _, err := read(t, c, s.URL+"/5"); err != nil {
		t.Error(err)
	}
	_, err := read(t, c, s.URL+"/6")
	refused(t, err, sms.Invalid, s.URL+"/6", "redirects more than 5 times")
	_, err = read(t, c.Within(fetch.Limits{Redirects: -1}), s.URL+"/1")
	refused(t, err, sms.Invalid, "302 Found")
	for to, words := range map[string]string{
		"http://127.0.0.2:8080/":                  "127.0.0.2 is a loopback address",
		"http://169.254.169.254/latest/api":       "link-local",
		"//[::1]/":                                "loopback",
		"file:///etc/passwd":                      "does not begin with http",
		"ftp://example.org/":                      "does not begin with http",
		"http://8.8.8.8:22/":                      "port 22",
		"http://" + strings.Repeat("x", 3000):     "more than 2048 bytes",
		s.URL + "/?to=" + "http://10.0.0.1/admin": "10.0.0.1 is a private address",
	} {
		_, err := read(t, c, s.URL+"/?to="+to)
		refused(t, err, sms.Invalid, s.URL, words)
	}
	at := strings.Replace(s.URL, "http://", "http://me:secret@", 1)
	if text, err := read(t, c, at+"/?to="+other.URL); err != nil || text != "there" || secret != "" {
		t.Errorf("%q, %v; told to the next host: %s", text, err, secret)
	}
}

func TestWhatIsTooLongOrTooSlow(t *testing.T) {
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		line := bytes.Repeat([]byte("0612345678\n"), 100)
		switch r.URL.Path {
		case "/endless":
			for {
				if _, err := w.Write(line); err != nil {
					return
				}
			}
		case "/long":
			w.Header().Set("Content-Length", "1000000")
			w.WriteHeader(http.StatusOK)
		case "/exact":
			w.Write(bytes.Repeat([]byte("x"), 1<<16))
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			for range 100 {
				z.Write(make([]byte, 1<<14))
			}
			z.Close()
		case "/silent":
			<-r.Context().Done()
		case "/slow":
			w.Write(line)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}
	})
	c := client(t, fetch.Limits{Size: 1 << 16, Expanded: 1 << 20}, nil, "127.0.0.1")
	if text, err := read(t, c, s.URL+"/exact"); err != nil || len(text) != 1<<16 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	text, err := read(t, c, s.URL+"/endless")
	refused(t, err, sms.TooLarge, s.URL+"/endless", "more than 64 KiB", "cut it")
	if len(text) != 1<<16 {
		t.Errorf("%d bytes were read", len(text))
	}
	_, err = read(t, c, s.URL+"/long")
	refused(t, err, sms.TooLarge, "more than 64 KiB")
	text, err = read(t, c, s.URL+"/bomb")
	refused(t, err, sms.TooLarge, "decompressed", "more than 1 MiB")
	if len(text) != 1<<20 {
		t.Errorf("%d bytes were read", len(text))
	}
	hasty := c.Within(fetch.Limits{Time: 100 * time.Millisecond})
	_, err = read(t, hasty, s.URL+"/silent")
	refused(t, err, sms.Unavailable, s.URL+"/silent", "within 100ms", "try again")
	_, err = read(t, hasty, s.URL+"/slow")
	refused(t, err, sms.Unavailable, "within 100ms")
	_, err = read(t, client(t, fetch.Limits{Header: 100 * time.Millisecond}, nil, "127.0.0.1"), s.URL+"/silent")
	refused(t, err, sms.Unavailable, "did not answer in time")
}

func TestAnswersThatAreNoDocument(t *testing.T) {
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/gone":
			http.Error(w, "no", http.StatusNotFound)
		case "/broken":
			http.Error(w, "no", http.StatusBadGateway)
		case "/brotli":
			w.Header().Set("Content-Encoding", "br")
			io.WriteString(w, "x")
		case "/unpacked":
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(w, "numero\n0612345678\n")
		case "/half", "/halfpacked":
			c, rw, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			if r.URL.Path == "/half" {
				rw.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nnumero\n")
			} else {
				rw.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00")
			}
			rw.Flush()
			c.Close()
		case "/headers":
			w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
		}
	})
	c := client(t, fetch.Limits{}, nil, "127.0.0.1")
	for path, want := range map[string]struct {
		code  sms.Code
		words string
	}{
		"/gone":       {sms.Invalid, `status "404 Not Found"`},
		"/broken":     {sms.Unavailable, `status "502 Bad Gateway": try again`},
		"/brotli":     {sms.Invalid, `compressed with "br"`},
		"/unpacked":   {sms.Invalid, "said to be compressed"},
		"/half":       {sms.Unavailable, "ended before it was complete"},
		"/halfpacked": {sms.Unavailable, "ended before it was complete"},
		"/headers":    {sms.Unavailable, "does not answer as HTTP servers do"},
	} {
		_, err := read(t, c, s.URL+path)
		refused(t, err, want.code, s.URL+path, want.words)
	}
}

func TestServersThatSpeakSomethingElse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Read(make([]byte, 1000))
			io.WriteString(c, "SSH-2.0-internal_banner\r\n")
			c.Close()
		}
	}()
	c := client(t, fetch.Limits{}, nil, "127.0.0.1")
	_, err = read(t, c, "http://"+l.Addr().String())
	refused(t, err, sms.Unavailable, "http://"+l.Addr().String())
	if strings.Contains(err.Error(), "internal_banner") {
		t.Errorf("what the server says is told: %v", err)
	}
	l.Close()
	_, err = read(t, c, "http://"+l.Addr().String())
	refused(t, err, sms.Unavailable, "there is no connection to the server")
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	_, err = read(t, c, s.URL)
	refused(t, err, sms.Invalid, "certificate is not trusted")
}

func TestACallThatIsGivenUp(t *testing.T) {
	s := server(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := client(t, fetch.Limits{}, nil, "127.0.0.1").Get(ctx, s.URL); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestACallbackGetsAnyStatusAndABodyThatEnds(t *testing.T) {
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusTeapot)
		w.Write(bytes.Repeat(body, 100))
	})
	c := client(t, fetch.Limits{Size: 250}, nil, "127.0.0.1")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	refused(t, err, sms.TooLarge, "more than 250 bytes")
	if again, err := answer.Body.Read(make([]byte, 1)); again != 0 || err == nil {
		t.Errorf("read on: %d, %v", again, err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusTeapot || len(text) != 250 {
		t.Errorf("status %d, %d bytes", answer.StatusCode, len(text))
	}
}
