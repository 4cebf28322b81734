package cli

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"ramier/internal/app"
	"ramier/internal/config"
)

func (p *program) serveCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "serve", Short: "Run the platform", Args: takes,
		Long: "Runs the platform until SIGINT or SIGTERM; then it takes no more requests, waits for what the carriers have in hand, and ends.\nA second signal ends it at once.",
	}
	path := p.configFlag(c)
	profiles := c.Flags().String("profiles", "", "offer Go's profiles on this loopback address")
	_ = c.Flags().MarkHidden("profiles") // it exists
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := checkProfiles(*profiles); err != nil {
			return err
		}
		settings, err := config.Load(*path, p.env)
		if _, ok := errors.AsType[config.Problems](err); ok {
			return fmt.Errorf("%s: %w", *path, err)
		}
		if err != nil {
			return err
		}
		log := newLog(p.errOut, settings.Log)
		profilesAt, stop, err := serveProfiles(c.Context(), *profiles, log)
		if err != nil {
			return err
		}
		defer stop()
		tuneGC()
		return app.Serve(c.Context(), settings, p.version, log, func(a app.Addresses) {
			log.Info("ready", "version", p.version, "http", a.HTTP, "tls", a.TLS, "metrics", a.Metrics, "email2sms", a.Email2SMS, "profiles", profilesAt, "public", settings.PublicURLs,
				"database", config.ShowDatabase(settings.Database), "node", settings.Node)
		})
	}
	return c
}

// configFlag adds --config, whose default is the first file of settings that there is.
func (p *program) configFlag(c *cobra.Command) *string {
	known := configFile
	if path := p.env("RAMIER_CONFIG"); path != "" {
		known = path
	} else if _, err := os.Stat(configFile); err != nil {
		if system := filepath.Join(systemFolder, configFile); exists(system) {
			known = system
		}
	}
	return c.Flags().String("config", known, "file of settings; also $RAMIER_CONFIG")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// newLog makes the log that the settings ask for.
func newLog(out io.Writer, l config.Log) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.Level)); err != nil {
		level = slog.LevelInfo // the settings are checked already
	}
	o := &slog.HandlerOptions{Level: level}
	if l.Format == "json" {
		return slog.New(slog.NewJSONHandler(out, o))
	}
	return slog.New(slog.NewTextHandler(out, o))
}
