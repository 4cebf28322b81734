package app

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"ramier/internal/ovh"
)

// routes leads a request to its door by the beginning of its path. ServeMux would clean the path of a signed request.
func (a *App) routes(api, files http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case path == "/healthz":
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = w.Write([]byte("ok\n"))
		case path == "/readyz":
			a.ready(w, r)
		case path == "/metrics" && !a.opts.HideMetrics:
			a.Metrics.ServeHTTP(w, r)
		case strings.HasPrefix(path, "/1.0") || strings.HasPrefix(path, "/v1") || strings.HasPrefix(path, "//"):
			api.ServeHTTP(w, r)
		case strings.HasPrefix(path, ovh.FilesPrefix):
			files.ServeHTTP(w, r)
		default:
			http.Error(w, "There is nothing here. The API is at /1.0, its description at /1.0/openapi.json.", http.StatusNotFound)
		}
	})
}

// ready answers 200 when the database takes requests. A carrier that is down does not make the platform unready: messages
// wait for it.
func (a *App) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	answer := struct {
		Ready    bool              `json:"ready"`
		Database string            `json:"database"`
		Carriers map[string]string `json:"carriers"`
	}{Ready: true, Database: "ok", Carriers: map[string]string{}}
	all, err := a.Store.Carriers(ctx)
	if err = errors.Join(err, a.Store.Ping(ctx)); err != nil {
		answer.Ready, answer.Database = false, "does not answer"
		a.opts.Log.Error("not ready", "error", err)
	}
	for _, c := range all {
		status, _ := a.Dispatcher.Status(c.ID)
		answer.Carriers[c.Name] = status.State
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if !answer.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// NewServer makes an HTTP server with limits that slow and hostile clients run into.
func NewServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 2 * time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
}
