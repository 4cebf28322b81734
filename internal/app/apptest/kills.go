package apptest

import (
	"math/rand/v2"
	"strconv"
	"time"
)

// Kills is a run of kills.
type Kills struct {
	Number    int
	Orders    int           // that customers may make between two kills
	Run       time.Duration // the longest time that a server runs
	Customers int
	Every     int // kills between two lines of progress; 0 = none
}

// Killed is what became of a run.
type Killed struct {
	*Count
	Starting, Fresh, Running int // kills before the server took requests, within 20 ms of that, and later
	Took                     time.Duration
}

// Kill kills the servers again and again while customers order, restarts them, and counts at the end.
func (p *Platform) Kill(k Kills) Killed {
	p.t.Helper()
	begun := time.Now()
	r := rand.New(rand.NewPCG(p.Options.Seed, 1<<32)) //nolint:gosec // chance is to be repeatable
	load := p.Load(k.Customers)
	var done Killed
	for _, n := range p.Nodes {
		n.Start()
	}
	startup := 100 * time.Millisecond
	for kill := range k.Number {
		n := p.Nodes[r.IntN(len(p.Nodes))]
		load.Allow(k.Orders)
		start := time.Now()
		moment := r.IntN(20)
		if kill == 1 { // even the shortest run has one
			moment = 0
		}
		switch {
		case moment < 5 && kill > 0:
			done.Starting++
			p.after(time.Duration(r.Float64() * float64(startup)))
		case moment < 9:
			done.Fresh++
			n.Ready()
			p.after(time.Duration(r.Float64() * float64(20*time.Millisecond)))
		default:
			done.Running++
			n.Ready()
			startup = max(startup, min(time.Since(start), time.Second))
			p.after(time.Duration(r.Float64() * float64(k.Run)))
		}
		n.Kill()
		n.Start()
		if k.Every > 0 && (kill+1)%k.Every == 0 {
			p.t.Logf("%4d kills in %v: %d orders, %d parts at the operator, answers %v", kill+1, time.Since(begun).Round(time.Second),
				len(load.Orders()), p.Submitted(), load.Codes())
		}
	}
	for _, n := range p.Nodes {
		n.Ready()
	}
	orders := load.End()
	loaded := time.Since(begun)
	p.Settle()
	settled := time.Since(begun)
	for _, n := range p.Nodes {
		n.Stop()
	}
	done.Count, done.Took = p.Count(orders), time.Since(begun)
	p.t.Logf("%d kills in %v, all messages ended after %v, counted after %v; answers by status %v",
		k.Number, round(loaded), round(settled), round(done.Took), load.Codes())
	return done
}

// after waits for a moment that was drawn.
func (p *Platform) after(d time.Duration) {
	select {
	case <-p.t.Context().Done():
	case <-time.After(d):
	}
}

// Head names the columns of Row.
var Head = []string{
	"kills", "starting", "fresh", "running", "orders", "unknown", "messages", "lost", "twice unmarked", "twice marked", "marked in vain",
	"held in doubt", "findings", "time",
}

// Row is the run as a row of a table.
func (k Killed) Row() []string {
	var row []string
	for _, n := range []int{
		k.Starting + k.Fresh + k.Running, k.Starting, k.Fresh, k.Running, k.Orders, k.Unknown, k.Messages, k.Lost, k.Unmarked, k.Marked,
		k.Cautious, k.Held, len(k.Findings),
	} {
		row = append(row, strconv.Itoa(n))
	}
	return append(row, k.Took.Round(time.Second).String())
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }
