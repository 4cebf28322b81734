package dispatch_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// rich gives the shop what the campaigns of these tests cost.
func (w *world) rich() {
	w.t.Helper()
	_, err := w.s.Grant(w.t.Context(), w.shop.Service.ID, 1_000_000*sms.Credit, "test", w.clock.Now())
	w.must(err)
}

// campaign accepts n messages of the lane medium.
func (w *world) campaign(n int) {
	w.t.Helper()
	for begin := 0; begin < n; begin += 5000 {
		receivers := make([]string, min(5000, n-begin))
		for i := range receivers {
			receivers[i] = fmt.Sprintf("+336%08d", begin+i)
		}
		o := storetest.Order("campaign", receivers...)
		o.Priority, o.Validity = sms.Medium, sms.MaxValidity
		w.accept(o)
	}
}

func (w *world) alarm(text string) int64 {
	w.t.Helper()
	o := storetest.Order(text, bob)
	o.Priority = sms.High
	return w.accept(o)
}

// TestHighDuringACampaign computes over a minute of simulated time how long alarms wait while 100,000 messages do.
func TestHighDuringACampaign(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := storetest.Open(t, storetest.URL(t, "sqlite"))
		w := newWorld(t, s, nil)
		w.rich()
		w.change(func(c *sms.Carrier) { c.Settings.Rate = 50 })
		w.campaign(20_000)
		sent := map[string]time.Time{}
		var waits []time.Duration
		w.make = func(p *port) {
			p.reply = func(m sms.Outbound, _ int) sms.Answer {
				if began, ok := sent[m.Text]; ok {
					waits = append(waits, time.Since(began))
				}
				return sms.Answer{State: sms.Sent, Refs: []string{fmt.Sprint(m.MessageID)}, PTT: sms.PTTAccepted}
			}
		}
		w.start()
		time.Sleep(5 * time.Second)
		for i := range 150 {
			text := fmt.Sprint("alarm ", i)
			w.port().set(func() { sent[text] = time.Now() })
			w.alarm(text)
			time.Sleep(time.Duration(100+(i*37)%200) * time.Millisecond) // 5 a second, a tenth of the rate
		}
		time.Sleep(5 * time.Second)
		w.port().set(func() { waits = slices.Clone(waits) })
		slices.Sort(waits)
		if len(waits) != 150 || waits[148] > 100*time.Millisecond {
			t.Errorf("%d of 150 alarms, p50 %v, p99 %v, most %v", len(waits), waits[len(waits)/2], waits[len(waits)*99/100], waits[len(waits)-1])
		}
		if n := w.port().count(); n < 1500 {
			t.Errorf("only %d messages in 35 seconds at 50 a second", n)
		}
	})
}

func TestAnAlarmPassesWhatIsClaimedAlready(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, nil)
		w.rich()
		w.change(func(c *sms.Carrier) { c.Settings.Rate = 100 })
		w.campaign(1000)
		w.start()
		for i := range 20 {
			before := w.port().count()
			text := fmt.Sprint("alarm ", i)
			w.alarm(text)
			after := w.port().count()
			w.until("the alarm leaves", func() bool { return w.port().place(text) >= 0 })
			if passed := w.port().place(text) - after; passed > 40 {
				t.Errorf("alarm %d left behind %d messages of the campaign, %d were sent when it was accepted", i, passed, after-before)
			}
		}
	})
}

// place tells as the how-manieth a text was handed over.
func (p *port) place(text string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.IndexFunc(p.handed, func(m sms.Outbound) bool { return m.Text == text })
}

func TestAnAlarmFindsRoomInAFullWindow(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, func(p *port) { p.hold = true })
		w.rich()
		w.campaign(1000)
		w.start()
		w.until("the campaign has what it may have of the window", func() bool { return w.port().count() == 8 })
		first := w.alarm("alarm 1")
		w.until("the alarm leaves", func() bool { return w.port().place("alarm 1") == 8 })
		w.alarm("alarm 2")
		w.until("the second leaves", func() bool { return w.port().place("alarm 2") == 9 })
		w.port().release()
		w.becomes(first, sms.Sent)
		w.until("the campaign goes on", func() bool { return w.port().count() == 1002 })
	})
}

func TestVeryLowIsNotStarvedByAlarms(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, nil)
		w.rich()
		w.change(func(c *sms.Carrier) { c.Settings.Window = 4 })
		for lane, n := range map[sms.Priority]int{sms.High: 2000, sms.VeryLow: 50} {
			receivers := make([]string, n)
			for i := range receivers {
				receivers[i] = fmt.Sprintf("+336%08d", i)
			}
			o := storetest.Order(string(lane), receivers...)
			o.Priority = lane
			w.accept(o)
		}
		w.start()
		w.until("all are handed over", func() bool { return w.port().count() == 2050 })
		lanes := strings.Fields(w.port().texts())
		last := len(lanes) - 1
		for lanes[last] != string(sms.VeryLow) {
			last--
		}
		// One in fifteen by weight, some of the lane high on top; 750 would be exact.
		if last > 1600 {
			t.Errorf("the last of 50 messages of the lane veryLow was number %d of 2050", last+1)
		}
	})
}
