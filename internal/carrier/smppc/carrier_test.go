package smppc_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ramier/internal/smpp"
	"ramier/internal/sms"
)

func pairSettings() sms.CarrierSettings {
	s := settings()
	s.BindMode = "transmitterReceiver"
	return s
}

func TestBind(t *testing.T) {
	for name, c := range map[string]struct {
		settings sms.CarrierSettings
		modes    []smpp.BindMode
	}{
		"transceiver": {settings(), []smpp.BindMode{smpp.Transceiver}},
		"pair":        {pairSettings(), []smpp.BindMode{smpp.Receiver, smpp.Transmitter}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newSMSC(t)
				c.settings.SystemType = "sms"
				r := launch(t, c.settings, o)
				var modes []smpp.BindMode
				for _, b := range o.binds {
					modes = append(modes, b.Mode)
					if b.SystemID != "ramier" || b.Password != "secret" || b.SystemType != "sms" || b.InterfaceVersion != 0x34 {
						t.Errorf("bound with %+v", b)
					}
				}
				if !slices.Equal(modes, c.modes) {
					t.Errorf("bound as %v, want %v", modes, c.modes)
				}
				if s := r.Status(); s.State != "connected" || s.Binds != len(c.modes) || s.WindowSize != 10 || r.Room() != 10 {
					t.Errorf("%+v, room for %d", s, r.Room())
				}
				r.send(1, "a")
				r.want(t, sms.Sent)
				if s := r.Status(); s.Sent != 1 || s.WindowUsed != 0 {
					t.Errorf("%+v", s)
				}
				r.stop()
				synctest.Wait()
				if s := r.Status(); s.State != "stopped" || s.LastError != "" || o.count().live != 0 {
					t.Errorf("%+v, %d connections", s, o.count().live)
				}
			})
		})
	}
}

// Half a pair is no carrier: what arrives would have no receipts, or nothing could be sent.
func TestPairBreaksAsOne(t *testing.T) {
	for _, broken := range []smpp.BindMode{smpp.Receiver, smpp.Transmitter} {
		t.Run(broken.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newSMSC(t, reply{after: 3 * time.Second})
				r := launch(t, pairSettings(), o)
				r.send(1, "a")
				synctest.Wait()
				o.session(broken).Close()
				synctest.Wait()
				if r.Room() != 0 || r.Status().State != "connecting" {
					t.Errorf("room for %d, %+v", r.Room(), r.Status())
				}
				r.send(2, "b")
				time.Sleep(10 * time.Second)
				r.send(3, "c")
				first := sms.Sent // its answer was waited for
				if broken == smpp.Transmitter {
					first = sms.InDoubt
				}
				r.want(t, first, sms.Queued, sms.Sent)
				if o.count().binds != 4 || o.count().most != 2 || r.Status().Binds != 2 {
					t.Errorf("%d binds, %d connections at once, %+v", o.count().binds, o.count().most, r.Status())
				}
			})
		})
	}
}

func TestSecondBindOfAPairRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newSMSC(t)
		o.refusals = []smpp.Status{smpp.OK, smpp.BindFailed}
		r := launch(t, pairSettings(), o)
		if s := r.Status(); s.State != "refused" || s.Binds != 0 || r.Room() != 0 || o.count().live != 0 {
			t.Errorf("%+v, room for %d, %d connections", s, r.Room(), o.count().live)
		}
	})
}

func TestReconnect(t *testing.T) {
	for name, lose := range map[string]func(o *smsc){
		"closed":  func(o *smsc) { o.session(smpp.Transceiver).Close() },
		"unbound": func(o *smsc) { _ = o.session(smpp.Transceiver).Unbind(o.t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newSMSC(t)
				r := launch(t, settings(), o)
				for range 3 {
					time.Sleep(24 * time.Hour)
					lose(o)
					synctest.Wait()
					if r.Room() != 0 || r.Status().LastError == "" {
						t.Errorf("room for %d, %+v", r.Room(), r.Status())
					}
					time.Sleep(time.Second)
					synctest.Wait()
				}
				if s := r.Status(); s.State != "connected" || r.Room() != 10 || o.count().most != 1 || o.count().binds != 4 || r.inbox.woken() != 4 {
					t.Errorf("%+v, %d connections at once, %d binds, %d wakes", s, o.count().most, o.count().binds, r.inbox.woken())
				}
			})
		})
	}
}

func TestBackoffWhileNobodyAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newSMSC(t)
		o.down = true
		r := launch(t, settings(), o)
		start := time.Now()
		if s := r.Status(); s.State != "connecting" || s.LastError != "connection refused" {
			t.Errorf("%+v", s)
		}
		time.Sleep(10 * time.Minute)
		o.mu.Lock()
		o.down = false
		o.mu.Unlock()
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		if s := r.Status(); s.State != "connected" || s.Since.Sub(start) > 11*time.Minute {
			t.Errorf("%+v", s)
		}
	})
}

func TestRefusedBind(t *testing.T) {
	for status, c := range map[smpp.Status]struct {
		words string
		pause time.Duration
	}{
		smpp.InvalidPassword: {"ESME_RINVPASWD: the password is wrong", time.Minute},
		smpp.AlreadyBound:    {"ESME_RALYBND", time.Second},
		smpp.Throttled:       {"ESME_RTHROTTLED", time.Second},
		smpp.BindFailed:      {"ESME_RBINDFAIL", time.Second},
		smpp.Status(0x400):   {"0x00000400", time.Second},
	} {
		t.Run(status.Name(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newSMSC(t)
				o.refusals = []smpp.Status{status, status}
				r := launch(t, settings(), o)
				if s := r.Status(); s.State != "refused" || !strings.Contains(s.LastError, c.words) {
					t.Errorf("%+v", s)
				}
				r.send(1, "a")
				time.Sleep(c.pause - time.Millisecond)
				if synctest.Wait(); o.count().binds != 1 {
					t.Errorf("%d binds too early", o.count().binds)
				}
				time.Sleep(3*c.pause + 2*time.Second)
				r.send(2, "b")
				if r.want(t, sms.Queued, sms.Sent); o.count().binds != 3 || o.count().most > 1 {
					t.Errorf("%d binds, %d connections at once", o.count().binds, o.count().most)
				}
			})
		})
	}
}

// An operator that accepts the bind and hangs up is not asked twice a second.
func TestFlappingLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newSMSC(t)
		launch(t, settings(), o)
		for range 6000 {
			for _, s := range o.sessions() {
				s.Close()
			}
			time.Sleep(100 * time.Millisecond)
			synctest.Wait()
		}
		if n := o.count().binds; n > 20 {
			t.Errorf("%d binds in 10 minutes", n)
		}
	})
}

func TestThrottling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newSMSC(t)
		r := launch(t, settings(), o)
		throttle := func(id int64, pause time.Duration) {
			t.Helper()
			o.mu.Lock()
			o.replies = []reply{{status: smpp.Throttled}}
			o.mu.Unlock()
			r.send(id, "a")
			synctest.Wait()
			if r.Room() != 0 {
				t.Errorf("room for %d in a pause", r.Room())
			}
			wakes := r.inbox.woken()
			time.Sleep(pause - time.Millisecond)
			if synctest.Wait(); r.Room() != 0 || r.inbox.woken() != wakes {
				t.Errorf("the pause is shorter than %v", pause)
			}
			r.send(id, "during the pause")
			time.Sleep(time.Millisecond)
			if synctest.Wait(); r.Room() != 10 || r.inbox.woken() != wakes+1 {
				t.Errorf("after %v there is room for %d, and %d wakes", pause, r.Room(), r.inbox.woken()-wakes)
			}
		}
		for i, ms := range []int64{200, 400, 800, 1600, 3200, 5000, 5000} {
			throttle(int64(i), time.Duration(ms)*time.Millisecond)
		}
		if n := o.count().submits; n != 7 {
			t.Errorf("%d messages were sent, want 7: none during a pause", n)
		}
		for range 20 {
			r.send(100, "a")
			synctest.Wait()
		}
		throttle(200, 3200*time.Millisecond) // two levels down
		if s := r.Status(); s.Throttled != 8 || s.Sent != 20 {
			t.Errorf("%+v", s)
		}
	})
}

// The window is refused as a whole: that is one wish to slow down, not ten.
func TestThrottledWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := reply{status: smpp.Throttled, after: time.Second}
		o := newSMSC(t, slices.Repeat([]reply{slow}, 10)...)
		r := launch(t, settings(), o)
		for id := range int64(10) {
			r.send(id, "a")
		}
		if r.Room() != 0 || r.Status().WindowUsed != 10 {
			t.Errorf("room for %d, %+v", r.Room(), r.Status())
		}
		time.Sleep(1200 * time.Millisecond)
		synctest.Wait()
		if r.Room() != 10 {
			t.Errorf("room for %d", r.Room())
		}
		for _, a := range r.answers {
			if pause := a.RetryAt.Sub(a.At); a.State != sms.Queued || pause != 200*time.Millisecond {
				t.Errorf("%s, again after %v", a.State, pause)
			}
		}
	})
}

func TestFullWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newSMSC(t, slices.Repeat([]reply{{after: time.Second}}, 12)...)
		s := settings()
		s.Window = 5
		r := launch(t, s, o)
		start := time.Now()
		r.hand(sms.Outbound{MessageID: 1, Source: "Ramier", Receiver: "+33612345678", Text: strings.Repeat("a", 12*153), Parts: 12})
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("handing over twelve parts took %v, want twice the time of an answer", took)
		}
		if synctest.Wait(); r.Room() != 3 {
			t.Errorf("room for %d, want 3", r.Room())
		}
		time.Sleep(time.Second)
		r.want(t, sms.Sent)
	})
}

// Messages that are in the middle of their parts when the carrier is to stop keep what was accepted.
func TestStopBetweenParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newSMSC(t, slices.Repeat([]reply{{after: time.Second}}, 3)...)
		s := settings()
		s.Window = 1
		r := launch(t, s, o)
		go r.hand(sms.Outbound{MessageID: 1, Source: "Ramier", Receiver: "+33612345678", Text: strings.Repeat("a", 3*153), Parts: 3})
		time.Sleep(1500 * time.Millisecond)
		r.stop()
		r.want(t, sms.Queued)
		if a := r.answers[0]; !slices.Equal(a.Refs, []string{"id-1", "id-2", ""}) {
			t.Errorf("%+v", a)
		}
	})
}

// An operator that does not answer at all cannot hold up a stop for longer than answers may take.
func TestStopWithASilentOperator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newSMSC(t, reply{silent: true}, reply{silent: true})
		r := launch(t, settings(), o)
		r.send(1, "a")
		r.send(2, "b")
		start := time.Now()
		r.stop()
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("took %v", took)
		}
		r.want(t, sms.InDoubt, sms.InDoubt)
	})
}

func TestLateAnswersAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newSMSC(t, reply{after: 12 * time.Second})
		r := launch(t, settings(), o)
		r.send(1, "a")
		time.Sleep(13 * time.Second)
		r.want(t, sms.InDoubt)
		if s := r.Status(); s.Late != 1 {
			t.Errorf("%+v", s)
		}
		o.session(smpp.Transceiver).Close()
		time.Sleep(5 * time.Second)
		if s := r.Status(); s.Late != 1 || s.State != "connected" {
			t.Errorf("%+v", s)
		}
	})
}

func TestIncoming(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newSMSC(t)
		r := launch(t, pairSettings(), o)
		from, to := smpp.Address{TON: 1, NPI: 1, Addr: "33612345678"}, smpp.Address{TON: 3, Addr: "36180"}
		part := append([]byte{5, 0, 3, 9, 2, 1}, "one"...)
		for _, p := range []smpp.PDU{
			&smpp.DeliverSM{Source: from, Dest: to, ShortMessage: []byte("STOP \x00")},
			&smpp.DeliverSM{Source: from, Dest: to, ShortMessage: part, ESMClass: smpp.ESMUDHI},
			&smpp.DataSM{Source: from, Dest: to, DataCoding: 8, TLVs: smpp.TLVs{{Tag: smpp.TagMessagePayload, Value: []byte("\x00\xe9\x00\x00\x27\x13")}}},
			&smpp.DeliverSM{Source: smpp.Address{TON: 5, Addr: "BANK\n"}, Dest: to},
			&smpp.DeliverSM{Source: from, Dest: to, ShortMessage: append([]byte{3, 0x24, 1, 2}, "d\x1bias"...), ESMClass: smpp.ESMUDHI},
			&smpp.DeliverSM{Source: from, Dest: to, ShortMessage: append([]byte{8, 0, 3, 7, 2, 2, 0x25, 1, 3}, "N\x7bo"...), ESMClass: smpp.ESMUDHI},
		} {
			if status := o.request(smpp.Receiver, p); status != smpp.OK {
				t.Errorf("%s", status)
			}
		}
		r.inbox.err = errors.New("the disk is full")
		if status := o.request(smpp.Receiver, &smpp.DeliverSM{Source: from, Dest: to}); status != smpp.ReceiverTemporaryError {
			t.Errorf("answered with %s", status)
		}
		for i, want := range []sms.Incoming{
			{Sender: "+33612345678", Text: "STOP @"},
			{Sender: "+33612345678", Text: "one", Part: sms.IncomingPart{Ref: 9, Total: 2, Place: 1, Octets: []byte("one")}},
			{Sender: "+33612345678", Text: "é\uFFFD✓"},
			{Sender: `BANK\x0A`},
			{Sender: "+33612345678", Text: "días"},
			{Sender: "+33612345678", Text: "Não", Part: sms.IncomingPart{Ref: 7, Total: 2, Place: 2, Coding: 8, Octets: []byte("\x00N\x00\xe3\x00o")}},
			{Sender: "+33612345678"},
		} {
			want.CarrierID, want.Number, want.At = 7, "36180", time.Now()
			if got := r.inbox.incoming[i]; !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		}
	})
}

// An operator that takes Latin-1 for its default alphabet sends it, too.
func TestIncomingInLatin1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := settings()
		s.Charset = "latin1"
		r := launch(t, s, newSMSC(t))
		r.smsc.request(smpp.Transceiver, &smpp.DeliverSM{ShortMessage: []byte("\xe9@")})
		if got := r.inbox.incoming[0].Text; got != "é@" {
			t.Errorf("got %q", got)
		}
	})
}
