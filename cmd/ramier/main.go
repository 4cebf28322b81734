// Command ramier is a self-hosted SMS platform with the API of OVHcloud.
package main

import (
	"context"
	"os"

	"ramier/internal/cli"
)

// Set by the build: -ldflags "-X main.version=… -X main.date=…".
var (
	version = "development"
	date    = ""
)

func main() {
	ctx, stop := interruptible(context.Background())
	code := cli.Build{Version: version, Date: date}.Run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
