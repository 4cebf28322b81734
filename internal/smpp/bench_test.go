package smpp_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"ramier/internal/smpp"
)

// aSubmit is a message of two parts' first, with all that an operator is sent.
func aSubmit() *smpp.SubmitSM {
	return &smpp.SubmitSM{
		Source:             smpp.Address{TON: smpp.TONAlphanumeric, Addr: "Ramier"},
		Dest:               smpp.Address{TON: smpp.TONInternational, NPI: smpp.NPIISDN, Addr: "33612345678"},
		ESMClass:           smpp.ESMUDHI,
		RegisteredDelivery: smpp.RegisterReceipt,
		ValidityPeriod:     "000002000000000R",
		ShortMessage:       append([]byte{5, 0, 3, 7, 2, 1}, strings.Repeat("a", 134)...),
		TLVs:               smpp.TLVs{smpp.Uint16(smpp.TagUserMessageReference, 7), smpp.Uint8(smpp.TagPayloadType, 0)},
	}
}

func aReceipt() *smpp.DeliverSM {
	return &smpp.DeliverSM{
		Source:   smpp.Address{TON: smpp.TONInternational, NPI: smpp.NPIISDN, Addr: "33612345678"},
		Dest:     smpp.Address{TON: smpp.TONAlphanumeric, Addr: "Ramier"},
		ESMClass: smpp.ESMReceipt,
		ShortMessage: []byte("id:0123456789 sub:001 dlvrd:001 submit date:2611230615 " +
			"done date:2611230616 stat:DELIVRD err:000 text:Bonjour"),
		TLVs: smpp.TLVs{smpp.CString(smpp.TagReceiptedMessageID, "0123456789"), smpp.Uint8(smpp.TagMessageState, 2)},
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, p := range []smpp.PDU{aSubmit(), aReceipt(), &smpp.SubmitSMResp{MessageID: "0123456789"}} {
		b.Run(p.Command().String(), func(b *testing.B) {
			b.ReportAllocs()
			var buf []byte
			for b.Loop() {
				buf, _ = smpp.Append(buf[:0], 1, smpp.OK, p)
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, p := range []smpp.PDU{aSubmit(), aReceipt(), &smpp.SubmitSMResp{MessageID: "0123456789"}} {
		frame, _ := smpp.Append(nil, 1, smpp.OK, p)
		b.Run(p.Command().String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _, _ = smpp.Decode(frame)
			}
		})
	}
}

// BenchmarkSession is submit_sm and its answer over loopback TCP, both ends here.
func BenchmarkSession(b *testing.B) {
	for _, window := range []int{10, 64, 256} {
		b.Run(fmt.Sprintf("window=%d", window), func(b *testing.B) {
			srv := &smpp.Server{Bind: func(context.Context, net.Addr, smpp.Bind) (smpp.Settings, smpp.Status) {
				return smpp.Settings{Handler: func(_ *smpp.Session, _ smpp.PDU, respond func(smpp.Status, smpp.PDU)) {
					respond(smpp.OK, &smpp.SubmitSMResp{MessageID: "0123456789"})
				}}, smpp.OK
			}}
			s := serveAndDial(b, srv, smpp.Config{Settings: smpp.Settings{Window: window}})
			p := aSubmit()
			var wait sync.WaitGroup
			b.ReportAllocs()
			for b.Loop() {
				wait.Add(1)
				s.Send(b.Context(), p, func(a smpp.Answer) {
					if a.Err != nil || a.Status != smpp.OK {
						b.Error(a)
					}
					wait.Done()
				})
			}
			wait.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "submits/s")
		})
	}
}

// serveAndDial runs srv on loopback and binds to it; the test's end ends both.
func serveAndDial(t testing.TB, srv *smpp.Server, cfg smpp.Config) *smpp.Session {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	cfg.Address = l.Addr().String()
	s, err := smpp.Dial(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		if err := srv.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-served; err != smpp.ErrServerClosed {
			t.Error(err)
		}
	})
	return s
}
