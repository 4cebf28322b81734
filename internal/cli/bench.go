package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ramier/bench"
	"ramier/bench/figures"
	"ramier/bench/load"
	"ramier/bench/proc"
)

// benchmark is a call of `ramier bench`.
type benchmark struct {
	*program
	bench.Bench
	databases, names          []string
	scenario                  bench.Scenario // of numbers given by flags
	first                     int
	jsonFile, plotFile        string
	endpoint, conf, control   string
	service, sender, priority string
	sandbox                   string
}

func (p *program) benchCommand() *cobra.Command {
	b := &benchmark{program: p}
	c := &cobra.Command{
		Use: "bench", Short: "Measure how fast messages go the whole way, and count that none is lost or doubled", Args: takes,
		Long: "Starts Ramier and a simulated operator, each in a process of its own, sends a load over signed HTTP, and waits until the receipt of\n" +
			"every message is recorded. With --endpoint or --sandbox the load goes to a platform that runs already.\n" +
			"The exit code is 1 when a message is lost or doubled or the books do not agree; speed never matters for it.",
	}
	f := c.Flags()
	f.StringArrayVar(&b.names, "scenario", nil, "name of what to measure, or all; again for more; otherwise "+strings.Join(bench.Quick, ", "))
	f.StringArrayVar(&b.databases, "database", []string{bench.SQLite}, "sqlite, or postgres://user:password@host/name for a database of its own on that server; again for more")
	f.StringVar(&b.Dir, "dir", "", "where to put files meanwhile; otherwise the system's temporary folder")
	f.IntVar(&b.scenario.Requests, "requests", 0, "how many requests, instead of the scenario's")
	f.DurationVar(&b.scenario.Duration, "duration", 0, "for how long to begin requests, instead")
	f.IntVar(&b.scenario.Receivers, "receivers", 0, "receivers of each request, instead of the scenario's")
	f.IntVar(&b.scenario.Connections, "connections", 0, "HTTP connections, instead of the scenario's")
	f.IntVar(&b.scenario.Services, "services", 0, "of the scenario old: how many services have old messages")
	f.IntVar(&b.scenario.Stored, "stored", 0, "of the scenario old: how many old messages there are")
	f.BoolVar(&b.NoAudit, "no-audit", false, "do not have Ramier add up everything in the end")
	f.Float64Var(&b.scenario.Rate, "rate", 0, "requests a second, instead of the scenario's or as many as possible")
	f.StringVar(&b.jsonFile, "json", "", "file for the results")
	f.StringVar(&b.plotFile, "plot", "", "file for a picture of them, SVG")
	f.StringVar(&b.Profile, "profile", "", "folder for profiles of Ramier: processor, heap, allocations")
	f.DurationVar(&b.ProfileTime, "profile-time", 5*time.Second, "how long the profile of the processor takes, from the beginning of the load")
	f.DurationVar(&b.Patience, "patience", 30*time.Second, "how long to wait for messages when nothing moves any more")
	f.StringArrayVar(&b.Mix, "mix", nil, "behaviour of the simulator, as of ramier simulate --mix")
	f.StringVar(&b.sandbox, "sandbox", "", "address of a running sandbox, like http://127.0.0.1:8080")
	f.StringVar(&b.endpoint, "endpoint", "", "address of the API of a running platform, like http://127.0.0.1:8080/1.0")
	f.StringVar(&b.conf, "conf", "", "file with a customer's keys to it; otherwise $OVH_CONF or ./ovh.conf")
	f.StringVar(&b.service, "service", "", "its SMS account")
	f.StringVar(&b.sender, "sender", "", "sender")
	f.StringVar(&b.priority, "priority", "", "priority of the messages: high, medium, low or veryLow")
	f.StringVar(&b.control, "simulator", "", "address of the control API of the simulator behind it, started with --arrivals, to count at")
	f.IntVar(&b.first, "first", 0, "number of the first message; texts are unique from there on; otherwise by the clock")
	_ = f.MarkHidden("mix") // it exists
	c.RunE = func(c *cobra.Command, _ []string) error { return b.run(c.Context()) }
	c.AddCommand(p.benchReportCommand())
	return c
}

// run measures, prints and writes what was measured.
func (b *benchmark) run(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	b.Program = bench.Program{Path: self}
	bar := newBar(b.errOut)
	b.Tell = bar
	r := figures.Report{Format: figures.Format, At: time.Now().UTC().Truncate(time.Second), Version: b.version, Commit: commit(b.version), Machine: proc.ThisMachine(orTemporary(b.Dir))}
	var failed error
	if b.endpoint != "" || b.sandbox != "" {
		var one figures.Result
		one, failed = b.external(ctx)
		r.Results = []figures.Result{one}
	} else {
		failed = b.all(ctx, &r)
	}
	bar.end()
	if len(r.Results) == 0 {
		return failed
	}
	return errors.Join(failed, b.show(r))
}

// all runs all scenarios on all databases, and keeps what was measured when one fails.
func (b *benchmark) all(ctx context.Context, r *figures.Report) error {
	if len(b.names) == 0 {
		b.names = bench.Quick
	}
	scenarios, err := bench.Find(b.names)
	if err != nil {
		return usage("%v", err)
	}
	for _, database := range b.databases {
		if err := bench.CheckDatabase(database); err != nil {
			return usage("%v", err)
		}
	}
	for _, s := range scenarios {
		s = s.With(b.scenario)
		for _, database := range s.Databases(b.databases) {
			s := s
			if s.Kind == bench.Soak && s.Rate == 0 {
				s.Rate = halfOf(r.Results, database)
			}
			list, err := b.Run(ctx, s, database)
			r.Results = append(r.Results, list...)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// halfOf is half of what was measured for single messages on a database; 1,000 a second where nothing was.
func halfOf(results []figures.Result, database string) float64 {
	for _, r := range results {
		if r.Scenario == "single" && (r.Database == bench.SQLite) == (database == bench.SQLite) {
			return math.Floor(r.PerSecond / 2)
		}
	}
	return 1000
}

// show prints and writes the results, and fails when anything is wrong but speed.
func (b *benchmark) show(r figures.Report) error {
	if err := r.Text(b.out); err != nil {
		return err
	}
	if b.jsonFile != "" {
		if err := r.Write(b.jsonFile); err != nil {
			return err
		}
	}
	if b.plotFile != "" {
		if err := os.WriteFile(b.plotFile, []byte(r.SVG()), 0o644); err != nil { //nolint:gosec // a picture
			return err
		}
	}
	wrong := false
	for _, one := range r.Results {
		for _, what := range one.Wrong() {
			if one.Platform == "kannel" {
				fmt.Fprintln(b.out, "kannel:", what)
				continue
			}
			fmt.Fprintln(b.out, "WRONG:", what)
			wrong = true
		}
		for i, finding := range one.Audit {
			if i == 10 {
				fmt.Fprintf(b.out, "  ... and %d more\n", len(one.Audit)-i)
				break
			}
			fmt.Fprintln(b.out, "  "+finding)
		}
	}
	if wrong {
		return errShown
	}
	fmt.Fprintln(b.out, "Nothing lost, nothing doubled.")
	return nil
}

// external sends the load to a platform that runs already.
func (b *benchmark) external(ctx context.Context) (figures.Result, error) {
	door, control, err := b.door(ctx)
	if err != nil {
		return figures.Result{}, err
	}
	s := bench.Scenario{Name: "load", Title: "the load on " + door.Endpoint, Kind: bench.Plain, Receivers: 1, Connections: bench.Connections}
	if len(b.names) > 1 {
		return figures.Result{}, usage("a platform that runs already takes one --scenario, single, bulk or latency, or flags that describe the load")
	}
	if len(b.names) == 1 {
		found, err := bench.Find(b.names)
		if err != nil {
			return figures.Result{}, usage("%v", err)
		}
		if s = found[0]; s.Kind != bench.Plain {
			return figures.Result{}, usage("--scenario %s needs a platform of its own: leave --endpoint and --sandbox out", s.Name)
		}
	}
	s = s.With(b.scenario)
	if s.Requests == 0 && s.Duration == 0 {
		s.Requests = 1000
	}
	if b.first == 0 {
		b.first = int(time.Now().UnixMilli() % 1_000_000_000_000)
	}
	return b.External(ctx, s, door, control, b.first)
}

// door finds the keys of a platform that runs already, and what counts behind it.
func (b *benchmark) door(ctx context.Context) (*load.OVH, string, error) {
	if b.sandbox != "" {
		return bench.Sandbox(ctx, b.sandbox)
	}
	path := b.conf
	if path == "" {
		path = b.env("OVH_CONF")
	}
	k, found, err := firstConf(b.endpoint, path, "ovh.conf")
	if err != nil {
		return nil, "", err
	}
	if !k.complete() {
		return nil, "", usage("there are no keys for %s in %q: name a customer's ovh.conf with --conf", b.endpoint, found)
	}
	if b.service == "" || b.sender == "" {
		return nil, "", usage("give --service and --sender: the SMS account of these keys and a sender of it")
	}
	o := &load.OVH{
		Endpoint: k.endpoint, ApplicationKey: k.application, ApplicationSecret: k.secret, ConsumerKey: k.consumer,
		Service: b.service, Sender: b.sender, Priority: b.priority,
	}
	err = o.Prepare()
	return o, strings.TrimRight(b.control, "/"), err
}

// commit is what the program was built from, as far as it knows.
func commit(version string) string {
	info, ok := debug.ReadBuildInfo()
	if ok {
		revision, changed := "", ""
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				revision = s.Value[:min(len(s.Value), 12)]
			case s.Key == "vcs.modified" && s.Value == "true":
				changed = ", changed"
			}
		}
		if revision != "" {
			return revision + changed
		}
	}
	return version
}

func orTemporary(dir string) string {
	if dir == "" {
		return os.TempDir()
	}
	return dir
}

func (p *program) benchReportCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "report RESULTS...", Short: "Show results of ramier bench --json again, or write them into a page", Args: takes,
		Long: "Prints the tables of one or more files of results as one. With --page it writes them between the marks of a page in Markdown,\nwith --plot as a picture.",
	}
	page := c.Flags().String("page", "", "page in Markdown to write the tables into, such as docs/performance.md")
	plot := c.Flags().String("plot", "", "file for a picture, SVG")
	c.RunE = func(_ *cobra.Command, files []string) error {
		r, err := figures.Read(files[0])
		for _, path := range files[1:] {
			more, other := figures.Read(path)
			err = errors.Join(err, other)
			r.Results = append(r.Results, more.Results...)
		}
		if err != nil {
			return err
		}
		if *plot != "" {
			if err := os.WriteFile(*plot, []byte(r.SVG()), 0o644); err != nil { //nolint:gosec // a picture
				return err
			}
		}
		if *page == "" {
			return r.Text(p.out)
		}
		text, err := os.ReadFile(*page)
		if err != nil {
			return err
		}
		written, err := r.Splice(string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", *page, err)
		}
		return os.WriteFile(*page, []byte(written), 0o644) //nolint:gosec // a page
	}
	return c
}
