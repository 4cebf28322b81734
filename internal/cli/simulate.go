package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"ramier/internal/simulator"
	"ramier/internal/simulator/viewer"
)

func (p *program) simulateCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "simulate", Short: "Start a simulated operator, for tests of whatever speaks SMPP", Args: takes,
		Long: "Starts an operator that is not there: an SMSC over SMPP 3.4 with magic numbers, and a control API to look at its\nhandsets, write replies and break it. It stays until it is interrupted.",
	}
	var o simulator.Options
	f := c.Flags()
	listen := f.String("listen", "127.0.0.1:2775", "address for SMPP")
	control := f.String("control", "127.0.0.1:2780", "address of the control API; empty = none")
	f.StringVar(&o.SystemID, "system-id", "", "who may bind; otherwise everybody")
	f.StringVar(&o.Password, "password", "", "password of who may bind")
	f.Uint64Var(&o.Seed, "seed", 0, "repeats a run; otherwise drawn")
	f.DurationVar(&o.Delay, "delay", 0, "how long an ordinary message takes to its handset; otherwise 50ms")
	f.IntVar(&o.Keep, "keep", 0, "messages kept to look at; otherwise 100000")
	f.IntVar(&o.Arrivals, "arrivals", 0, "of how many messages to note when they came, for GET /arrivals; 16 octets each")
	f.Var(shares{&o.Mix}, "mix", "a share of the ordinary numbers that behaves like a magic one, such as absent=0.01; again for more")
	quiet := f.Bool("quiet", false, "do not log")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if !*quiet {
			o.Log = slog.New(slog.NewTextHandler(p.errOut, nil))
		}
		if err := o.Check(); err != nil {
			return usage("%v", err)
		}
		return p.simulate(c.Context(), o, *listen, *control)
	}
	return c
}

func (p *program) simulate(ctx context.Context, o simulator.Options, listen, control string) error {
	var listening net.ListenConfig
	smsc, err := listening.Listen(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	defer smsc.Close()
	s := simulator.New(o)
	fmt.Fprintf(p.out, "SMSC on %s\n", smsc.Addr())
	ended := make(chan error, 2)
	var running sync.WaitGroup
	running.Go(func() { ended <- s.Serve(smsc) })
	web := &http.Server{Handler: http.NewCrossOriginProtection().Handler(viewer.Control(s)), ReadHeaderTimeout: 10 * time.Second}
	if control != "" {
		l, err := listening.Listen(ctx, "tcp", control)
		if err != nil {
			return errors.Join(err, s.Close(context.WithoutCancel(ctx)))
		}
		fmt.Fprintf(p.out, "control API on http://%s\nhandsets on http://%[1]s/phones\n", l.Addr())
		running.Go(func() { ended <- web.Serve(l) })
	}
	select {
	case <-ctx.Done():
		err = nil
	case err = <-ended:
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = errors.Join(err, web.Shutdown(stop), s.Close(stop))
	running.Wait()
	return err
}

// shares reads a map of names and shares from a flag that may be given several times.
type shares struct{ to *map[string]float64 }

// Set reads name=share.
func (s shares) Set(text string) error {
	name, value, _ := strings.Cut(text, "=")
	share, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return fmt.Errorf("%q is no share: give one like absent=0.01", text)
	}
	if *s.to == nil {
		*s.to = map[string]float64{}
	}
	(*s.to)[name] = share
	return nil
}

// String gives what was set.
func (s shares) String() string {
	if s.to == nil || len(*s.to) == 0 {
		return ""
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(*s.to)) {
		list = append(list, name+"="+strconv.FormatFloat((*s.to)[name], 'g', -1, 64))
	}
	return strings.Join(list, ",")
}

// Type is how the help calls the value.
func (s shares) Type() string { return "name=share" }
