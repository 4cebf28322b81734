package simulator

import (
	"net"
	"slices"
	"time"

	"ramier/internal/smpp"
)

// FaultKind is a way in which the operator as a whole can be broken.
type FaultKind string

// The kinds.
const (
	Drop       FaultKind = "drop"       // all connections are cut, new ones too
	Throttle   FaultKind = "throttle"   // what goes beyond a rate is answered with ESME_RTHROTTLED
	Mute       FaultKind = "mute"       // messages are taken, but nothing is answered
	Slow       FaultKind = "slow"       // answers take their time
	NoReceipts FaultKind = "noReceipts" // messages are delivered, but nobody is told
	Refuse     FaultKind = "refuse"     // nothing is taken
	NoQueries  FaultKind = "noQueries"  // query_sm is not offered
)

var faultKinds = []FaultKind{Drop, Throttle, Mute, Slow, NoReceipts, Refuse, NoQueries}

// Fault is something wrong with the operator. There is at most one of each kind.
type Fault struct {
	Kind   FaultKind
	For    time.Duration // of the clock; 0 until it is cleared
	Rate   float64       // of Throttle: messages a second that are taken; 0 for none
	Delay  time.Duration // of Slow
	Status smpp.Status   // of Refuse; 0 stands for ESME_RSYSERR

	until  int64
	credit float64 // messages that may be taken at the time counted
	at     int64
}

// Fault breaks the operator. It replaces a fault of the same kind.
func (s *Simulator) Fault(f Fault) error {
	if err := f.check(); err != nil {
		return err
	}
	if f.Kind == Refuse && f.Status == smpp.OK {
		f.Status = smpp.SystemError
	}
	s.mu.Lock()
	f.at, f.credit = s.now(), max(f.Rate, 1)
	if f.Rate == 0 {
		f.credit = 0
	}
	if f.until = forever; f.For > 0 {
		f.until = f.at + micros(f.For)
	}
	s.clear(f.Kind)
	s.faults = append(s.faults, &f)
	if f.Kind == Drop {
		s.cut(func(*link) bool { return true })
	}
	s.mu.Unlock()
	s.options.Log.Info("the operator is broken", "fault", f.Kind, "for", f.For)
	return nil
}

func (f Fault) check() error {
	if err := f.known(); err != nil {
		return err
	}
	switch {
	case f.For < 0:
		return &Mistake{"seconds", f.For.Seconds(), "give how long the fault lasts, or 0 for until it is cleared"}
	case !(f.Rate >= 0), f.Rate != 0 && f.Kind != Throttle:
		return &Mistake{"rate", f.Rate, "give, with throttle only, how many messages a second are taken, or 0 for none"}
	case f.Delay < 0, f.Delay != 0 && f.Kind != Slow, f.Delay == 0 && f.Kind == Slow:
		return &Mistake{"delay", f.Delay.Seconds(), "give, with slow only, how many seconds the answers take"}
	case f.Status != smpp.OK && f.Kind != Refuse:
		return &Mistake{"status", f.Status.Name(), "give, with refuse only, the status of the answers"}
	}
	return nil
}

func (f Fault) known() error {
	if !slices.Contains(faultKinds, f.Kind) {
		return &Mistake{"kind", string(f.Kind), "give drop, throttle, mute, slow, noReceipts, refuse or noQueries"}
	}
	return nil
}

// ClearFaults repairs the operator: the kinds that are given, or all.
func (s *Simulator) ClearFaults(kinds ...FaultKind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(kinds) == 0 {
		kinds = faultKinds
	}
	for _, k := range kinds {
		s.clear(k)
	}
}

func (s *Simulator) clear(k FaultKind) {
	s.faults = slices.DeleteFunc(s.faults, func(f *Fault) bool { return f.Kind == k })
}

// fault is the fault of a kind, nil if there is none now. The caller holds mu.
func (s *Simulator) fault(k FaultKind) *Fault {
	for _, f := range s.faults {
		if f.Kind == k && f.until > s.now() {
			return f
		}
	}
	return nil
}

// refusal is what a fault answers instead of taking a message. The caller holds mu.
func (s *Simulator) refusal(now int64) smpp.Status {
	if f := s.fault(Refuse); f != nil {
		return f.Status
	}
	if f := s.fault(Throttle); f != nil && !f.admits(now) {
		return smpp.Throttled
	}
	return smpp.OK
}

// admits tells whether a message is within the rate; those of one second may come at once.
func (f *Fault) admits(now int64) bool {
	earned := f.Rate * (time.Duration(now-f.at) * time.Microsecond).Seconds()
	f.credit, f.at = min(f.credit+max(earned, 0), max(f.Rate, 1)), now
	if f.Rate == 0 || f.credit < 1 {
		return false
	}
	f.credit--
	return true
}

// faulty changes how a verdict is answered. The caller holds mu.
func (s *Simulator) faulty(v verdict) verdict {
	if len(s.faults) == 0 || v.answer == never || v.answer == cut {
		return v
	}
	if s.fault(Mute) != nil {
		v.answer = never
	} else if f := s.fault(Slow); f != nil {
		v.answer, v.at = late, max(v.at, s.now()+micros(f.Delay))
	}
	return v
}

// A gate lets nobody in while connections are dropped.
type gate struct {
	net.Listener
	s *Simulator
}

// Accept gives the next connection that is let in.
func (g gate) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		g.s.mu.Lock()
		dropped := g.s.fault(Drop) != nil
		g.s.mu.Unlock()
		if !dropped {
			return conn, nil
		}
		conn.Close()
	}
}
