package app

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"ramier/internal/billing"
	"ramier/internal/legacy"
	"ramier/internal/ovh"
	"ramier/internal/web"
)

// pathways are what requests can be led to.
type pathways struct {
	api, files, http2sms, token http.Handler
	pages                       *web.Pages
}

// routes leads a request to its door by the beginning of its path. ServeMux would clean the path of a signed request.
func (a *App) routes(d pathways) http.Handler {
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
			d.api.ServeHTTP(w, r)
		case billing.Serves(path):
			a.billing.ServeHTTP(w, r)
		case path == legacy.Path || path == legacy.HelpPath:
			d.http2sms.ServeHTTP(w, r)
		case path == "/auth/oauth2/token":
			d.token.ServeHTTP(w, r)
		case d.pages.Has(path):
			d.pages.ServeHTTP(w, r)
		case strings.HasPrefix(path, ovh.FilesPrefix):
			d.files.ServeHTTP(w, r)
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
