package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"ramier/internal/simulator"
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
	web := &http.Server{Handler: s.Control(), ReadHeaderTimeout: 10 * time.Second}
	if control != "" {
		l, err := listening.Listen(ctx, "tcp", control)
		if err != nil {
			return errors.Join(err, s.Close(context.WithoutCancel(ctx)))
		}
		fmt.Fprintf(p.out, "control API on http://%s\n", l.Addr())
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
