// Package bench measures how fast messages go the whole way: accepted over signed HTTP, handed over SMPP, their receipts recorded. Each
// scenario has Ramier and a simulated operator in processes of their own, and a fresh database; the load comes from this process.
package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"ramier/bench/figures"
	"ramier/bench/load"
)

// Bench is what all scenarios of a run share.
type Bench struct {
	Program Program
	Dir     string // for files, which go in the end; empty = the system's temporary folder
	Profile string // folder for profiles of Ramier; empty = none
	// ProfileTime is how long that of the processor takes, from the beginning of the load; whole seconds.
	ProfileTime time.Duration
	Mix         []string      // behaviours of the simulator, like refused=0.01
	Patience    time.Duration // without progress after the load; 0 = 30 s
	NoAudit     bool          // do not have Ramier add up everything in the end
	Tell        Teller
}

// A Teller is told how it goes on.
type Teller interface {
	// Stage says what happens now.
	Stage(text string)
	// Load says how many of so many messages are recorded; total is 0 when it is not known.
	Load(recorded, total int)
}

// Run runs a scenario on a database: SQLite, or the address of a PostgreSQL server. Kannel has memory, or sqlite.
// It gives what was measured before it failed, too.
func (b *Bench) Run(ctx context.Context, s Scenario, database string) (list []figures.Result, err error) {
	dir, err := os.MkdirTemp(b.Dir, "ramier-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	one := func(r figures.Result, err error) ([]figures.Result, error) { return []figures.Result{r}, err }
	switch s.Kind {
	case Plain, Soak:
		list, err = one(b.plain(ctx, s, database, dir))
	case Old:
		list, err = b.old(ctx, s, database, dir)
	case HTTP2SMS:
		list, err = one(b.http2sms(ctx, s, database, dir))
	case SMPP:
		list, err = one(b.smpp(ctx, s, database, dir))
	case Callbacks:
		list, err = one(b.callbacks(ctx, s, database, dir))
	case Queue:
		list, err = one(b.queue(ctx, s, database, dir))
	case Batch:
		list, err = one(b.batch(ctx, s, database, dir))
	case Kannel:
		list, err = one(b.kannel(ctx, s, database, dir))
	default:
		err = fmt.Errorf("a scenario of kind %q cannot be run", s.Kind)
	}
	if err != nil {
		list = slices.DeleteFunc(list, func(r figures.Result) bool { return r.Seconds == 0 })
		return list, fmt.Errorf("%s on %s: %w", s.Name, hostOf(database), err)
	}
	return list, nil
}

// plain runs the load on a platform of its own.
func (b *Bench) plain(ctx context.Context, s Scenario, database, dir string) (figures.Result, error) {
	return b.furnished(ctx, s, database, dir, nil, func(o *operator, p *platform, door *load.OVH) (figures.Result, error) {
		return (&measurement{bench: b, scenario: s, door: door, operator: o, platform: p, first: firstMessage}).run(ctx)
	})
}

// furnished starts a simulator and a platform with settings of its own, connects them, makes a customer, and has all of it measured.
func (b *Bench) furnished(ctx context.Context, s Scenario, database, dir string, settings []string,
	measure func(*operator, *platform, *load.OVH) (figures.Result, error),
) (r figures.Result, err error) {
	b.Tell.Stage(s.Name + ": starting")
	o, err := b.simulate(ctx, dir, s.messages())
	if err != nil {
		return r, err
	}
	defer o.end(10 * time.Second)
	p, err := b.prepare(ctx, dir, database)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	p.settings = settings
	if err := p.start(ctx); err != nil {
		return r, err
	}
	if err := p.connect(ctx, o, 0); err != nil {
		return r, err
	}
	door, err := p.customer(ctx, "bench", s.messages()+1000, serviceName)
	if err != nil {
		return r, err
	}
	if r, err = measure(o, p, door); err != nil {
		return r, err
	}
	r.Platform, r.Database = "ramier", p.database.kind
	return r, nil
}

// serviceName is the customer's service.
const serviceName = "sms-bench-1"

// firstMessage is the number of the first message of a scenario. Old messages have lower ones.
const firstMessage = 10_000_000

// profileFile names a profile.
func (b *Bench) profileFile(s Scenario, database, kind string) string {
	return filepath.Join(b.Profile, s.Name+"-"+database+"-"+kind+".pprof")
}
