// Package simulator is an operator that is not there: an SMSC over real SMPP with handsets behind it. What happens to
// a message depends on its receiver: the magic numbers stand for what operators do to messages, from late receipts to
// lost answers, and any other number takes its message at once. Faults break the operator as a whole.
//
// All time is that of a clock that can be moved, and all chance comes from a seed and the message itself, so that the
// same messages meet the same fate in whatever order they come.
package simulator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"ramier/internal/clock"
	"ramier/internal/smpp"
)

// Options say what kind of operator it is. The zero value of each field stands for the default given with it.
type Options struct {
	Clock *clock.Clock // default: the system's time
	// Seed decides the jitter, the first message id and who gets which behaviour of Mix. Default: drawn from the clock.
	Seed uint64
	// FirstID is the number of the first message id, for an operator that must not repeat those of an earlier run. A
	// journal goes on from its own last one. Default: drawn from the seed, with ten digits.
	FirstID uint64
	IDs     IDForm // default Decimal

	SystemID, Password string // who may bind; default: everyone
	MaxSessions        int    // default 1,000
	Log                *slog.Logger

	// Delay is how long an ordinary message takes to its handset; up to as much again is added by chance. Default
	// 50 ms; negative for none.
	Delay time.Duration
	// Mix gives shares of the ordinary numbers, from 0 to 1, a behaviour of the magic table by its name.
	Mix map[string]float64

	Keep int // messages kept to look at. Default 100,000
	// Arrivals is of how many messages is noted that and when they were taken, 16 octets each, for [Simulator.Arrivals]. Default: none.
	Arrivals int
	Retain   int // receipts and replies kept for clients that are away or slow. Default 5,000,000
	Window   int // deliver_sm that may wait for their answers, per session. Default 1000
	// AnswerTimeout is how long, in the system's time, a client may take to answer a deliver_sm. Default 30 s.
	AnswerTimeout time.Duration

	// Journal is a file that keeps messages, receipts and replies when the process is killed, for the next [New]. Default:
	// none. Refusals by an attempt's number begin anew, and faults and sessions are gone.
	Journal string

	Country  string // calling code of numbers in national form. Default "33"
	StopCode string // short number that takes a STOP to a sender that is a name. Default "36111"
}

func (o Options) withDefaults() (Options, error) {
	if o.Clock == nil {
		o.Clock = clock.New()
	}
	o.Seed = cmp.Or(o.Seed, uint64(o.Clock.Now().UnixMicro()))
	o.FirstID = cmp.Or(o.FirstID, 1_000_000_000+mix(o.Seed)%1_000_000_000)
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	o.Delay = max(cmp.Or(o.Delay, 50*time.Millisecond), 0)
	o.Keep = cmp.Or(max(o.Keep, 0), 100_000)
	o.Retain = cmp.Or(max(o.Retain, 0), 5_000_000)
	o.Window = cmp.Or(max(o.Window, 0), 1000)
	o.AnswerTimeout = cmp.Or(max(o.AnswerTimeout, 0), 30*time.Second)
	o.Country = cmp.Or(o.Country, "33")
	o.StopCode = cmp.Or(o.StopCode, "36111")
	var sum float64
	for name, share := range o.Mix {
		if behaviourNamed(name) == nil {
			return o, fmt.Errorf("mix: %q is no behaviour: take one of %s", name, names())
		}
		if sum += share; !(share >= 0) || sum > 1 { // a share that is not a number is not at least 0 either
			return o, fmt.Errorf("mix: the share of %q is %v: shares are at least 0 and together at most 1", name, share)
		}
	}
	return o, nil
}

// Simulator is the operator. Its methods may be called from any goroutine.
type Simulator struct {
	options Options
	clock   *clock.Clock
	server  *smpp.Server
	mix     []share

	journal *journal // nil without one
	broken  error    // why there is none, where one was asked for

	alive   context.Context
	stop    context.CancelFunc
	running sync.WaitGroup

	mu        sync.Mutex
	schedule  schedule
	closing   bool
	next      uint64 // message id to be given
	kept      archive
	arrived   arrivals
	joins     recent[joinKey, *text]
	attempts  recent[string, int]
	handsets  map[string]*handset
	said      recent[string, []Said]
	peers     map[string]*peer
	links     map[*smpp.Session]*link
	faults    []*Fault
	count     counters
	mostBinds int // see Status
	tallies   *tallies
	reference byte // of the last long reply

	parts, deliveries uint64 // numbers given, in the journal, to the last ones
}

// New gives an operator that waits for [Simulator.Serve]. It panics if the options contradict themselves, which
// [Options.Check] tells before.
func New(o Options) *Simulator {
	o, err := o.withDefaults()
	if err != nil {
		panic("simulator: " + err.Error())
	}
	s := &Simulator{
		options:  o,
		clock:    o.Clock,
		mix:      shares(o.Mix),
		next:     o.FirstID,
		joins:    newRecent[joinKey, *text](10_000),
		said:     newRecent[string, []Said](maxTalkers),
		attempts: newRecent[string, int](10_000),
		handsets: map[string]*handset{},
		peers:    map[string]*peer{},
		links:    map[*smpp.Session]*link{},
		tallies:  &tallies{},
	}
	s.kept.room = o.Keep
	s.alive, s.stop = context.WithCancel(context.Background())
	s.server = &smpp.Server{SystemID: "simulator", MaxSessions: o.MaxSessions, Bind: s.bind, Bound: s.bound}
	if o.Journal != "" {
		if err := s.openJournal(); err != nil {
			s.broken = fmt.Errorf("the operator's journal: %w", err)
		}
	}
	if s.journal != nil {
		s.running.Go(s.keepWriting)
	}
	s.running.Go(s.keepTime)
	return s
}

// Check tells what is wrong with the options.
func (o Options) Check() error {
	_, err := o.withDefaults()
	return err
}

// Err tells why the operator cannot serve: its journal cannot be read.
func (s *Simulator) Err() error { return s.broken }

// Serve takes connections from l, which it closes, until Close. After that it returns nil.
func (s *Simulator) Serve(l net.Listener) error {
	if s.broken != nil {
		return errors.Join(s.broken, l.Close())
	}
	if err := s.server.Serve(gate{l, s}); !errors.Is(err, smpp.ErrServerClosed) {
		return err
	}
	return nil
}

// Close unbinds all sessions, at once where an answer is owed that will not come, and ends. When ctx ends before,
// it closes the sessions.
func (s *Simulator) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	s.cut(func(l *link) bool { return l.owed.Load() > 0 })
	s.mu.Unlock()
	err := s.server.Shutdown(ctx)
	s.stop()
	s.running.Wait()
	if s.journal != nil {
		err = errors.Join(err, s.journal.close())
	}
	return err
}

// Reset forgets all messages, handsets, receipts that were not sent, counters and faults. Sessions stay, and message
// ids go on, since they are unique.
func (s *Simulator) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = archive{room: s.options.Keep, nextSeq: s.kept.nextSeq}
	s.arrived = arrivals{}
	s.joins.clear()
	s.attempts.clear()
	clear(s.handsets)
	s.said.clear()
	s.schedule.keep(func(e event) bool { return e.answer })
	for _, p := range s.peers {
		p.queue.drain(func(d delivery) {
			if d.then != nil {
				s.soon(d.then)
			}
		})
	}
	s.faults = nil
	s.count, s.mostBinds = counters{}, 0
	s.tallies = &tallies{}
	if s.journal != nil {
		s.journal.restart(s.totals())
	}
}
