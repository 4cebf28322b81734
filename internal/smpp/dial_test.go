package smpp_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"ramier/internal/smpp"
)

func TestDialNobody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, err = smpp.Dial(ctx, smpp.Config{Address: l.Addr().String()})
	if _, refused := errors.AsType[*smpp.RefusedError](err); err == nil || refused {
		t.Errorf("got %v", err)
	}
}

// certificate makes one for 127.0.0.1 that signs itself.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestDialTLS(t *testing.T) {
	cert, pool := certificate(t)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	srv := admitting(smpp.Settings{Handler: accept})
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()

	cfg := smpp.Config{Address: l.Addr().String(), TLS: &tls.Config{RootCAs: pool}, Bind: *aBind}
	s, err := smpp.Dial(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := s.Request(ctx, hello); err != nil || p.(*smpp.SubmitSMResp).MessageID != "7f" {
		t.Errorf("got %v, %v", p, err)
	}
	if err := s.Unbind(ctx); err != nil {
		t.Error(err)
	}
	for name, config := range map[string]*tls.Config{
		"unknown authority": {},
		"TLS 1.1":           {RootCAs: pool, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
	} {
		cfg.TLS = config
		if s, err := smpp.Dial(ctx, cfg); err == nil {
			t.Errorf("%s was accepted: %v", name, s.RemoteAddr())
		}
	}
	if err := srv.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if err := <-served; err != smpp.ErrServerClosed {
		t.Error(err)
	}
	if err := srv.Serve(l); err != smpp.ErrServerClosed {
		t.Error(err)
	}
}

// The tap sees each frame, in both directions and as it was on the wire.
func TestTap(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	tap := func(out bool, frame []byte) {
		h, _, err := smpp.Decode(frame)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, map[bool]string{true: "> ", false: "< "}[out]+h.Command.String())
	}
	s := serveAndDial(t, admitting(smpp.Settings{Handler: accept}), smpp.Config{Bind: *aBind, Settings: smpp.Settings{Tap: tap}})
	if _, err := s.Request(ctx, hello); err != nil {
		t.Error(err)
	}
	if err := s.Unbind(ctx); err != nil {
		t.Error(err)
	}
	mu.Lock()
	defer mu.Unlock()
	want := []string{"> bind_transceiver", "< bind_transceiver_resp", "> submit_sm", "< submit_sm_resp", "> unbind", "< unbind_resp"}
	if len(seen) != len(want) {
		t.Fatalf("saw %q, want %q", seen, want)
	}
	for i := range want {
		if seen[i] != want[i] {
			t.Errorf("saw %q, want %q", seen, want)
		}
	}
}

// A listener that fails for a while, as for want of file descriptors.
type flaky struct {
	net.Listener
	failures int
}

func (f *flaky) Accept() (net.Conn, error) {
	if f.failures--; f.failures >= 0 {
		return nil, errors.New("too many open files")
	}
	return f.Listener.Accept()
}

func TestServeOutlivesFailures(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := admitting(smpp.Settings{})
	served := make(chan error, 1)
	go func() { served <- srv.Serve(&flaky{l, 3}) }()
	s, err := smpp.Dial(ctx, smpp.Config{Address: l.Addr().String(), Bind: *aBind})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	l.Close()
	if err := <-served; !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if err := srv.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}

// After an insane length over TCP the client still gets to read why.
func TestLastWordsArrive(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := admitting(smpp.Settings{})
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(bytes.Repeat([]byte{0xFF}, 1<<20)); err != nil {
		t.Fatal(err)
	}
	r := smpp.NewReader(conn)
	frame, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	if h, p, err := smpp.Decode(frame); err != nil || h.Status != smpp.InvalidCommandLength || p.Command() != smpp.CommandGenericNack {
		t.Errorf("got %+v, %v", h, err)
	}
	conn.Close()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	<-served
}
