package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"time"
)

// checkProfiles refuses addresses that others can reach.
func checkProfiles(address string) error {
	if given, err := netip.ParseAddrPort(address); address != "" && (err != nil || !given.Addr().IsLoopback()) {
		return usage("--profiles %s: give a port of this machine's loopback address, like 127.0.0.1:6060", address)
	}
	return nil
}

// serveProfiles offers Go's profiles of this process on an address of this machine alone, until it is stopped. They tell whoever asks
// what the program does and holds, so no setting opens them: only a flag.
func serveProfiles(ctx context.Context, address string, log *slog.Logger) (at string, stop func(), err error) {
	if address == "" {
		return "", func() {}, nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return "", nil, fmt.Errorf("--profiles %s: %w", address, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error("profiles are not offered any more", "error", err)
		}
	}()
	return l.Addr().String(), func() {
		_ = server.Close()
		<-ended
	}, nil
}
