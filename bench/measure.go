package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"ramier/bench/figures"
	"ramier/bench/load"
	"ramier/bench/proc"
)

// A measurement is one load, with all that is read before, meanwhile and after.
type measurement struct {
	bench    *Bench
	scenario Scenario
	door     load.Door
	operator *operator // nil when there is none to count at
	platform *platform // nil when it is not ours
	peer     func() proc.Usage
	// send replaces load.Run where the load does not come over HTTP.
	send  func(context.Context, load.Options) (load.Result, error)
	first int

	count  load.Count
	before usages
	base   simulatorStatus
	start  time.Time
	mu     sync.Mutex
	series []figures.Point
}

// usages are those of all that take part.
type usages struct{ platform, load, simulator, database proc.Usage }

func (m *measurement) usages() usages {
	u := usages{load: proc.Of(os.Getpid())}
	switch {
	case m.platform != nil:
		u.platform, u.database = m.platform.usage(), m.platform.database.usage()
	case m.peer != nil:
		u.platform = m.peer()
	}
	if m.operator != nil && m.operator.child != nil {
		u.simulator = proc.Of(m.operator.pid())
	}
	return u
}

// run sends the load, waits for the last receipt, and adds up.
func (m *measurement) run(ctx context.Context) (figures.Result, error) {
	s := m.scenario
	if m.operator != nil {
		var err error
		if m.base, err = m.operator.status(ctx); err != nil {
			return figures.Result{}, err
		}
	}
	profiles, err := m.profile(ctx)
	if err != nil {
		return figures.Result{}, err
	}
	m.bench.Tell.Stage(s.Name + ": " + s.Title)
	m.before, m.start = m.usages(), time.Now()
	sampling, stopSampling := context.WithCancel(ctx)
	var sampler sync.WaitGroup
	sampler.Go(func() { m.sample(sampling) })
	send := m.send
	if send == nil {
		send = func(ctx context.Context, o load.Options) (load.Result, error) { return load.Run(ctx, m.door, o) }
	}
	sent, err := send(ctx, load.Options{
		Requests: s.Requests, Duration: s.Duration, Receivers: s.Receivers, Connections: s.Connections, First: m.first, Rate: s.Rate, Count: &m.count,
	})
	var end time.Time
	if err == nil {
		end, err = m.settle(ctx, sent.Accepted)
	}
	after := m.usages()
	stopSampling()
	sampler.Wait()
	err = errors.Join(err, profiles())
	if err != nil {
		return figures.Result{}, err
	}
	return m.result(ctx, sent, after, end.Sub(m.start))
}

// settle waits until all receipts are recorded, and tells when that was. It gives up when nothing moves any more.
func (m *measurement) settle(ctx context.Context, accepted int) (time.Time, error) {
	if m.operator == nil {
		return time.Now(), nil
	}
	patience := m.bench.Patience
	if patience == 0 {
		patience = 30 * time.Second
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	last, moved := simulatorStatus{}, time.Now()
	for {
		s, err := m.operator.status(ctx)
		if err != nil {
			return moved, err
		}
		now := time.Now()
		if s != last {
			last, moved = s, now
		}
		if s.Receipts.Acked-m.base.Receipts.Acked >= accepted || now.Sub(moved) > patience {
			return moved, nil
		}
		if m.platform != nil && m.platform.ended() {
			return moved, fmt.Errorf("ramier has ended:\n%s", m.platform.tail())
		}
		select {
		case <-ctx.Done():
			return moved, ctx.Err()
		case <-tick.C:
		}
	}
}

// How often the run is looked at, and how often at what takes longer to find out.
const (
	sampleEvery = 250 * time.Millisecond
	deepEvery   = 5 * time.Second
)

// sample notes how it goes on.
func (m *measurement) sample(ctx context.Context) {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	every := 1
	if m.scenario.Duration > 2*time.Minute {
		every = int(deepEvery / sampleEvery)
	}
	m.point(ctx, m.scenario.Kind == Soak, true)
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		m.point(ctx, m.scenario.Kind == Soak && n%int(deepEvery/sampleEvery) == 0, n%every == 0)
	}
}

// point looks once. What cannot be read now is left out.
func (m *measurement) point(ctx context.Context, deep, keep bool) {
	p := figures.Point{At: time.Since(m.start).Seconds(), Accepted: int(m.count.Accepted.Load())}
	if m.operator != nil {
		s, err := m.operator.status(ctx)
		if err != nil {
			return
		}
		p.Arrived, p.Recorded = s.Accepted-m.base.Accepted, s.Receipts.Acked-m.base.Receipts.Acked
	}
	total := 0
	if m.scenario.Requests > 0 || m.scenario.Rate > 0 {
		total = m.scenario.messages()
	}
	done := p.Recorded
	if m.operator == nil {
		done = p.Accepted
	}
	m.bench.Tell.Load(done, total)
	if !keep {
		return
	}
	switch {
	case m.platform != nil:
		u := m.platform.usage()
		p.MemoryMiB, p.Files = mebi(u.Resident), u.Files
	case m.peer != nil:
		p.MemoryMiB = mebi(m.peer().Resident)
	}
	if deep && m.platform != nil {
		n, err := m.platform.metric(ctx, "go_goroutines", "")
		if err != nil {
			return
		}
		all, log := m.platform.database.sizes(ctx)
		p.Goroutines, p.DatabaseMiB, p.LogMiB = int(n), mebi(all), mebi(log)
	}
	m.mu.Lock()
	m.series = append(m.series, p)
	m.mu.Unlock()
}

func mebi(octets int64) float64 { return float64(octets) / (1 << 20) }

// profile fetches profiles of Ramier while the load runs, when they were asked for. The function it gives waits for them.
func (m *measurement) profile(ctx context.Context) (func() error, error) {
	if m.platform == nil || m.platform.pprof == "" {
		return func() error { return nil }, nil
	}
	if err := os.MkdirAll(m.bench.Profile, 0o755); err != nil { //nolint:gosec // for people to look at
		return nil, err
	}
	save := func(kind, path string) error {
		body, err := get(ctx, m.platform.pprof+"/debug/pprof/"+path)
		if err != nil {
			return fmt.Errorf("the %s profile: %w", kind, err)
		}
		defer body.Close()
		file, err := os.Create(m.bench.profileFile(m.scenario, m.platform.database.kind, kind))
		if err != nil {
			return err
		}
		_, err = io.Copy(file, body)
		return errors.Join(err, file.Close())
	}
	cpu := make(chan error, 1)
	seconds := max(int(m.bench.ProfileTime.Seconds()), 1)
	go func() { cpu <- save("cpu", fmt.Sprintf("profile?seconds=%d", seconds)) }()
	return func() error { return errors.Join(<-cpu, save("heap", "heap"), save("allocs", "allocs")) }, nil
}

// result adds up.
func (m *measurement) result(ctx context.Context, sent load.Result, after usages, took time.Duration) (figures.Result, error) {
	s := m.scenario
	m.bench.Tell.Stage(s.Name + ": counting")
	r := figures.Result{
		Scenario: s.Name, Connections: s.Connections, Receivers: s.Receivers, Rate: s.Rate,
		Requests: len(sent.Requests), Refused: sent.Refused, Refusal: sent.First, Accepted: sent.Accepted, Delivered: -1,
		Seconds: took.Seconds(), PerSecond: float64(sent.Accepted) / took.Seconds(),
		AcceptedPerSecond: float64(sent.Accepted) / sent.Took.Seconds(),
		MemoryMiB:         mebi(after.platform.Peak), Series: m.series,
	}
	if s.Kind == Soak {
		r.Note = figures.Drift(m.series)
	}
	var answers []int64
	for _, one := range sent.Requests {
		if one.Answered > 0 {
			answers = append(answers, one.Answered-one.Sent)
		}
	}
	r.Request = figures.NewLatency(answers)
	per := func(before, after proc.Usage) float64 {
		return float64((after.CPU - before.CPU).Microseconds()) / float64(max(sent.Accepted, 1))
	}
	r.CPU = figures.CPU{
		Platform: per(m.before.platform, after.platform), Load: per(m.before.load, after.load),
		Simulator: per(m.before.simulator, after.simulator), Database: per(m.before.database, after.database),
	}
	if m.operator != nil {
		if err := m.compare(ctx, &r, sent); err != nil {
			return r, err
		}
	}
	if m.platform != nil {
		if s.audited() && !m.bench.NoAudit {
			r.Audit = m.platform.audit(ctx)
		}
		delivered, err := m.platform.delivered(ctx)
		if err != nil {
			return r, err
		}
		r.Delivered = delivered
	}
	return r, nil
}

// compare counts what was accepted at the simulator.
func (m *measurement) compare(ctx context.Context, r *figures.Result, sent load.Result) error {
	status, err := m.operator.status(ctx)
	if err != nil {
		return err
	}
	arrivals, err := m.operator.arrivals(ctx, m.base.Arrivals)
	if err != nil {
		return err
	}
	if came := status.Accepted - m.base.Accepted; came != len(arrivals) {
		return fmt.Errorf("the simulator took %d messages and noted %d of them: start it with a higher --arrivals", came, len(arrivals))
	}
	c := count(sent.Requests, arrivals)
	r.Arrived, r.Lost, r.Duplicated, r.Unexpected = c.arrived, c.lost, c.duplicated, c.unexpected
	r.Onward, r.Whole = figures.NewLatency(c.onward), figures.NewLatency(c.whole)
	r.Recorded = status.Receipts.Acked - m.base.Receipts.Acked
	return nil
}
