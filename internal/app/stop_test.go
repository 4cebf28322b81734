package app_test

import (
	"fmt"
	"strconv"
	"syscall"
	"testing"
	"time"

	"ramier/internal/simulator"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// However slow the operator answers, a planned stop waits for what it has been given, and what it has not been given stays in the
// queue: nothing is in doubt, and nothing is sent twice.
func TestAPlannedStopUnderLoadLeavesNoDoubt(t *testing.T) {
	for _, database := range storetest.Databases {
		t.Run(database, func(t *testing.T) {
			s := newServer(t, database)
			s.must(s.operator.Fault(simulator.Fault{Kind: simulator.Slow, Delay: 1500 * time.Millisecond}))
			s.start()
			accepted := map[string]int64{}
			for job := range 10 {
				receivers := make([]string, 20)
				for i := range receivers {
					receivers[i] = "+3363998" + strconv.Itoa(1000+100*job+i)
				}
				text := fmt.Sprintf("job %d", job)
				ids, err := s.send(text, receivers)
				s.must(err)
				for i, id := range ids {
					accepted[text+receivers[i]] = id
				}
			}
			s.until("some messages at the operator", func() bool { return s.submitted() > 20 })
			s.end(syscall.SIGTERM)
			handed := s.submitted()
			if handed >= 200 {
				t.Errorf("all %d messages were handed over: the stop met no load", handed)
			}
			s.store(func(db *store.Store) {
				counts, err := db.Count(t.Context())
				s.must(err)
				claims, err := db.CountClaims(t.Context(), s.shop.Carrier.ID, "")
				s.must(err)
				if counts.InDoubt > 0 || claims > 0 {
					t.Errorf("%d in doubt, %d open claims", counts.InDoubt, claims)
				}
			})
			s.operator.ClearFaults()
			s.start()
			s.until("an end of all messages", func() bool {
				var waiting, handed []int64
				s.must(s.client.Get("/sms/"+s.shop.Service.Name+"/outgoing?deliveryReceipt=0", &waiting))
				s.must(s.client.Get("/sms/"+s.shop.Service.Name+"/outgoing?deliveryReceipt=4", &handed))
				return len(waiting)+len(handed) == 0
			})
			s.end(syscall.SIGTERM)
			if twice := s.submitted() - uint64(len(accepted)); twice != 0 {
				t.Errorf("%d were sent twice", twice)
			}
			s.count(accepted)
		})
	}
}
