package smppc_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"ramier/internal/carrier/smppc"
	"ramier/internal/sms"
)

// certificate makes one for smsc.example that signs itself, and gives its PEM.
func certificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"smsc.example"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// This one is over a real connection.
func TestTLS(t *testing.T) {
	cert, authority := certificate(t)
	for name, c := range map[string]struct {
		change func(s *sms.CarrierSettings)
		most   uint16 // version of TLS that the operator speaks
		fault  string
	}{
		"trusted":          {func(*sms.CarrierSettings) {}, tls.VersionTLS13, ""},
		"TLS 1.2":          {func(*sms.CarrierSettings) {}, tls.VersionTLS12, ""},
		"TLS 1.1":          {func(*sms.CarrierSettings) {}, tls.VersionTLS11, "protocol version"},
		"unknown":          {func(s *sms.CarrierSettings) { s.TLSCA = "" }, tls.VersionTLS13, "unknown authority"},
		"another name":     {func(s *sms.CarrierSettings) { s.TLSServerName = "other.example" }, tls.VersionTLS13, "other.example"},
		"not a PEM":        {func(s *sms.CarrierSettings) { s.TLSCA = "x" }, tls.VersionTLS13, "PEM"},
		"name by the host": {func(s *sms.CarrierSettings) { s.TLSServerName = "" }, tls.VersionTLS13, "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, MaxVersion: c.most})
			if err != nil {
				t.Fatal(err)
			}
			o := newSMSC(t)
			s := settings()
			s.Host, s.Port = "127.0.0.1", l.Addr().(*net.TCPAddr).Port
			s.TLS, s.TLSServerName, s.TLSCA = true, "smsc.example", authority
			c.change(&s)
			awake := make(chan struct{}, 1)
			failed := make(chan struct{}, 1)
			k := smppc.New(carrierOf(s), sms.Inbox{Wake: func() { awake <- struct{}{} }}, smppc.Options{Random: func() float64 {
				failed <- struct{}{} // a pause is drawn after a failure
				return 0
			}})
			ctx, cancel := context.WithCancel(t.Context())
			var running sync.WaitGroup
			running.Go(func() { _ = o.server.Serve(l) })
			running.Go(func() { k.Run(ctx) })
			if c.fault == "" {
				<-awake
				answered := make(chan sms.Answer, 1)
				k.Submit(ctx, message(1, "a"), func(a sms.Answer) { answered <- a })
				if a := <-answered; a.State != sms.Sent {
					t.Errorf("%+v", a)
				}
			} else {
				<-failed
				if fault := k.Status().LastError; !strings.Contains(fault, c.fault) {
					t.Errorf("%q, want %q in it", fault, c.fault)
				}
			}
			cancel()
			o.close()
			running.Wait()
		})
	}
}
