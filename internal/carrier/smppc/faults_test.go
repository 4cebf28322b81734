package smppc_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"ramier/internal/carrier/smppc"
	"ramier/internal/smpp"
	"ramier/internal/sms"
)

// A plan is what goes wrong in one run.
type plan struct {
	settings sms.CarrierSettings
	refusals []smpp.Status
	replies  []reply
	cuts     []time.Duration // when the operator closes what is open
	texts    []string
	pauses   []time.Duration // before each message
	stop     time.Duration
}

func drawPlan(t *rapid.T) plan {
	millis := rapid.Map(rapid.IntRange(0, 20_000), func(n int) time.Duration { return time.Duration(n) * time.Millisecond })
	p := plan{settings: settings()}
	p.settings.Window = rapid.IntRange(1, 5).Draw(t, "window")
	p.settings.BindMode = rapid.SampledFrom([]string{"transceiver", "transmitterReceiver"}).Draw(t, "mode")
	p.refusals = rapid.SliceOfN(rapid.SampledFrom([]smpp.Status{smpp.OK, smpp.OK, smpp.AlreadyBound, smpp.InvalidPassword}), 0, 2).Draw(t, "refusals")
	p.cuts = rapid.SliceOfN(millis, 0, 3).Draw(t, "cuts")
	p.stop = rapid.SampledFrom([]time.Duration{time.Minute, 20 * time.Second, 5 * time.Second, time.Second, 0}).Draw(t, "stop")
	n := rapid.IntRange(1, 20).Draw(t, "messages")
	p.pauses = rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 2000), func(n int) time.Duration { return time.Duration(n) * time.Millisecond }), n, n).Draw(t, "pauses")
	p.texts = rapid.SliceOfN(rapid.SampledFrom([]string{"a", strings.Repeat("b", 400), "c", strings.Repeat("d", 200), "\xff"}), n, n).Draw(t, "texts")
	p.replies = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) reply {
		return reply{
			status: rapid.SampledFrom([]smpp.Status{smpp.OK, smpp.OK, smpp.OK, smpp.OK, smpp.InvalidDest, smpp.Throttled, smpp.SystemError}).Draw(t, "status"),
			after:  rapid.SampledFrom([]time.Duration{0, 0, time.Second, 9 * time.Second, 12 * time.Second}).Draw(t, "after"),
			silent: rapid.IntRange(0, 9).Draw(t, "silent") == 0,
			cut:    rapid.IntRange(0, 19).Draw(t, "cut") == 0,
		}
	}), 0, 40).Draw(t, "replies")
	return p
}

// Whatever goes wrong, each message has one answer, before Run returns if it was handed over before; what is said to be
// accepted was, and what is said not to have left did not.
func TestEachMessageHasOneAnswer(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := drawPlan(rt)
		var faults []string
		synctest.Test(t, func(t *testing.T) { faults = p.run(t) })
		if len(faults) > 0 {
			rt.Fatal(strings.Join(faults, "\n"))
		}
	})
}

func (p plan) run(t *testing.T) (faults []string) {
	o := newSMSC(t, p.replies...)
	o.refusals = p.refusals
	r := &rig{smsc: o, inbox: &inbox{}}
	r.Carrier = smppc.New(carrierOf(p.settings), r.inbox.port(), options(o))
	ctx, cancel := context.WithCancel(t.Context())
	var running, submitting sync.WaitGroup
	running.Go(func() { r.Run(ctx) })
	for _, at := range p.cuts {
		running.Go(func() {
			time.Sleep(at)
			for _, s := range o.sessions() {
				s.Close()
			}
		})
	}
	submitting.Go(func() {
		for i, text := range p.texts {
			time.Sleep(p.pauses[i])
			submitting.Go(func() { r.send(int64(i+1), text) })
		}
	})
	time.Sleep(p.stop)
	cancel()
	running.Wait()
	submitting.Wait()
	o.close()
	states := r.states()
	if len(states) != len(p.texts) {
		faults = append(faults, fmt.Sprintf("%d answers to %d messages: %v", len(states), len(p.texts), states))
	}
	if s := r.Status(); s.State != "stopped" || s.WindowUsed != 0 || r.Room() != 0 || o.count().live != 0 {
		faults = append(faults, fmt.Sprintf("after the end: %+v, room for %d, %d connections", s, r.Room(), o.count().live))
	}
	refs, open := 0, 0
	for _, a := range r.answers {
		for _, ref := range a.Refs {
			if ref != "" {
				refs++
			} else if a.State == sms.Sent {
				faults = append(faults, fmt.Sprintf("sent without a part: %+v", a))
			}
		}
		if a.State == sms.InDoubt || a.State == sms.Failed {
			open += len(a.Refs)
		}
	}
	if refs > o.accepted || refs+open < o.accepted {
		faults = append(faults, fmt.Sprintf("%d references and %d in doubt of %d that were accepted", refs, open, o.accepted))
	}
	return faults
}

// The validity leaves as a span: the operator's clock does not matter.
func TestValidityOnTheWire(t *testing.T) {
	for left, want := range map[time.Duration]string{
		0:                     "",
		time.Millisecond:      "000000000001000R",
		48 * time.Hour:        "000002000000000R",
		40 * 24 * time.Hour:   "000210000000000+",
		90*time.Second + 1000: "000000000131000R",
	} {
		synctest.Test(t, func(t *testing.T) {
			o := newSMSC(t)
			r := launch(t, settings(), o)
			m := message(1, "a")
			if left > 0 {
				m.Expires = time.Now().Add(left)
			}
			r.hand(m)
			r.want(t, sms.Sent)
			if got := o.submits[0].ValidityPeriod; got != want {
				t.Errorf("%v: got %q, want %q", left, got, want)
			}
		})
	}
}

// frame is a PDU as octets.
func frame(t *testing.T, seq uint32, p smpp.PDU) []byte {
	t.Helper()
	b, err := smpp.Append(nil, seq, smpp.OK, p)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Whatever an operator sends, the carrier survives it, and stops when it is told to.
func TestHostileOperator(t *testing.T) {
	bound := frame(t, 1, &smpp.BindResp{Mode: smpp.Transceiver, SystemID: "x"})
	broken := frame(t, 1, &smpp.DeliverSM{ShortMessage: []byte("id:1 stat:DELIVRD"), ESMClass: smpp.ESMReceipt})
	huge := binary.BigEndian.AppendUint32(nil, 1<<31)
	for name, octets := range map[string][]byte{
		"no bind answer":       broken,
		"huge length":          append(bytes.Clone(bound), huge...),
		"cut in a PDU":         append(bytes.Clone(bound), broken[:20]...),
		"answers to nothing":   append(bytes.Clone(bound), frame(t, 9, &smpp.SubmitSMResp{MessageID: "1"})...),
		"a bind":               append(bytes.Clone(bound), frame(t, 2, &smpp.Bind{Mode: smpp.Transceiver})...),
		"an outbind":           append(frame(t, 7, &smpp.Outbind{SystemID: "x"}), bound...),
		"a header of nothing":  append(bytes.Clone(bound), frame(t, 2, &smpp.DeliverSM{ESMClass: smpp.ESMUDHI | smpp.ESMReceipt})...),
		"a lying text header":  append(bytes.Clone(bound), frame(t, 2, &smpp.DeliverSM{ESMClass: smpp.ESMUDHI, ShortMessage: []byte{200, 0}})...),
		"an alert":             append(bytes.Clone(bound), frame(t, 2, &smpp.AlertNotification{})...),
		"an unknown parameter": append(bytes.Clone(bound), frame(t, 2, &smpp.DeliverSM{ESMClass: smpp.ESMReceipt, TLVs: smpp.TLVs{{Tag: 0x0427}, {Tag: 0x1401, Value: []byte{0xff}}}})...),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				var running sync.WaitGroup
				dial := func(context.Context, string, string) (net.Conn, error) {
					ours, theirs := net.Pipe()
					running.Go(func() {
						defer ours.Close()
						go func() {
							for b := make([]byte, 4096); ; {
								if _, err := ours.Read(b); err != nil {
									return
								}
							}
						}()
						_, _ = ours.Write(octets)
						time.Sleep(time.Minute)
					})
					return theirs, nil
				}
				c := smppc.New(carrierOf(settings()), (&inbox{}).port(), smppc.Options{Dial: dial})
				running.Go(func() { c.Run(ctx) })
				for range 20 {
					time.Sleep(time.Second)
					c.Submit(ctx, message(1, "a"), func(sms.Answer) {})
				}
				cancel()
				running.Wait()
			})
		})
	}
}

// Neither texts nor whole numbers are logged.
func TestLogsTellNoSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		o := newSMSC(t, reply{status: smpp.InvalidDest}, reply{cut: true})
		opts := options(o)
		opts.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		b := &inbox{}
		c := smppc.New(carrierOf(settings()), b.port(), opts)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { c.Run(ctx) })
		synctest.Wait()
		p := &smpp.DeliverSM{Source: smpp.Address{TON: 1, NPI: 1, Addr: "33612345678"}, ESMClass: smpp.ESMReceipt, ShortMessage: []byte("confidential")}
		o.request(smpp.Transceiver, p)
		b.err = context.Canceled
		o.request(smpp.Transceiver, p)
		for id := range int64(2) {
			c.Submit(ctx, message(id, "confidential"), func(sms.Answer) {})
			synctest.Wait()
		}
		cancel()
		running.Wait()
		o.close()
		for _, secret := range []string{"confidential", "33612345678", "secret"} {
			if strings.Contains(log.String(), secret) {
				t.Errorf("%q is in the log:\n%s", secret, log.String())
			}
		}
		if !strings.Contains(log.String(), "********5678") {
			t.Errorf("a receipt without a reference is not in the log:\n%s", log.String())
		}
	})
}
