package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ramier/bench/figures"
	"ramier/bench/load"
)

// What the queue scenario does: so many messages a second leave, and so many urgent ones are sent past the rest.
const (
	slowRate     = 100
	urgent       = 20
	urgentPause  = 250 * time.Millisecond
	urgentPoll   = 50 * time.Millisecond
	urgentWithin = 30 * time.Second
)

// queue piles messages up before a slow carrier, and times urgent ones past them.
func (b *Bench) queue(ctx context.Context, s Scenario, database, dir string) (r figures.Result, err error) {
	b.Tell.Stage(s.Name + ": starting")
	o, err := b.simulate(ctx, dir, s.messages()+urgent)
	if err != nil {
		return r, err
	}
	defer o.end(10 * time.Second)
	p, err := b.prepare(ctx, dir, database)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if err := p.start(ctx); err != nil {
		return r, err
	}
	if err := p.connect(ctx, o, slowRate); err != nil {
		return r, err
	}
	door, err := p.customer(ctx, "bench", s.messages()+1000, "sms-bench-1")
	if err != nil {
		return r, err
	}
	door.Priority = "medium" // high is what the API takes when none is given
	b.Tell.Stage(s.Name + ": filling the queue")
	m := &measurement{bench: b, scenario: s, door: door, platform: p, first: firstMessage}
	if r, err = m.run(ctx); err != nil {
		return r, err
	}
	r.PerSecond, r.Delivered = 0, -1
	r.Platform, r.Database = "ramier", p.database.kind
	err = b.past(ctx, s, p, o, *door, &r)
	return r, err
}

// past sends urgent messages one after the other and waits for each at the simulator.
func (b *Bench) past(ctx context.Context, s Scenario, p *platform, o *operator, door load.OVH, r *figures.Result) error {
	b.Tell.Stage(s.Name + ": urgent messages")
	door.Priority = "high"
	sent, err := load.Run(ctx, &door, load.Options{
		Requests: urgent, Receivers: 1, Connections: 2, First: 2 * firstMessage, Rate: 1 / urgentPause.Seconds(),
	})
	if err != nil {
		return err
	}
	var c counted
	tick := time.NewTicker(urgentPoll)
	defer tick.Stop()
	for until := time.Now().Add(urgentWithin); ; {
		arrivals, err := o.arrivals(ctx, 0)
		if err != nil {
			return err
		}
		if c = count(sent.Requests, arrivals); c.lost == 0 || time.Now().After(until) {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	r.Lost, r.Duplicated, r.Refused = c.lost, c.duplicated, r.Refused+sent.Refused
	r.Onward, r.Whole = figures.NewLatency(c.onward), figures.NewLatency(c.whole)
	used := p.usage()
	r.MemoryMiB = mebi(used.Peak)
	r.Note = fmt.Sprintf("%s messages waited for a carrier that takes %d a second; the times to arrival are those of %d messages with priority high, and so is what was lost; %.0f MiB in the end",
		figures.Thousands(r.Accepted), slowRate, urgent, mebi(used.Resident))
	return nil
}
