package simulator

import (
	"context"
	"slices"
	"time"
)

// An event is what happens at a time: the next step in the life of a part, or anything else.
type event struct {
	at     int64  // microseconds since 1970
	order  uint64 // among events of the same time
	part   *part
	do     func() // called without the lock
	answer bool   // it answers a request, so that a reset does not drop it
}

func (e event) before(f event) bool { return e.at < f.at || e.at == f.at && e.order < f.order }

// schedule is a heap of events.
type schedule struct {
	events []event
	order  uint64
	asleep int64              // until when the one who keeps the time sleeps
	wake   context.CancelFunc // wakes it; nil while it is awake
}

func (q *schedule) push(e event) {
	q.order++
	e.order = q.order
	q.events = append(q.events, e)
	for i := len(q.events) - 1; i > 0; {
		parent := (i - 1) / 2
		if !q.events[i].before(q.events[parent]) {
			break
		}
		q.events[i], q.events[parent] = q.events[parent], q.events[i]
		i = parent
	}
	if q.wake != nil && e.at < q.asleep {
		q.wake()
		q.wake = nil
	}
}

func (q *schedule) pop() event {
	first, last := q.events[0], len(q.events)-1
	q.events[0] = q.events[last]
	q.events[last] = event{}
	q.events = q.events[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if q.events[child].before(q.events[least]) {
				least = child
			}
		}
		if least == i {
			return first
		}
		q.events[i], q.events[least] = q.events[least], q.events[i]
		i = least
	}
}

// keep drops the events that are not wanted.
func (q *schedule) keep(wanted func(event) bool) {
	kept := slices.Clone(q.events)
	q.events = nil
	for _, e := range kept {
		if wanted(e) {
			q.push(e)
		}
	}
}

// next is when the first event is due; far away, if there is none.
func (q *schedule) next(now int64) int64 {
	if len(q.events) == 0 {
		return now + int64(time.Hour/time.Microsecond)
	}
	return q.events[0].at
}

// keepTime lets happen what is due, until the end.
func (s *Simulator) keepTime() {
	var todo []func()
	for s.alive.Err() == nil {
		var ctx context.Context
		var until int64
		todo, ctx, until = s.happen(todo[:0])
		for _, do := range todo {
			do()
		}
		clear(todo)
		if ctx != nil {
			_ = s.clock.Sleep(ctx, time.UnixMicro(until)) // an error means that something else is due before
		}
	}
}

// happen lives through what is due now and gives what remains to be done without the lock. If that is nothing, it gives how
// long to sleep.
func (s *Simulator) happen(todo []func()) ([]func(), context.Context, int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if s.schedule.wake != nil { // the sleep ended by itself
		s.schedule.wake()
		s.schedule.wake = nil
	}
	for range maxAtOnce {
		if s.schedule.next(now) > now {
			break
		}
		e := s.schedule.pop()
		if e.part != nil {
			s.live(e.part, e.at)
		} else {
			todo = append(todo, e.do)
		}
	}
	until := s.schedule.next(now)
	if len(todo) > 0 || until <= now {
		return todo, nil, 0
	}
	ctx, cancel := context.WithCancel(s.alive)
	s.schedule.asleep, s.schedule.wake = until, cancel
	return todo, ctx, until
}

// maxAtOnce is how many events are lived through before others get the lock.
const maxAtOnce = 256

// now is the clock's time in microseconds since 1970.
func (s *Simulator) now() int64 { return s.clock.Now().UnixMicro() }

// later does something when the clock shows a time. The caller holds mu.
func (s *Simulator) later(at int64, do func()) { s.schedule.push(event{at: at, do: do}) }

// soon does something that a request waits for. The caller holds mu.
func (s *Simulator) soon(do func()) { s.schedule.push(event{at: s.now(), do: do, answer: true}) }

func micros(d time.Duration) int64 { return int64(d / time.Microsecond) }

func timeAt(micros int64) time.Time { return time.UnixMicro(micros).UTC() }
