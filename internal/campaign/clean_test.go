package campaign_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ramier/internal/campaign"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// cleanable loads rows of 1500 numbers into a slot, two of which cannot be looked up.
func cleanable(t *testing.T, s *store.Store, rows int) (*desk, store.Slot) {
	t.Helper()
	shop := storetest.NewShop(t, s)
	if err := s.ChangeCarrier(ctx, "sim", func(c *sms.Carrier) error {
		c.Settings.Lookups = true
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	d := newDesk(s, shop)
	slot, err := d.load(ctx, 3, rows, func(i int) string {
		switch i {
		case 5:
			return "12;short;;\r\n"
		case 6:
			return "0140000000;landline;;\r\n"
		}
		return fmt.Sprintf("06%08d;N%d;;\r\n", 20_000_000+i%1500, i)
	})
	if err != nil {
		t.Fatal(err)
	}
	return d, slot
}

// answer answers all open questions: numbers ending in 7 do not exist, in 8 are absent, in 9 get no answer.
func (d *desk) answer(t *testing.T) {
	t.Helper()
	for {
		all, err := d.store.OpenLookups(ctx, d.shop.Carrier.ID, d.clock.Now(), 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range all {
			if taken, err := d.store.TakeLookup(ctx, &l, d.clock.Now().Add(time.Minute)); err != nil || !taken {
				t.Fatal("not taken: ", err)
			}
			l.Status, l.LookupAnswer = sms.TaskDone, sms.LookupAnswer{Valid: true, Reachable: true}
			switch l.Receiver[len(l.Receiver)-1] {
			case '7':
				l.LookupAnswer = sms.LookupAnswer{}
			case '8':
				l.Reachable = false
			case '9':
				l.Status, l.LookupAnswer, l.Credits = sms.TaskError, sms.LookupAnswer{}, 0
			}
			if err := d.store.AnswerLookup(ctx, l, d.clock.Now(), d.clock.Now()); err != nil {
				t.Fatal(err)
			}
		}
		if len(all) == 0 {
			return
		}
	}
}

func TestACleaningGoesOnAfterACrash(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		const rows = 2100 // of which 600 numbers are repeated: three steps
		d, slot := cleanable(t, s, rows)
		if _, err := s.Grant(ctx, d.shop.Service.ID, 100*sms.Credit, "test", storetest.Noon); err != nil {
			t.Fatal(err)
		}
		c, err := d.slots.AskToClean(ctx, d.shop.Service, slot)
		if err != nil {
			t.Fatal(err)
		}
		if c.Questions != 1500 { // 2100 rows of 1500 numbers; those of rows 5 and 6 come again later
			t.Errorf("%d questions", c.Questions)
		}
		if _, err := d.slots.AskToClean(ctx, d.shop.Service, slot); sms.CodeOf(err) != sms.NoCredit && sms.CodeOf(err) != sms.Conflict {
			t.Error("a slot is cleaned twice at a time: ", err)
		}
		task := c.Task
		for steps := 0; task.Status == sms.TaskTodo || task.Status == sms.TaskDoing; steps++ {
			if steps > 20 {
				t.Fatal("it does not end")
			}
			had, err := s.Cleaning(ctx, task)
			if err != nil {
				t.Fatal(err)
			}
			again := had // a node that was thought to be dead does the same step
			for _, one := range []*store.Cleaning{&had, &again} {
				if _, err := campaign.NewCleaner(d.slots).Step(ctx, one); err != nil && sms.CodeOf(err) != sms.NoObject {
					t.Fatal(err)
				}
			}
			d.answer(t)
			if task, err = s.Task(ctx, d.shop.Service.ID, task.ID); err != nil {
				t.Fatal(err)
			}
		}
		if task.Status != sms.TaskDone || !strings.HasPrefix(task.Message, "1200 of 2100 receivers are left: 600 could not be read, be reached by SMS or were repeated, 150 numbers do not exist, 150 are absent, 150 got no answer") {
			t.Errorf("%+v", task)
		}
		now, err := s.Slot(ctx, d.shop.Service.ID, 0, 3)
		if err != nil || now.List.Records != 1200 || now.List.ID == slot.List.ID {
			t.Errorf("%+v, %v", now, err)
		}
		b, err := s.Balance(ctx, d.shop.Service.ID)
		if err != nil || b.Used != 1350*sms.LookupPrice || b.Available != 200*sms.Credit-1350*sms.LookupPrice {
			t.Errorf("%+v, %v", b, err)
		}
		if a, err := s.Audit(ctx); err != nil || len(a.Findings) > 0 {
			t.Error(a.Findings, err)
		}
		if _, err := d.slots.AskToClean(ctx, d.shop.Service, now); sms.CodeOf(err) != sms.NoCredit {
			t.Error("a cleaning that costs more than there is: ", err)
		}
	})
}

func TestACleaningThatCannotBePaidOrDone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d, slot := cleanable(t, s, 1010)
		_, err := d.slots.AskToClean(ctx, d.shop.Service, slot) // 1008 numbers, 100.8 credits of 100
		if b, _ := s.Balance(ctx, d.shop.Service.ID); sms.CodeOf(err) != sms.NoCredit || b.Available != 100*sms.Credit {
			t.Error("too dear: ", err, b)
		}
		if tasks, _ := s.Tasks(ctx, d.shop.Service.ID, ""); len(tasks) > 0 {
			t.Error("a task was made")
		}
		if _, err := s.Grant(ctx, d.shop.Service.ID, 100*sms.Credit, "test", storetest.Noon); err != nil {
			t.Fatal(err)
		}
		c, err := d.slots.AskToClean(ctx, d.shop.Service, slot)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := campaign.NewCleaner(d.slots).Step(ctx, &c); err != nil {
			t.Fatal(err)
		}
		if err := s.DeleteSlot(ctx, slot); err != nil {
			t.Fatal(err)
		}
		if c, err = s.Cleaning(ctx, c.Task); err != nil {
			t.Fatal(err)
		}
		if err := d.slots.GiveUp(ctx, &c, "somebody emptied the slot"); err != nil {
			t.Fatal(err)
		}
		if b, _ := s.Balance(ctx, d.shop.Service.ID); b.Used != 998*sms.LookupPrice { // what was asked by then
			t.Errorf("%+v", b)
		}
		k, err := s.Task(ctx, d.shop.Service.ID, c.Task.ID)
		if err != nil || k.Status != sms.TaskError || k.Message != "somebody emptied the slot" {
			t.Errorf("%+v, %v", k, err)
		}
		if a, err := s.Audit(ctx); err != nil || len(a.Findings) > 0 {
			t.Error(a.Findings, err)
		}
	})
}

// Nothing is asked or taken for a list of which no number can be used.
func TestACleaningOfNothingUsable(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d, _ := cleanable(t, s, 10)
		slot, err := d.load(ctx, 4, 3, func(i int) string { return fmt.Sprintf("%d;short;;\r\n", 12+i) })
		if err != nil {
			t.Fatal(err)
		}
		before, _ := s.Balance(ctx, d.shop.Service.ID)
		_, err = d.slots.AskToClean(ctx, d.shop.Service, slot)
		after, _ := s.Balance(ctx, d.shop.Service.ID)
		if sms.CodeOf(err) != sms.Invalid || after.Available != before.Available {
			t.Error(err, before, after)
		}
		if tasks, _ := s.Tasks(ctx, d.shop.Service.ID, ""); len(tasks) > 0 {
			t.Error("a task was made")
		}
	})
}
