package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// exitInterrupted is what shells expect of a program that SIGINT has ended.
const exitInterrupted = 130

// interruptible gives a context that ends with the first SIGINT or SIGTERM, for a graceful stop. The second ends the
// program at once.
func interruptible(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(exitInterrupted)
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel()
	}
}
