// Package apptest proves from outside what the server promises: the real program in processes of its own, killed, starved
// and cut off, with a simulated operator that counts what arrives.
package apptest

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"ramier/internal/app"
	"ramier/internal/config"
)

// childSettings names the environment variable that makes the test's binary a server: its settings, as JSON.
const childSettings = "RAMIER_TEST_CHILD"

// Main runs the tests of a package, or the server if this process is the child of one.
func Main(m *testing.M) {
	if text := os.Getenv(childSettings); text != "" {
		os.Exit(serve(text))
	}
	os.Exit(m.Run())
}

// serve is the child: the real server. It tells on its standard output when it takes requests, and ends with its standard input,
// so that it never outlives the test.
func serve(text string) int {
	var c config.Config
	err := json.Unmarshal([]byte(text), &c)
	if err != nil {
		panic(err)
	}
	if err := spoil(c.DataDir); err != nil {
		panic(err)
	}
	go obey()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Log.Level)); err != nil {
		panic(err)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	if err := app.Serve(ctx, c, "test", log, func(a app.Addresses) { fmt.Println(a.HTTP) }); err != nil {
		fmt.Fprintln(os.Stderr, "the server ends:", err)
		return 1
	}
	return 0
}
